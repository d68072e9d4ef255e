#!/bin/sh
# Builds the Debian packages from a tarball: sh docs/packaging/build-deb.sh TARBALL FOLDER [OPTION]...
#
# TARBALL is what meson dist makes (fsrv-VERSION.tar.xz); FOLDER receives the source package and the packages.
# Options are those of dpkg-buildpackage(1), such as -b or --build=source. With the variable
# DEB_BUILD_OPTIONS=nocheck no test runs.
set -eu

die()
{
	echo "build-deb.sh: $*" >&2
	exit 2
}

[ $# -ge 2 ] || die "usage: sh docs/packaging/build-deb.sh TARBALL FOLDER [OPTION of dpkg-buildpackage]..."
tarball=$1
folder=$2
shift 2
command -v dpkg-buildpackage >/dev/null || die "dpkg-buildpackage is missing: install dpkg-dev"
[ -f "$tarball" ] || die "there is no file $tarball; meson dist makes it"
name=$(basename -- "$tarball" .tar.xz)
version=${name#fsrv-}
[ "fsrv-$version.tar.xz" = "$(basename -- "$tarball")" ] || die "$tarball is not called fsrv-VERSION.tar.xz"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$tarball" "$work/fsrv_$version.orig.tar.xz"
tar -C "$work" -xf "$tarball"
[ -d "$work/$name/docs/packaging/debian" ] || die "$tarball has no $name/docs/packaging/debian"
cp -r "$work/$name/docs/packaging/debian" "$work/$name/debian"
(cd "$work/$name" && dpkg-buildpackage -us -uc "$@")
mkdir -p "$folder"
find "$work" -maxdepth 1 -type f -exec cp {} "$folder" \;
