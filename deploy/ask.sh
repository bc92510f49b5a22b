#!/bin/sh
# What the box is: deploy.sh sends this to its shell, as the user that logs in, and reads the lines. Changes nothing.
say() { printf '%s=%s\n' "$1" "$2"; }
root=/opt/moodbox
say machine "$(uname -m)"
say bits "$(getconf LONG_BIT)"
say packages "$(dpkg --print-architecture 2>/dev/null)"
# shellcheck source=/dev/null
say system "$(. /etc/os-release && echo "$PRETTY_NAME")"
say python "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/.* 2\.//')"
say systemd "$(systemctl --version 2>/dev/null | sed -n '1s/systemd \([0-9]*\).*/\1/p')"
folder=/opt
[ -d /opt ] || folder=/
say free "$(df -Pm $folder | sed 1d | awk '{ print $4 }')"
if [ "$(id -u)" = 0 ]; then
    say root yes
elif sudo -n true 2>/dev/null; then
    say root sudo
else
    say root no
fi
missing=''
for package in python3-venv python3-systemd mpd polkitd $([ "$(uname -m)" != aarch64 ] || echo python3-lgpio python3-picamera2); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
say missing "${missing# }"
say current "$(basename "$(readlink $root/current 2>/dev/null)" 2>/dev/null)"
say proven "$(cd $root/releases 2>/dev/null && for mark in */.proven; do [ ! -e "$mark" ] || printf '%s ' "${mark%/*}"; done)"
say active "$(systemctl is-active moodbox 2>/dev/null)"
