# shellcheck shell=sh
# Sourced by quickstart.sh and tests/run.sh: installs Debian packages, but only those that are missing.
# Everything that it says goes to standard error.

program=${program:?is set by the script that sources this one, for messages}
packages=

say()
{
	echo "$program: $*" >&2
}

die()
{
	say "$*"
	exit 2
}

# want PACKAGES COMMAND...: notes the packages unless the command succeeds.
want()
{
	wanted=$1
	shift
	"$@" >/dev/null 2>&1 || packages="$packages $wanted"
}

has_header()
{
	echo "#include <$1>" | cc -E -
}

want_build_tools()
{
	want meson command -v meson
	want ninja-build command -v ninja
	want gcc command -v cc
	want libc6-dev has_header stdlib.h
	want pkg-config command -v pkg-config
	want libmicrohttpd-dev pkg-config --exists 'libmicrohttpd >= 0.9.75'
}

apt()
{
	if [ "$(id -u)" -eq 0 ]; then
		DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
	fi
}

# The lists of packages are fetched only when they turn out to be absent or too old.
install_missing()
{
	[ -n "$packages" ] || return 0
	command -v apt-get >/dev/null || die "install these packages first (Debian's names):$packages"
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		die "needs root or sudo to install:$packages"
	say "installing$packages"
	# The names are words of one variable on purpose.
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends $packages >/dev/null 2>&1 && return 0
	apt update >&2 || die "apt-get update failed; install by hand:$packages"
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends $packages >/dev/null ||
		die "apt-get could not install:$packages"
	packages=
}

# quietly LOG COMMAND...: shows what a command said only when it failed.
quietly()
{
	log=$1
	shift
	"$@" >"$log" 2>&1 && return 0
	cat "$log" >&2
	die "failed: $*"
}
