# Completion of fsrv-serve for bash.

_fsrv_serve()
{
	local word=$2 before=$3 words=

	COMPREPLY=()
	# The shell cuts --option=value at the equals sign.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $before in
	--body) words="auto zero-copy reader" ;;
	--mode) words="thread epoll pool" ;;
	--symlinks) words="follow beneath none" ;;
	--etag) words="local replica" ;;
	--log) words="text json" ;;
	--host) words="localhost 0.0.0.0 ::" ;;
	--address) words="127.0.0.1 0.0.0.0 ::1 ::" ;;
	--body-script | --cert | --head-script | --key | --mime-types | --pre-head-script)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--overlay)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	--allow-host | --cache-control | --cache-size | --default-type | --extensionless-type | \
		--follow | --follow-seconds | --header | --header-memory | --keep-alive-timeout | \
		--max-bodies | --max-connections | --max-files | --max-per-address | --max-ranges | \
		--not-found | --port | --prefix | --request-timeout | --strip | --tag-salt | --type | \
		--workers | -p)
		return
		;;
	esac
	if [[ $words ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	elif [[ $word == -* ]]; then
		compopt -o nosort
		mapfile -t COMPREPLY < <(compgen -W "
			--address= --allow-host= --body= --body-script= --cache-control= --cache-size= --cert=
			--clean-urls --coding-by-extension --cors --default-type= --etag= --extensionless-type=
			--follow= --follow-seconds= --head-script= --header= --header-memory= --help --host= --index
			--isolate --keep-alive-timeout= --key= --log= --max-bodies= --max-connections=
			--max-files= --max-per-address= --max-ranges= --mime-types= --mode= --not-found= --open
			--overlay= --port= --precompressed --prefix= --pre-head-script= --progress --quiet
			--request-timeout= --spa --stats --strip= --symlinks= --tag-salt= --type= --version
			--workers= -h -p -V
		" -- "$word")
		# An option that takes a value is not finished.
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
	fi
}

complete -F _fsrv_serve fsrv-serve
