#!/usr/bin/env bash
# deploy/card.sh BOOTFS: makes a card that Raspberry Pi Imager has written install moodbox at its first start, without
# SSH; see docs/card.md. This runs on macOS, too, with its bash 3.2.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/workstation.sh
. "$here/deploy/workstation.sh"
machine=aarch64

usage() {
    cat <<END
usage: deploy/card.sh [OPTION]... BOOTFS

Puts this release of moodbox on the card of a Raspberry Pi, which installs it by itself when it is switched on. BOOTFS is
where this computer shows the card's partition bootfs, such as /media/$(id -un)/bootfs or /Volumes/bootfs. Before, write
Raspberry Pi OS Lite (64 bit) to the card with Raspberry Pi Imager; what you choose there is kept.
  --name NAME           the Pi's name in your network: letters, digits and hyphens
  --wifi SSID           the WLAN that the box joins; asks for its password
  --wifi-password FILE  read the password from the first line of FILE
  --country XX          the country that you use the WLAN in, such as DE, if you have not chosen one in Imager
  --music FOLDER        copy these songs along
  --settings FILE       the box's settings, instead of the defaults
  --suite SUITE         trixie or bookworm, where the card does not tell

MOODBOX_SIGNING_KEY is your key of SSH that signs the release, such as ~/.ssh/id_ed25519; the box then takes no others.
Later you can change moodbox.toml (settings) and moodbox-wifi.toml (WLAN) on the card: the box reads them at its next start.
Exit codes: 2 wrong usage, 4 not a card with a 64 bit Raspberry Pi OS, or it cannot be written, 5 too little space on it,
7 the packages cannot be downloaded, 11 the release cannot be signed.
END
}

card() { # card VERB ...: runs deploy/card.py
    PYTHONPATH=$yaml "$pip_python" "$here/deploy/card.py" "$@"
}

# PyYAML, to change what Imager has written; a computer with `make develop` has it.
find_yaml() {
    has "$pip_python" yaml && return
    yaml=$cache/pyyaml
    PYTHONPATH=$yaml has "$pip_python" yaml && return
    awk '/^[^ ]/ { wanted = /^pyyaml==/ } wanted' "$here/lock/develop.txt" >"$work/yaml.txt"
    "$pip_python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
        --target "$yaml" --requirement "$work/yaml.txt" >"$work/pip.log" 2>&1 ||
        fail 7 "PyYAML cannot be downloaded: $(grep '^ERROR' "$work/pip.log" | tail -1); is there a network connection?"
}

trap 'echo >&2; report "stopped: this card is not ready; run deploy/card.sh again" >&2; exit 130' INT
boot='' wifi='' options=() wifi_options=() yaml='' wheels='' signed=''
[ $# -gt 0 ] || { usage >&2 && exit 2; }
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage && exit ;;
        --wifi | --wifi-password | --country | --name | --music | --settings | --suite)
            [ $# -gt 1 ] || fail 2 "$1: expected a value after it"
            case $1 in
                --wifi* | --country) wifi=yes && wifi_options+=("$1=$2") ;;
                *) options+=("$1=$2") ;;
            esac
            shift
            ;;
        -*) fail 2 "'$1' is not an option: deploy/card.sh --help lists them" ;;
        *)
            [ -z "$boot" ] || fail 2 "'$boot' and '$1': one card at a time"
            boot=$1
            ;;
    esac
    shift
done
[ "$boot" ] || fail 2 "which card? expected the folder of its boot partition: deploy/card.sh --help says more"
check_signing_key

find_pip
make_work_folder
find_yaml
found=$(card examine "$boot" ${options[@]+"${options[@]}"})
read -r suite python glibc <<<"$found"
report "$boot is the boot partition of a card with Raspberry Pi OS (Debian's $suite)"
[ -z "$wifi" ] || card wifi "$boot" "${wifi_options[@]}"
fetch_wheels "$glibc"
release=$("$pip_python" "$here/deploy/release.py" name "$python")
[ -z "${MOODBOX_SIGNING_KEY:-}" ] || sign_release
"$pip_python" "$here/deploy/release.py" pack "$work/release.tar" "$wheels" ${signed:+"$signed"}
report "writing the release $release; this takes a minute"
card write "$boot" ${options[@]+"${options[@]}"} --suite "$suite" --release "$work/release.tar" --release-name "$release"
report "the card is ready: eject it, put it into the Pi, and switch the Pi on"
