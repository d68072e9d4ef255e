#!/bin/sh
# Unpacks packages of another Debian release or architecture into a folder, those of another architecture with
# all that they depend on: debian_packages.sh RELEASE ARCHITECTURE FOLDER PACKAGE...
#
# Nothing is installed, and root is not needed. apt checks the signatures. The files of pkg-config name the
# folder where they would name the root.
set -eu

release=$1
architecture=$2
mkdir -p "$3/apt/lists/partial" "$3/apt/archives/partial"
folder=$(cd -- "$3" && pwd)
shift 3
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

own_apt()
{
	apt-get -qq -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt" \
		-o Dir::State::status="$folder/apt/status" \
		-o Dir::Etc::SourceList="$folder/apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o APT::Sandbox::User="$(id -un)" -o APT::Architecture="$architecture" \
		-o APT::Architectures="$architecture" "$@"
}

echo "deb [signed-by=$keyring] http://deb.debian.org/debian $release main" >"$folder/apt/sources.list"
: >"$folder/apt/status"
own_apt update
if [ "$architecture" = "$(dpkg --print-architecture)" ]; then
	(cd "$folder/apt/archives" && own_apt download "$@")
else
	own_apt --yes --no-install-recommends --download-only install "$@"
fi
for package in "$folder"/apt/archives/*.deb; do
	dpkg-deb -x "$package" "$folder"
done
rm -rf "$folder/apt"
