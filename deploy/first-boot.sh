#!/bin/sh
# deploy/card.sh puts this on the boot partition. At the Pi's first start cloud-init (Trixie) or firstrun.sh (Bookworm)
# runs it as root. It unpacks what installs the release that lies beside it; systemd runs that, at each start of the Pi
# until it is done, and this script before it.
#     first-boot.sh          prepare it for the next start
#     first-boot.sh start    begin at once
set -eu
card=$(cd "$(dirname "$0")" && pwd)
folder=/opt/moodbox/card

failed() {
    echo "The files of moodbox on this card are damaged: run deploy/card.sh again." | tee "$card/../moodbox-log.txt"
    echo timer >/sys/class/leds/ACT/trigger # the Pi's own light blinks
} 2>/dev/null

mkdir -p /opt/moodbox
rm -rf "$folder"
mkdir "$folder"
# Of the packages only those that are needed for the lights.
tar -x -f "$card/release.tar" -C "$folder" --no-same-owner --wildcards 'deploy/box/*' 'systemd/*' 'device/*' \
    'wheels/gpiozero-*' 'wheels/colorzero-*' 'wheels/msgspec-*' || { failed || true; exit 1; }
cp "$folder/systemd/moodbox-first-boot.service" "$folder/systemd/moodbox-card.service" /etc/systemd/system/
systemctl enable --quiet --no-reload moodbox-first-boot.service moodbox-card.service
sync # from here on the next start of the Pi begins it, too
[ "${1:-}" = start ] || exit 0
for _ in 1 2 3 4 5; do # at its first start a Pi is busy, and systemd may take too long to answer
    ! systemctl daemon-reload || ! systemctl start --no-block moodbox-first-boot.service || exit 0
    sleep 10
done
exit 1
