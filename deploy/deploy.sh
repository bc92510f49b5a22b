#!/usr/bin/env bash
# deploy/deploy.sh HOST: puts moodbox on a box, or a new release of it; see docs/on-a-pi.md.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cache=$here/.deploy # wheels, for the next time
need_mb=900         # a release with its virtual environment, what is sent, and some air

usage() {
    cat <<END
usage: deploy/deploy.sh [--dry-run | --rollback | --status | --remove] [USER@]HOST

Puts this moodbox on HOST, which needs SSH with a key, and sudo without a password (or root).
  --dry-run    say what would be done, and change nothing
  --rollback   go back to the release before
  --status     which releases are there, and how the box is
  --remove     take moodbox away; settings and what it remembers stay

MOODBOX_SSH is the ssh command, if it is not 'ssh': MOODBOX_SSH='ssh -p 2222'.
MOODBOX_PATIENCE is how many times 90 seconds a new release may take to be well, on a very slow machine: 1.
Exit codes: 2 a wrong call, 3 no SSH, 4 not a machine for moodbox, 5 no space, 6 apt, 7 downloads,
8 the release is not well (the one before runs on), 9 another deploy is at work, 10 nothing there.
END
}

step() { echo "moodbox: $*"; }
fail() { # fail CODE MESSAGE
    echo "moodbox: $2" >&2
    exit "$1"
}

# shellcheck disable=SC2086  # MOODBOX_SSH is a command with its options
remote() { ${MOODBOX_SSH:-ssh} -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -- "$host" "$@"; }

answer() { sed -n "s/^$1=//p" <<<"$answers"; }

ask_the_box() {
    step "asking $host what it is"
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name 'run.*' -mtime +0 -exec rm -rf {} + # of a deploy that was killed, a day ago
    work=$(mktemp -d "$cache/run.XXXXXX") # of this deploy alone: another may be on its way to another box
    trap 'rm -rf "$work"' EXIT
    answers=$(remote sh -s <"$here/deploy/ask.sh" 2>"$work/ssh.log") ||
        fail 3 "no SSH to $host ($(tail -1 "$work/ssh.log" | tr -d '\r')): 'ssh $host' has to work without a password"
    system=$(answer system) machine=$(answer machine) python=$(answer python)
    case $machine in
        aarch64 | x86_64) ;;
        *) fail 4 "$host is $machine: moodbox runs on 64 bit ARM and x86-64 (a Pi Zero 2 W, 3, 4 or 5)" ;;
    esac
    case $(answer bits)-$(answer packages) in
        64-arm64 | 64-amd64) ;;
        64-) fail 4 "$host has no dpkg ($system): moodbox wants Raspberry Pi OS or Debian" ;;
        *) fail 4 "$host has a 32 bit system ($system): install the 64 bit Raspberry Pi OS Lite" ;;
    esac
    [ -n "$(answer systemd)" ] || fail 4 "$host has no systemd: moodbox wants Raspberry Pi OS or Debian"
    case $python in
        3.1[1-9] | 3.[2-9][0-9]) ;;
        *) fail 4 "$host has Python ${python:-none} ($system): 3.11 or newer is needed, so Bookworm or Trixie" ;;
    esac
    case $(answer root) in
        yes) sudo='' ;;
        sudo) sudo='sudo -n ' ;;
        *) fail 3 "$host: your user has no sudo without a password there; log in as one that has it" ;;
    esac
    step "$host has $system, $machine, Python $python"
}

# on_the_box VERB...: sends deploy/box, and has it do that. Its last line says why, if it fails.
on_the_box() {
    local code=0 line last=''
    while IFS= read -r line; do
        case $line in
            'FAILED '*) last=${line#FAILED } ;;
            'CODE '*) code=${line#CODE } ;;
            *) step "$line" ;;
        esac
    done < <(
        tar -c -f - -C "$here/deploy" --exclude __pycache__ box |
            remote "d=\$(mktemp -d) && trap 'rm -rf \$d' EXIT && tar -x -f - -C \$d && ${sudo}env MOODBOX_PATIENCE=${MOODBOX_PATIENCE:-} python3 -IB \$d/box $*" ||
            echo "CODE $?"
    )
    [ "$code" != 255 ] || fail 3 "the connection to $host is lost: what was begun there goes on; ask it with --status"
    [ "$code" = 0 ] || fail "$code" "${last:-$host: this ended with $code}"
}

fetch_wheels() {
    local tags=() minor lock=$work/lock.txt
    wheels=$cache/wheels-$python-$machine
    "$pip_python" "$here/deploy/release.py" lock "$python" "$machine" >"$lock"
    if cmp -s "$lock" "$wheels/lock.txt"; then
        return
    fi
    step "downloading the packages of lock/device.txt for Python $python on $machine"
    for ((minor = 17; minor <= $(answer glibc); minor++)); do
        tags+=(--platform "manylinux_2_${minor}_$machine")
    done
    "$pip_python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --implementation cp --python-version "$python" \
        --platform "manylinux2014_$machine" "${tags[@]}" --dest "$work/wheels" --requirement "$lock" \
        >"$work/pip.log" 2>&1 ||
        fail 7 "the packages cannot be downloaded: $(grep '^ERROR' "$work/pip.log" | tail -1); is there a network?"
    cp "$lock" "$work/wheels/lock.txt"
    rm -rf "$wheels"
    mv "$work/wheels" "$wheels"
}

find_pip() {
    for pip_python in "$here/.venv/bin/python" python3; do
        "$pip_python" -m pip --version >/dev/null 2>&1 && return
    done
    fail 7 "there is no Python with pip on this computer: 'make develop' makes one"
}

send_release() {
    step "sending it"
    "$pip_python" "$here/deploy/release.py" pack "$work/release.tar" "$wheels"
    incoming=$(remote "${sudo}sh -c 'mkdir -p /opt/moodbox && d=\$(mktemp -d /opt/moodbox/incoming.XXXXXX) &&
        tar -x -f - --no-same-owner -C \$d && echo \$d'" <"$work/release.tar") ||
        fail 3 "the connection to $host was lost, or its disk is full: nothing was changed there; try again"
}

deploy() {
    local name missing free here_already=''
    name=$("$pip_python" "$here/deploy/release.py" name "$python")
    missing=$(answer missing) free=$(answer free)
    case " $(answer proven) " in *" $name "*) here_already=yes ;; esac
    if [ "$here_already" ] && [ "$name" = "$(answer current)" ] && [ "$(answer active)" = active ] && [ -z "$missing" ]; then
        step "nothing new: $name runs there already; nothing was changed"
        return
    fi
    if [ -z "$here_already" ] && [ "$free" -lt "$need_mb" ]; then
        fail 5 "$host has $free MB left for /opt and $need_mb are needed: make room there, or take a larger card"
    fi
    if [ "$dry" ]; then
        step "would install with apt: ${missing:-nothing}"
        [ "$here_already" ] || step "would download packages, and send and install the release $name"
        step "would check $name, switch from $(answer current | grep . || echo nothing) to it, and wait until it is well"
        return
    fi
    if [ "$here_already" ]; then
        step "$name is there already"
        on_the_box switch "$name"
        return
    fi
    step "the release is $name"
    fetch_wheels
    send_release
    on_the_box install "$incoming" "$name"
}

what=deploy dry='' host=''
for word in "$@"; do
    case $word in
        --dry-run) dry=yes ;;
        --rollback | --status | --remove) what=${word#--} ;;
        -h | --help) usage && exit ;;
        -*) usage >&2 && exit 2 ;;
        *) [ -z "$host" ] || { usage >&2 && exit 2; } && host=$word ;;
    esac
done
[ -n "$host" ] || { usage >&2 && exit 2; }
[ -z "$dry" ] || [ "$what" = deploy ] || fail 2 "--dry-run goes with a deploy alone"

find_pip
ask_the_box
if [ "$what" = deploy ]; then
    deploy
else
    on_the_box "$what"
fi
