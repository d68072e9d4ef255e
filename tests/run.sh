#!/bin/sh
# Builds the tests with sanitizers and runs all of them: sh tests/run.sh [OPTION]... [meson test argument]...
#
#   --browser         install Chromium too, for the browser tests; the variable CI does the same
#   --sanitize=LIST   for meson's b_sanitize (default: address,undefined). Also: thread for data races,
#                     and none, to be followed by --setup=valgrind
#   --libmicrohttpd=RELEASE  with libmicrohttpd of that Debian release, such as trixie, in place of the
#                     one that is installed. The exit status is 77 when it cannot be had.
#   --system=portable  with the implementation of lib/fs/system.h for other systems than Linux
#   --architecture=NAME  for i386, and for arm64, armhf and s390x by qemu: --suite pure --suite fuzz. Without
#                     sanitizers. The exit status is 77 when its packages cannot be had.
#
# With the variable WERROR=true a warning is an error.
#
# The last line is "N passed, M failed, K skipped", where each subtest counts. The exit status is 0
# only when nothing failed. Each list of sanitizers and each libmicrohttpd has a build folder of its own:
# build-test for the default, build-test-thread for thread, build-test-none-trixie, build-test-none-i386,
# build-test-portable.
set -eu

program=run.sh
folder=$(dirname -- "$0")
# shellcheck source=examples/packages.sh
. "$folder/../examples/packages.sh"

want_test_tools()
{
	want_build_tools
	want g++ command -v c++
	want check pkg-config --exists check
	want libgumbo-dev pkg-config --exists gumbo
	want libfuse3-dev pkg-config --exists fuse3
	want fuse3 command -v fusermount3
	want pmccabe command -v pmccabe
	want libqrencode-dev pkg-config --exists libqrencode
	want zsh command -v zsh
	want fish command -v fish
	want mandoc command -v mandoc
	want openssl command -v openssl
	want zbar-tools command -v zbarimg
	want strace command -v strace
	want musl-tools command -v musl-gcc
	want cmake command -v cmake
	# libmicrohttpd.pc names libunistring for --static, and libmicrohttpd-dev does not bring it.
	want libunistring-dev has_header unistr.h
	want nginx-light command -v nginx
	want libuv1-dev pkg-config --exists libuv
	want libglib2.0-dev pkg-config --exists glib-2.0
	want python3-pycparser /usr/bin/python3 -c 'import pycparser'
	want build-essential test -e /usr/share/build-essential/list
	want debhelper command -v dh
	want lintian command -v lintian
	want locales test -e /usr/share/i18n/locales/tr_TR
	if [ "$browser" = yes ]; then
		want chromium command -v chromium
		want chromium-driver command -v chromedriver
	fi
}

want_cross_tools()
{
	# shellcheck disable=SC2046
	set -- $(describe_architecture)
	want "gcc-$1" command -v "$1-gcc"
	[ "$architecture" = i386 ] || want qemu-user command -v "qemu-$2"
}

# unpack RELEASE ARCHITECTURE PACKAGE...: into the build folder.
unpack()
{
	unpacked=$build/packages
	[ -d "$unpacked/usr" ] && return 0
	release=$1
	for_architecture=$2
	shift 2
	sh "$source/tests/support/debian_packages.sh" "$release" "$for_architecture" "$unpacked" "$@" &&
		return 0
	rm -rf "$unpacked"
	say "the packages of $release for $for_architecture could not be fetched from Debian's archive;" \
		"nothing was tested with them"
	exit 77
}

# Has pkg-config and the loader find that libmicrohttpd.
use_libmicrohttpd()
{
	unpack "$libmicrohttpd" "$(dpkg --print-architecture)" libmicrohttpd12t64 libmicrohttpd-dev
	for file in "$unpacked"/usr/lib/*/pkgconfig/libmicrohttpd.pc; do
		sed -i -e "s|^prefix=.*|prefix=$unpacked/usr|" -e '/^Requires.private:/d' "$file"
		PKG_CONFIG_PATH=$(dirname "$file")
		LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
		export PKG_CONFIG_PATH LD_LIBRARY_PATH
	done
}

# The GNU name of an architecture of Debian, meson's name of its processor, and the order of its bytes.
describe_architecture()
{
	case $architecture in
	i386) echo i686-linux-gnu x86 little ;;
	arm64) echo aarch64-linux-gnu aarch64 little ;;
	armhf) echo arm-linux-gnueabihf arm little ;;
	s390x) echo s390x-linux-gnu s390x big ;;
	*) die "--architecture=$architecture is not known; there are i386, arm64, armhf and s390x" ;;
	esac
}

# Where the processor cannot run the programs, qemu does.
write_cross_file()
{
	case $architecture in
	i386)
		wrapper=
		link="'-Wl,--dynamic-linker=$unpacked/lib/ld-linux.so.2', '-Wl,--disable-new-dtags',"
		link="$link '-Wl,-rpath,$unpacked/lib/i386-linux-gnu',"
		link="$link '-Wl,-rpath,$unpacked/usr/lib/i386-linux-gnu',"
		;;
	*)
		wrapper="exe_wrapper = ['qemu-${2}', '-L', '$unpacked']"
		link=
		;;
	esac
	cat >"$build/cross.ini" <<-END
		[binaries]
		c = '$1-gcc'
		ar = '$1-ar'
		nm = '$1-nm'
		strip = '$1-strip'
		pkgconfig = 'pkg-config'
		$wrapper
		[built-in options]
		c_args = ['--sysroot=$unpacked']
		c_link_args = [$link '--sysroot=$unpacked']
		[properties]
		sys_root = '$unpacked'
		pkg_config_libdir = '$(echo "$unpacked"/usr/lib/*/pkgconfig)'
		needs_exe_wrapper = $([ -n "$wrapper" ] && echo true || echo false)
		[host_machine]
		system = 'linux'
		cpu_family = '$2'
		cpu = '$2'
		endian = '$3'
	END
}

use_architecture()
{
	# The words of one variable on purpose, here and below.
	# shellcheck disable=SC2046
	set -- $(describe_architecture)
	. /etc/os-release
	unpack "${VERSION_CODENAME:-bookworm}" "$architecture" \
		libc6-dev libmicrohttpd-dev check libgumbo-dev libfuse3-dev
	write_cross_file "$@"
}

build_tests()
{
	[ -f "$build/build.ninja" ] ||
		quietly "$build/run.log" meson setup "$build" "$source" -Db_sanitize="$sanitize" \
			-Db_lundef=false -Ddefault_library=both -Dwerror="${WERROR:-false}" \
			${system:+-Dsystem="$system"} ${architecture:+--cross-file "$build/cross.ini"}
	quietly "$build/run.log" meson compile -C "$build"
}

main()
{
	browser=${CI:+yes}
	sanitize=address,undefined
	libmicrohttpd=
	system=
	architecture=
	while [ $# -gt 0 ]; do
		case $1 in
		--browser) browser=yes ;;
		--sanitize=*) sanitize=${1#*=} ;;
		--libmicrohttpd=*) libmicrohttpd=${1#*=} ;;
		--system=*) system=${1#*=} ;;
		--architecture=*) architecture=${1#*=} sanitize=none ;;
		*) break ;;
		esac
		shift
	done
	source=$(cd -- "$folder/.." && pwd)
	build=$source/build-test
	[ "$sanitize" = address,undefined ] || build=$build-$sanitize
	build=$build${libmicrohttpd:+-$libmicrohttpd}${system:+-$system}${architecture:+-$architecture}

	case $system in
	"" | linux | portable) ;;
	*) die "--system=$system is not known; there are linux and portable" ;;
	esac
	want_test_tools
	[ -z "$architecture" ] || want_cross_tools
	install_missing
	mkdir -p "$build"
	[ -z "$libmicrohttpd" ] || use_libmicrohttpd
	[ -z "$architecture" ] || use_architecture
	build_tests
	status=0
	rm -f "$build"/meson-logs/testlog*.json
	meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
	python3 "$source/tests/support/summary.py" "$build/meson-logs" || status=1
	return $status
}

main "$@"
