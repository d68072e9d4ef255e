#!/bin/sh
# Unpacks libmicrohttpd of a Debian release into a folder, for builds with it on an older release:
# newer_libmicrohttpd.sh RELEASE FOLDER. Nothing is installed, and root is not needed. apt checks the
# signatures. pkg-config finds the result in FOLDER/usr/lib/ARCHITECTURE/pkgconfig.
set -eu

release=$1
mkdir -p "$2/apt/lists/partial" "$2/apt/archives/partial"
folder=$(cd -- "$2" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
architecture=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || cc -print-multiarch)

own_apt()
{
	apt-get -qq -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt" \
		-o Dir::State::status=/dev/null -o Dir::Etc::SourceList="$folder/apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

echo "deb [signed-by=$keyring] http://deb.debian.org/debian $release main" >"$folder/apt/sources.list"
own_apt update
library=$(own_apt --print-uris download libmicrohttpd12t64 >/dev/null 2>&1 && echo libmicrohttpd12t64 ||
	echo libmicrohttpd12)
(cd "$folder/apt" && own_apt download "$library" libmicrohttpd-dev)
for package in "$folder"/apt/*.deb; do
	dpkg-deb -x "$package" "$folder"
done

# Its place, and not what only a static program needs.
sed -i -e "s|^prefix=.*|prefix=$folder/usr|" -e '/^Requires.private:/d' \
	"$folder/usr/lib/$architecture/pkgconfig/libmicrohttpd.pc"
rm -rf "$folder/apt"
