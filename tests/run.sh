#!/bin/sh
# Builds the tests with sanitizers and runs all of them: sh tests/run.sh [OPTION]... [meson test argument]...
#
#   --browser         install Chromium too, for the browser tests; the variable CI does the same
#   --sanitize=LIST   for meson's b_sanitize (default: address,undefined). Also: thread for data races,
#                     and none, to be followed by --setup=valgrind
#   --libmicrohttpd=RELEASE  with libmicrohttpd of that Debian release, such as trixie, in place of the
#                     one that is installed. The exit status is 77 when it cannot be had.
#
# With the variable WERROR=true a warning is an error.
#
# The last line is "N passed, M failed, K skipped", where each subtest counts. The exit status is 0
# only when nothing failed. Each list of sanitizers and each libmicrohttpd has a build folder of its own:
# build-test for the default, build-test-thread for thread, build-test-none-trixie.
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
	want strace command -v strace
	want musl-tools command -v musl-gcc
	want locales test -e /usr/share/i18n/locales/tr_TR
	if [ "$browser" = yes ]; then
		want chromium command -v chromium
		want chromium-driver command -v chromedriver
	fi
}

# Has pkg-config and the loader find that libmicrohttpd.
use_libmicrohttpd()
{
	unpacked=$build/libmicrohttpd
	[ -d "$unpacked/usr" ] ||
		sh "$source/tests/support/newer_libmicrohttpd.sh" "$libmicrohttpd" "$unpacked" || {
		rm -rf "$unpacked"
		say "libmicrohttpd of $libmicrohttpd could not be fetched from Debian's archive;" \
			"nothing was tested with it"
		exit 77
	}
	for folder_of_pc in "$unpacked"/usr/lib/*/pkgconfig; do
		export PKG_CONFIG_PATH="$folder_of_pc" LD_LIBRARY_PATH="${folder_of_pc%/pkgconfig}"
	done
}

build_tests()
{
	[ -f "$build/build.ninja" ] ||
		quietly "$build/run.log" meson setup "$build" "$source" -Db_sanitize="$sanitize" \
			-Db_lundef=false -Ddefault_library=both -Dwerror="${WERROR:-false}"
	quietly "$build/run.log" meson compile -C "$build"
}

main()
{
	browser=${CI:+yes}
	sanitize=address,undefined
	libmicrohttpd=
	while [ $# -gt 0 ]; do
		case $1 in
		--browser) browser=yes ;;
		--sanitize=*) sanitize=${1#*=} ;;
		--libmicrohttpd=*) libmicrohttpd=${1#*=} ;;
		*) break ;;
		esac
		shift
	done
	source=$(cd -- "$folder/.." && pwd)
	build=$source/build-test
	[ "$sanitize" = address,undefined ] || build=$build-$sanitize
	[ -z "$libmicrohttpd" ] || build=$build-$libmicrohttpd

	want_test_tools
	install_missing
	mkdir -p "$build"
	[ -z "$libmicrohttpd" ] || use_libmicrohttpd
	build_tests
	status=0
	rm -f "$build"/meson-logs/testlog*.json
	meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
	python3 "$source/tests/support/summary.py" "$build/meson-logs" || status=1
	return $status
}

main "$@"
