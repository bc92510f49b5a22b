#!/usr/bin/env bash
# deploy/deploy.sh HOST: puts moodbox on a box, or a new release of it; see docs/on-a-pi.md.
# Nothing that the box says is trusted: its answers are held against a table, and all that is printed of its words
# loses its control characters, which could do anything to a terminal.
set -euo pipefail
export LC_ALL=C # a character is a byte, whatever comes
here=$(cd "$(dirname "$0")/.." && pwd)
cache=$here/.deploy # wheels, for the next time
need_mb=900         # a release with its virtual environment, what is sent, and some air
most_bytes=20000    # of the box's answers
most_lines=2000     # of what it tells while it is at work
a_name='[A-Za-z0-9][A-Za-z0-9.+_-]*' # of a release
a_host='(ssh://)?([A-Za-z0-9_.][A-Za-z0-9_.@+-]*@)?[][A-Za-z0-9_.:][][A-Za-z0-9_.:%-]*'

usage() {
    cat <<END
usage: deploy/deploy.sh [--dry-run | --rollback | --status | --remove] [USER@]HOST

Puts this moodbox on HOST, which needs SSH with a key, and sudo without a password (or root).
  --dry-run    say what would be done, and change nothing
  --rollback   go back to the release before
  --status     which releases are there, and how the box is
  --remove     take moodbox away; settings and what it remembers stay

MOODBOX_SSH is the ssh command, if it is not 'ssh': MOODBOX_SSH='ssh -p 2222'.
MOODBOX_PATIENCE is how many times 90 seconds a new release may take to be well, on a very slow machine: 1 to 99.
Exit codes: 2 a wrong call, 3 no SSH, 4 not a machine for moodbox, 5 no space, 6 apt, 7 downloads,
8 the release is not well (the one before runs on), 9 another deploy is at work, 10 nothing there.
END
}

step() { # on one line, without control characters; in UTF-8 there are 32 more of them
    local text=${*//[[:cntrl:]]/}
    printf 'moodbox: %s\n' "${text//$'\302'[$'\200'-$'\237']/}"
}
fail() { # fail CODE MESSAGE
    step "$2" >&2
    exit "$1"
}

# remote COMMAND: has the box do that. Its errors go to ssh.log, and no further than 100 MB.
# shellcheck disable=SC2086  # MOODBOX_SSH is a command with its options
remote() (
    trap '' XFSZ
    ulimit -f 100000 2>/dev/null || true # else it is lower already
    exec 2>"$work/ssh.log"
    exec ${MOODBOX_SSH:-ssh} -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -- "$host" "$@"
)
why() { tail -n 1 "$work/ssh.log" | tail -c 500; }
first_bytes() { head -c $most_bytes | tr -d '\000\r'; }

answer() { sed -n "/^$1=/{s///p;q;}" <<<"$answers"; }

# The keys of deploy/ask.sh, each with what its answer may be.
check_answers() {
    local key may_be found
    [ ${#answers} -lt $most_bytes ] || fail 4 "$host answers strangely: it does not come to an end"
    while read -r key may_be; do
        found=$(answer "$key")
        [[ ${#found} -lt 500 && $found =~ ^($may_be)$ ]] ||
            fail 4 "$host answers strangely: '$key' is '${found:0:80}'; is this the machine that you mean?"
    done <<END
machine   [A-Za-z0-9_]+
bits      [0-9]*
packages  ([a-z0-9][a-z0-9-]*)?
system    .*
python    ([0-9]+\.[0-9]+)?
glibc     ([1-9][0-9]?)?
systemd   [0-9]*
free      [0-9]{1,15}
root      yes|sudo|no
missing   ([a-z0-9][a-z0-9.+-]* ?)*
current   ($a_name)?
proven    ($a_name ?)*
active    ([a-z][a-z-]*)?
END
}

ask_the_box() {
    step "asking $host what it is"
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name 'run.*' -mtime +0 -exec rm -rf {} + # of a deploy that was killed, a day ago
    work=$(mktemp -d "$cache/run.XXXXXX") # of this deploy alone: another may be on its way to another box
    trap 'rm -rf "$work"' EXIT
    answers=$(remote sh -s <"$here/deploy/ask.sh" | first_bytes) || [ ${#answers} = $most_bytes ] ||
        fail 3 "no SSH to $host ($(why)): 'ssh $host' has to work without a password"
    check_answers
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
    local code line last='' lines=0
    while IFS= read -r -n 1000 line; do
        case $line in
            'FAILED '*) last=${line#FAILED } ;;
            *) step "$line" ;;
        esac
        ((lines += 1))
        [ $lines -lt $most_lines ] || fail 4 "$host talks without end: ask it with --status what became of it"
    done < <(
        code=0
        tar -c -f - -C "$here/deploy" --exclude __pycache__ box |
            remote "d=\$(mktemp -d) && trap 'rm -rf \$d' EXIT && tar -x -f - -C \$d &&
                ${sudo}env MOODBOX_PATIENCE=$patience python3 -IB \$d/box $*" || code=$?
        { echo $code >"$work/code"; } 2>/dev/null # nobody waits for it any more
    )
    code=$(<"$work/code")
    [ "$code" != 255 ] ||
        fail 3 "the connection to $host is lost ($(why)): what was begun there goes on; ask it with --status"
    [ "$code" = 0 ] || fail "$code" "${last:-$host: this ended with $code ($(why))}"
}

fetch_wheels() {
    local tags=() minor glibc lock=$work/lock.txt
    glibc=$(answer glibc)
    wheels=$cache/wheels-$python-$machine
    "$pip_python" "$here/deploy/release.py" lock "$python" "$machine" >"$lock"
    if cmp -s "$lock" "$wheels/lock.txt"; then
        return
    fi
    step "downloading the packages of lock/device.txt for Python $python on $machine"
    for ((minor = 17; minor <= glibc; minor++)); do
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
        tar -x -f - --no-same-owner -C \$d && echo \$d'" <"$work/release.tar" | first_bytes) ||
        fail 3 "the connection to $host was lost, or its disk is full ($(why)): nothing was changed there; try again"
    [[ $incoming =~ ^/opt/moodbox/incoming\.[A-Za-z0-9]+$ ]] ||
        fail 4 "$host answers strangely: the release is in '${incoming:0:80}'; is this the machine that you mean?"
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
[[ $host =~ ^$a_host$ ]] || fail 2 "'$host' is no host: expected [USER@]HOST"
patience=${MOODBOX_PATIENCE:-1}
[[ $patience =~ ^[1-9][0-9]?(\.[0-9]+)?$ ]] || fail 2 "MOODBOX_PATIENCE is '$patience': expected a number from 1 to 99"

ask_the_box
if [ "$what" = deploy ]; then
    find_pip
    deploy
else
    on_the_box "$what"
fi
