#!/usr/bin/env bash
# Installs what this machine lacks, and says what and why. Works as root, through
# sudo, or with Homebrew on macOS. Usage: scripts/deps.sh demo|desktop|test|bench|window
set -euo pipefail
purpose=${1:-demo}

# command or file that shows it is there | Debian package | Homebrew formula | why
demo_needs='
initdb|postgresql|postgresql@16|the database, the system of record
redis-server|redis-server|redis|the queue between intake and worker
'
desktop_needs='
cc|gcc|-|the window of the mini-client is built with C libraries
pkg-config|pkg-config|pkg-config|finds those libraries
/usr/include/GL/gl.h|libgl1-mesa-dev|-|OpenGL headers for the window of the mini-client
/usr/include/X11/Xcursor/Xcursor.h|xorg-dev|-|X11 headers for the window of the mini-client
/usr/include/xkbcommon/xkbcommon.h|libxkbcommon-dev|-|keyboard headers for the window of the mini-client
'
test_needs='
chromium|chromium|-|the end-to-end tests walk the portal in a real browser
Xvfb|xvfb|-|a screen for the window of the mini-client in tests
xdotool|xdotool|-|finds and uses the window of the mini-client in tests
import|imagemagick|imagemagick|takes pictures of that window
pdfsig|poppler-utils|poppler|independent check of the seal on receipts
xmllint|libxml2-utils|libxml2|checks the protocol signatures against the schema of AgID
xmlsec1|xmlsec1|libxmlsec1|independent check of the seal on protocol signatures
openssl|openssl|openssl|independent check of signatures
python3|python3|python3|independent check of the test vectors
/sbin/mkfs.ext4|e2fsprogs|-|makes the small disks whose power the tests cut
ps|procps|-|process numbers in the tests that kill
/usr/sbin/chronyd|chrony|chrony|a real time server for the tests of the clock watch; takes the place of systemd-timesyncd
'
window_needs='
Xvfb|xvfb|-|a screen for the window of the mini-client
xdotool|xdotool|-|finds and uses that window
xprop|x11-utils|-|asks that window for its name
import|imagemagick|imagemagick|takes pictures of that window
dbus-daemon|dbus|-|the bus on which RealtimeKit is asked
/usr/libexec/rtkit-daemon|rtkit|-|gives the thread that sends precedence, as on every desktop
setcap|libcap2-bin|-|gives the installed program the right to precedence
'
bench_needs='
redis-server|redis-server|redis|the queue behind the intake, and what webdis writes into
webdis|webdis|-|a peer to measure against: HTTP straight into Redis
nginx|nginx|nginx|a peer to measure against: a static answer
wrk|wrk|wrk|a second opinion on the load generator
'

have() {
  case "$1" in
    /*) [ -e "$1" ] ;;
    initdb) command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql@*/bin/initdb \
              /usr/local/opt/postgresql@*/bin/initdb >/dev/null 2>&1 ;;
    setcap) command -v setcap >/dev/null 2>&1 || [ -x /sbin/setcap ] ;;
    nginx) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

case "$purpose" in
  demo) needs=$demo_needs ;;
  desktop) needs=$desktop_needs ;;
  test) needs=$demo_needs$desktop_needs$test_needs ;;
  bench) needs=$bench_needs ;;
  window) needs=$window_needs ;;
  *) echo "usage: scripts/deps.sh demo|desktop|test|bench|window" >&2; exit 2 ;;
esac

if ! command -v go >/dev/null 2>&1; then
  echo "Go is missing. Install Go $(sed -n 's/^go //p' go.mod) or newer: https://go.dev/doc/install" >&2
  exit 1
fi

debian=() brew=()
while IFS='|' read -r probe deb formula why; do
  [ -n "$probe" ] || continue
  have "$probe" && continue
  if [ "$(uname -s)" = Darwin ]; then
    [ "$formula" = - ] && continue
    brew+=("$formula")
    echo "To install: $formula ($why)"
  else
    debian+=("$deb")
    echo "To install: $deb ($why)"
  fi
done <<<"$needs"

if [ "${#brew[@]}" -gt 0 ]; then
  command -v brew >/dev/null 2>&1 || { echo "Homebrew is missing: see https://brew.sh, or install by hand what is listed above." >&2; exit 1; }
  brew install "${brew[@]}"
fi
if [ "${#debian[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null 2>&1 || { echo "This is not Debian or Ubuntu: install by hand what is listed above." >&2; exit 1; }
  sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "Neither root nor sudo: ask an administrator for: apt-get install ${debian[*]}" >&2; exit 1; }
    echo "sudo may ask for your password, to run apt-get."
    sudo=(sudo)
  fi
  # postgresql makes and starts a cluster of its own when it is installed; ours are private.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${debian[@]}"
fi
