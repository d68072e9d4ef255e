# Completion of fsrv-serve for bash.

_fsrv_serve()
{
	local word=$2 before=$3

	COMPREPLY=()
	# The shell cuts --option=value at the equals sign.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $before in
	--body)
		mapfile -t COMPREPLY < <(compgen -W "auto zero-copy reader" -- "$word")
		return
		;;
	--mode)
		mapfile -t COMPREPLY < <(compgen -W "thread epoll pool" -- "$word")
		return
		;;
	--symlinks)
		mapfile -t COMPREPLY < <(compgen -W "follow beneath none" -- "$word")
		return
		;;
	--log)
		mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word")
		return
		;;
	--host)
		mapfile -t COMPREPLY < <(compgen -W "localhost 0.0.0.0 ::" -- "$word")
		return
		;;
	--address)
		mapfile -t COMPREPLY < <(compgen -W "127.0.0.1 0.0.0.0 ::1 ::" -- "$word")
		return
		;;
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
	if [[ $word == -* ]]; then
		compopt -o nosort
		mapfile -t COMPREPLY < <(compgen -W "
			--address= --allow-host= --body= --body-script= --cache-control= --cache-size= --cert=
			--clean-urls --coding-by-extension --cors --default-type= --extensionless-type= --follow=
			--follow-seconds= --head-script= --header= --header-memory= --help --host= --index
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
