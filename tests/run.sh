#!/bin/sh
# Builds the tests with sanitizers and runs all of them: sh tests/run.sh [OPTION]... [meson test argument]...
#
#   --browser         install Chromium too, for the browser tests; the variable CI does the same
#   --sanitize=LIST   for meson's b_sanitize (default: address,undefined). Also: thread for data races,
#                     and none, to be followed by --setup=valgrind
#
# With the variable WERROR=true a warning is an error.
#
# The last line is "N passed, M failed, K skipped", where each subtest counts. The exit status is 0
# only when nothing failed. Each list of sanitizers has a build folder of its own, build-test for the
# default and build-test-thread for thread.
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

build_tests()
{
	mkdir -p "$build"
	[ -f "$build/build.ninja" ] ||
		quietly "$build/run.log" meson setup "$build" "$source" -Db_sanitize="$sanitize" \
			-Db_lundef=false -Ddefault_library=both -Dwerror="${WERROR:-false}"
	quietly "$build/run.log" meson compile -C "$build"
}

main()
{
	browser=${CI:+yes}
	sanitize=address,undefined
	while [ $# -gt 0 ]; do
		case $1 in
		--browser) browser=yes ;;
		--sanitize=*) sanitize=${1#*=} ;;
		*) break ;;
		esac
		shift
	done
	source=$(cd -- "$folder/.." && pwd)
	build=$source/build-test
	[ "$sanitize" = address,undefined ] || build=$build-$sanitize

	want_test_tools
	install_missing
	build_tests
	status=0
	rm -f "$build"/meson-logs/testlog*.json
	meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
	python3 "$source/tests/support/summary.py" "$build/meson-logs" || status=1
	return $status
}

main "$@"
