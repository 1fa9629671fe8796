#!/usr/bin/env bash
# Installs the package on this machine, starts it as an ordinary user on a screen of
# its own, looks at what it may do, removes it again, and looks for what it has left.
# Needs root. Usage: installer/linux/check.sh FILE.deb [PICTURE.png]
set -euo pipefail
deb=${1:?package missing}
picture=${2:-}
name=puntuale-miniclient
work=$(mktemp -d)
chmod 711 "$work"
install -d -o nobody -m 700 "$work/home"
pids=()
installed=
finish() {
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || :; done
  [ -z "$installed" ] || dpkg -P $name >/dev/null
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "check: $*" >&2; exit 1; }
within() { # within SECONDS COMMAND…: tries until it succeeds
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done
}

dpkg-deb --contents "$deb" | awk '$6 ~ /^\.\/usr\// && $1 !~ /^d/ {print substr($6, 2)}' >"$work/files"
while read -r f; do [ ! -e "$f" ] || fail "$f is there already"; done <"$work/files"
installed=1
dpkg -i "$deb" >"$work/dpkg" || { cat "$work/dpkg"; fail "dpkg -i"; }
getcap /usr/bin/$name | grep -q cap_sys_nice || fail "the capability is missing"
! command -v desktop-file-validate >/dev/null || desktop-file-validate /usr/share/applications/it.puntuale.miniclient.desktop
! command -v appstreamcli >/dev/null || appstreamcli validate --no-net /usr/share/metainfo/it.puntuale.miniclient.metainfo.xml
for l in C it; do LC_ALL=C man -L $l -P cat $name 2>/dev/null | grep -q rehearse || fail "man page: $l"; done
runuser -u nobody -- env HOME="$work/home" $name --help >"$work/help" || fail "--help"
grep -q rehearse "$work/help" || fail "--help is empty"

mkfifo "$work/screen"
Xvfb -noreset -displayfd 3 -screen 0 1280x800x24 3<>"$work/screen" 2>/dev/null &
pids+=($!)
read -rt 30 display <"$work/screen" || fail "no screen"
# setpriv, unlike runuser, becomes the program: its number is that of the window's process
env -i PATH="$PATH" HOME="$work/home" DISPLAY=":$display" LANG=it_IT.UTF-8 setpriv --reuid nobody --clear-groups $name 2>"$work/said" &
pids+=($!); program=$!
DISPLAY=":$display" within 30 xdotool search --onlyvisible --name Puntuale || { cat "$work/said"; fail "no window"; }
grep -qi '^CapEff:.*800000$' /proc/$program/status || fail "it runs without its capability"
class=$(DISPLAY=":$display" xprop -id "$(DISPLAY=":$display" xdotool search --onlyvisible --name Puntuale | head -1)" WM_CLASS)
wanted=$(sed -n 's/^StartupWMClass=//p' /usr/share/applications/it.puntuale.miniclient.desktop)
[[ $class == *"\"$wanted\""* ]] || fail "the menu entry belongs to $wanted, the window is $class"
if [ -n "$picture" ]; then
  within 5 false || :
  DISPLAY=":$display" import -window root "$picture"
fi
kill -TERM "$program"
wait "$program" || :

dpkg -P $name >"$work/dpkg" || { cat "$work/dpkg"; fail "dpkg -P"; }
installed=
while read -r f; do [ ! -e "$f" ] || fail "left behind: $f"; done <"$work/files"
echo "installed, started as an ordinary user with its capability, removed; nothing left behind"
