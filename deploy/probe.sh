#!/bin/sh
# Reports what kind of machine the box is, as lines KEY=VALUE. deploy.sh sends this to the shell of the login user.
# It changes nothing.
report() { printf '%s=%s\n' "$1" "$2"; }
root=/opt/moodbox
report machine "$(uname -m)"
report bits "$(getconf LONG_BIT)"
report packages "$(dpkg --print-architecture 2>/dev/null)"
# shellcheck source=/dev/null
report system "$(. /etc/os-release && echo "$PRETTY_NAME")"
report python "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
report glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/.* 2\.//')"
report systemd "$(systemctl --version 2>/dev/null | sed -n '1s/systemd \([0-9]*\).*/\1/p')"
folder=/opt
[ -d /opt ] || folder=/
report free "$(df -Pm $folder | sed 1d | awk '{ print $4 }')"
if [ "$(id -u)" = 0 ]; then
    report root yes
elif sudo -n true 2>/dev/null; then
    report root sudo
else
    report root no
fi
missing=''
for package in python3-venv python3-systemd mpd mpc polkitd $([ ! -e /etc/rpi-issue ] || echo python3-lgpio python3-picamera2); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
report missing "${missing# }"
report current "$(basename "$(readlink $root/current 2>/dev/null)" 2>/dev/null)"
report proven "$(cd $root/releases 2>/dev/null && for mark in */.proven; do [ ! -e "$mark" ] || printf '%s ' "${mark%/*}"; done)"
report environments "$(cd $root/environments 2>/dev/null && for mark in */.complete; do [ ! -e "$mark" ] || printf '%s ' "${mark%/*}"; done)"
report signers "$([ ! -s /etc/moodbox/release_signers ] || ! grep -q '^[[:space:]]*[^#[:space:]]' /etc/moodbox/release_signers || echo yes)"
report active "$(systemctl is-active moodbox 2>/dev/null)"
