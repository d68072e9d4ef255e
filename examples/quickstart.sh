#!/bin/sh
# From a fresh clone to a running server: sh examples/quickstart.sh [OPTION of fsrv-serve]...
#
# Installs what is missing (Debian, Ubuntu), builds into build/ and serves examples/demo with the script
# examples/runtime.js in every page. The first line on standard output is the address. Ctrl-C ends it.
# Without an option the program is demo_server, which also tells the page what it does; else fsrv-serve.
# To serve something of your own as well: sh examples/quickstart.sh --overlay FOLDER
set -eu

program=quickstart
folder=$(dirname -- "$0")
# shellcheck source=examples/packages.sh
. "$folder/packages.sh"

main()
{
	source=$(cd -- "$folder/.." && pwd)
	build=$source/build
	site=$source/examples/demo

	want_build_tools
	install_missing
	mkdir -p "$build"
	[ -f "$build/build.ninja" ] ||
		quietly "$build/quickstart.log" \
			meson setup --buildtype=release -Dtests=false "$build" "$source"
	quietly "$build/quickstart.log" meson compile -C "$build"
	if [ ! -d "$site" ]; then
		site=$source/examples
		say "examples/demo is missing, so this serves the folder examples;" \
			"try quickstart.sh below the address"
	fi
	[ $# -gt 0 ] || [ ! -d "$source/examples/demo" ] ||
		exec "$build/examples/demo_server" "$site" "$source/examples/runtime.js"
	exec "$build/examples/fsrv-serve" --pre-head-script "$source/examples/runtime.js" "$@" "$site"
}

main "$@"
