#!/usr/bin/env bash
# Builds the Debian package of the mini-client: bin/puntuale-miniclient_VERSION_ARCH.deb.
# Usage: installer/linux/build.sh VERSION [KEY]. KEY is the public release key, base64
# (docs/portal.md, "Releases"). SOURCE_DATE_EPOCH makes the times of the files repeatable.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:?version missing, for example 1.0.0}
key=${2:-}
[[ $version =~ ^[0-9][0-9A-Za-z.+~]*$ ]] || { echo "not a version of a Debian package: $version" >&2; exit 2; }
name=puntuale-miniclient
id=it.puntuale.miniclient
arch=$(dpkg --print-architecture)
date=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

flags="-s -w -X puntuale/internal/client.Version=$version"
[ -z "$key" ] || flags="$flags -X puntuale/internal/client.PublisherKey=$key"
install -d "$root/usr/bin" "$root/DEBIAN"
go build -trimpath -tags no_emoji -ldflags "$flags" -o "$root/usr/bin/$name" ./cmd/miniclient

file() { install -Dm644 "$1" "$root/$2"; }
page() { install -d "$root/$2"; gzip -9nc "$1" >"$root/$2/$name.1.gz"; chmod 644 "$root/$2/$name.1.gz"; }
file installer/linux/$id.desktop usr/share/applications/$id.desktop
file internal/desktop/icon.svg usr/share/icons/hicolor/scalable/apps/$id.svg
page installer/linux/$name.1 usr/share/man/man1
page installer/linux/$name.it.1 usr/share/man/it/man1
file installer/linux/copyright usr/share/doc/$name/copyright
file docs/miniclient.md usr/share/doc/$name/miniclient.md
sed -e "s/@VERSION@/$version/" -e "s/@DATE@/$(date -u -d "@$date" +%F)/" installer/linux/$id.metainfo.xml >"$root/$id.xml"
file "$root/$id.xml" usr/share/metainfo/$id.metainfo.xml
rm "$root/$id.xml"
install -m755 installer/linux/postinst "$root/DEBIAN/postinst"

cat >"$root/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $arch
Maintainer: The authors of Puntuale <puntuale@example.org>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Section: net
Priority: optional
Depends: libc6 (>= 2.34), libgl1, libx11-6, libxcursor1, libxi6, libxinerama1, libxrandr2, libxxf86vm1, libcap2-bin
Recommends: ca-certificates, libgl1-mesa-dri, rtkit, xdg-utils, gnome-keyring | libpam-kwallet5
Description: sends prepared applications at the exact opening of a click day
 Fetches the sealed applications of an account, sends them at the opening on the
 clock of the intake, and keeps signed proofs, numbers and receipts. With a window
 in Italian and English, and with subcommands for a server.
CONTROL
find "$root" -exec touch -hd "@$date" {} +
(cd "$root" && find usr -type f -exec md5sum {} +) | sort -k2 >"$root/DEBIAN/md5sums"
touch -d "@$date" "$root/DEBIAN/md5sums"
mkdir -p bin
SOURCE_DATE_EPOCH=$date dpkg-deb --build --root-owner-group -Zxz "$root" "bin/${name}_${version}_$arch.deb" >/dev/null
echo "bin/${name}_${version}_$arch.deb"
