#!/usr/bin/env bash
# deploy/deploy.sh HOST...: installs moodbox, or a new release of it, on one box or several; see docs/on-a-pi.md.
# The box is not trusted: its answers are checked against a table of patterns, and its output is printed without
# control characters, which could harm a terminal. This runs on macOS, too, with its bash 3.2 and its BSD tools.
set -euo pipefail
export LC_ALL=C # a character is a byte, also in output that is not UTF-8
export COPYFILE_DISABLE=1 # macOS's tar adds a file ._NAME to each file otherwise
here=$(cd "$(dirname "$0")/.." && pwd)
cache=$here/.deploy # downloaded wheels, for later deploys
needed_mb=900       # a release with a new virtual environment, the files that are sent, and a reserve
needed_again_mb=100 # a release whose virtual environment is there
max_bytes=20000     # of the box's answers
max_lines=2000      # of the box's output during a deploy
at_a_time=4         # boxes
release_pattern='[A-Za-z0-9][A-Za-z0-9.+_-]*'
name_pattern='[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*' # also an address, and in ssh://HOST:PORT the port
address_pattern='\[[A-Fa-f0-9:.]+(%[A-Za-z0-9_.-]+)?\](:[0-9]+)?' # IPv6, as it is written in ssh://[ADDRESS]:PORT
host_pattern="(ssh://)?([A-Za-z0-9_.][A-Za-z0-9_.@+-]*@)?($name_pattern|$address_pattern)"

usage() {
    cat <<END
usage: deploy/deploy.sh [OPTION] [USER@]HOST...

Installs this release of moodbox on HOST, over SSH with a key. The user needs sudo without a password, or is root.
With several hosts it works on four at a time, and ends with a summary.
  --hosts FILE read the hosts from a file: one a line; # begins a comment
  --dry-run    say what a deploy would do, and change nothing
  --rollback   go back to the previous release
  --status     list the releases, and show the box's status
  --window     open the box's page in your network, at http://HOST; browsers are let in by the box's button
  --no-window  close it again
  --rooms      make the box play for other rooms, or along with another, as [room] in its settings says
  --open-mpd   let MPD's clients in your network in, without a password; at first it is closed
  --close-mpd  keep them out again
  --remove     remove moodbox; keep its settings and what it has learned

MOODBOX_SSH is the ssh command, if it is not 'ssh': MOODBOX_SSH='ssh -p 2222'.
MOODBOX_PATIENCE multiplies the health check's time limit of 90 seconds, for a very slow machine: 1 to 99.
Exit codes: 2 wrong usage, 3 no SSH or no sudo, or damaged on the way, 4 unsuitable machine, 5 no space, 6 apt, 7 downloads,
8 the new release is not healthy (the previous one runs), 9 another deploy is running, 10 nothing there.
With several hosts: the highest of theirs.
END
}

report() { # one line, without control characters; UTF-8 has 32 more of them, with two bytes each
    local text=${*//[[:cntrl:]]/}
    printf 'moodbox: %s\n' "${text//$'\302'[$'\200'-$'\237']/}"
}
fail() { # fail CODE MESSAGE
    report "$2" >&2
    exit "$1"
}

# remote COMMAND: runs it on the box. Its errors go to ssh.log, which cannot grow beyond 100 MB.
# shellcheck disable=SC2086  # MOODBOX_SSH is a command with its options
remote() (
    trap '' XFSZ
    ulimit -f 100000 2>/dev/null || true # it fails where the limit is already lower
    exec 2>"$work/ssh.log"
    exec ${MOODBOX_SSH:-ssh} -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -- "$host" "$@"
)
last_error() { tail -n 1 "$work/ssh.log" | tail -c 500; }
first_bytes() { head -c $max_bytes | tr -d '\000\r'; }

answer() { sed -n "/^$1=/{s///p;q;}" <<<"$answers"; }

# The keys of deploy/probe.sh, each with the pattern of its answer.
check_answers() {
    local key pattern found
    [ ${#answers} -lt $max_bytes ] || fail 4 "invalid answer from $host: it is too long; is this the right machine?"
    while read -r key pattern; do
        found=$(answer "$key")
        [[ ${#found} -lt 500 && $found =~ ^($pattern)$ ]] ||
            fail 4 "invalid answer from $host: '$key' is '${found:0:80}'; is this the right machine?"
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
current   ($release_pattern)?
proven    ($release_pattern ?)*
environments ($release_pattern ?)*
active    ([a-z][a-z-]*)?
END
}

probe() {
    report "examining $host"
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name 'run.*' -mtime +0 -exec rm -rf {} + # left by deploys that were killed
    work=$(mktemp -d "$cache/run.XXXXXX") # for this deploy alone: others may run at the same time, to other boxes
    trap 'rm -rf "$work"' EXIT
    answers=$(remote sh -s <"$here/deploy/probe.sh" | first_bytes) || [ ${#answers} = $max_bytes ] ||
        fail 3 "no SSH to $host ($(last_error)): 'ssh $host' must work without a password"
    check_answers
    system=$(answer system) machine=$(answer machine) python=$(answer python)
    case $machine in
        aarch64 | x86_64) ;;
        *) fail 4 "$host is $machine: moodbox runs on 64 bit ARM and x86-64 (a Pi Zero 2 W, 3, 4 or 5)" ;;
    esac
    case $(answer bits)-$(answer packages) in
        64-arm64 | 64-amd64) ;;
        64-) fail 4 "$host has no dpkg ($system): moodbox needs Raspberry Pi OS or Debian" ;;
        *) fail 4 "$host has a 32 bit system ($system): install the 64 bit Raspberry Pi OS Lite" ;;
    esac
    [ -n "$(answer systemd)" ] || fail 4 "$host has no systemd: moodbox needs Raspberry Pi OS or Debian"
    case $python in
        3.1[1-9] | 3.[2-9][0-9]) ;;
        *) fail 4 "$host has Python ${python:-none} ($system): moodbox needs 3.11 or newer, as in Bookworm and Trixie" ;;
    esac
    case $(answer root) in
        yes) sudo='' ;;
        sudo) sudo='sudo -n ' ;;
        *) fail 3 "$host: your user cannot use sudo without a password there; log in as a user who can" ;;
    esac
    report "$host has $system, $machine, Python $python"
}

# on_the_box VERB...: sends deploy/box, and runs that verb. If it fails, its line FAILED gives the reason.
on_the_box() {
    local code line last='' lines=0
    while IFS= read -r -n 1000 line; do
        case $line in
            'FAILED '*) last=${line#FAILED } ;;
            *) report "$line" ;;
        esac
        ((lines += 1))
        [ $lines -lt $max_lines ] || fail 4 "$host sends too much output: use --status to see the result"
    done < <(
        code=0
        tar -c --format ustar -f - -C "$here/deploy" --exclude __pycache__ box |
            remote "d=\$(mktemp -d) && trap 'rm -rf \$d' EXIT && tar -x -f - -C \$d &&
                ${sudo}env MOODBOX_PATIENCE=$time_factor python3 -IB \$d/box $*" || code=$?
        { echo $code >"$work/code"; } 2>/dev/null # the folder is deleted if deploy.sh has failed meanwhile
    )
    code=$(<"$work/code")
    [ "$code" != 255 ] ||
        fail 3 "lost the connection to $host ($(last_error)): the work continues there; use --status to see the result"
    [ "$code" = 0 ] || fail "$code" "${last:-$host: the command ended with exit code $code ($(last_error))}"
}

# fetch_wheels sets `wheels`, a variable of deploy's.
fetch_wheels() {
    local tags=() minor glibc lock=$work/lock.txt
    glibc=$(answer glibc)
    wheels=$cache/wheels-$python-$machine
    "$pip_python" "$here/deploy/release.py" lock "$python" "$machine" >"$lock"
    if cmp -s "$lock" "$wheels/lock.txt"; then
        return
    fi
    exec 9>"$wheels.lock" # deploys to similar boxes at the same time download only once
    "$pip_python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
    if cmp -s "$lock" "$wheels/lock.txt"; then
        exec 9>&-
        return
    fi
    report "downloading the packages of lock/device.txt for Python $python on $machine"
    for ((minor = 17; minor <= glibc; minor++)); do
        tags+=(--platform "manylinux_2_${minor}_$machine")
    done
    "$pip_python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --implementation cp --python-version "$python" \
        --platform "manylinux2014_$machine" ${tags[@]+"${tags[@]}"} --dest "$work/wheels" --requirement "$lock" \
        >"$work/pip.log" 2>&1 ||
        fail 7 "the packages cannot be downloaded: $(grep '^ERROR' "$work/pip.log" | tail -1); is there a network connection?"
    cp "$lock" "$work/wheels/lock.txt"
    rm -rf "$wheels"
    mv "$work/wheels" "$wheels"
    exec 9>&-
}

find_pip() {
    for pip_python in "$here/.venv/bin/python" python3; do
        "$pip_python" -c 'import pip' 2>/dev/null && return
    done
    fail 7 "there is no Python with pip on this computer: run 'make develop'"
}

send_release() {
    report "sending the release"
    "$pip_python" "$here/deploy/release.py" pack "$work/release.tar" ${wheels:+"$wheels"}
    incoming=$(remote "${sudo}sh -c 'mkdir -p /opt/moodbox && d=\$(mktemp -d /opt/moodbox/incoming.XXXXXX) &&
        flock \$d tar -x -f - --no-same-owner -C \$d && echo \$d'" <"$work/release.tar" | first_bytes) ||
        fail 3 "lost the connection to $host, or its disk is full ($(last_error)): nothing was changed there; try again"
    [[ $incoming =~ ^/opt/moodbox/incoming\.[A-Za-z0-9]+$ ]] ||
        fail 4 "invalid answer from $host: the release is in '${incoming:0:80}'; is this the right machine?"
}

deploy() {
    local name missing free environment installed='' wheels='' needed=$needed_mb
    name=$("$pip_python" "$here/deploy/release.py" name "$python")
    missing=$(answer missing) free=$(answer free)
    case " $(answer proven) " in *" $name "*) installed=yes ;; esac
    if [ "$installed" ] && [ "$name" = "$(answer current)" ] && [ "$(answer active)" = active ] && [ -z "$missing" ]; then
        report "nothing new: $name already runs there; nothing was changed"
        return
    fi
    environment=$("$pip_python" "$here/deploy/release.py" environment "$python")
    case " $(answer environments) " in *" $environment "*) needed=$needed_again_mb ;; esac
    if [ -z "$installed" ] && [ "$free" -lt "$needed" ]; then
        fail 5 "$host has $free MB free for /opt and a deploy needs $needed: free some space there, or use a larger card"
    fi
    if [ "$dry_run" ]; then
        report "would install with apt: ${missing:-nothing}"
        if [ -z "$installed" ]; then
            [ "$needed" = "$needed_again_mb" ] || report "would download and send its packages"
            report "would send and install the release $name"
        fi
        report "would check $name, switch from $(answer current | grep . || echo nothing) to it, and wait until it is healthy"
        return
    fi
    if [ "$installed" ]; then
        report "$name is already there"
        on_the_box switch "$name"
        return
    fi
    report "the release is $name"
    [ "$needed" = "$needed_again_mb" ] || fetch_wheels
    send_release
    on_the_box install "$incoming" "$name"
}

read_hosts() { # read_hosts FILE
    local line rest
    if [ ! -r "$1" ] || [ -d "$1" ]; then fail 2 "--hosts: the file '$1' cannot be read"; fi
    while read -r line rest || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        case $rest in '' | '#'*) ;; *) fail 2 "--hosts: expected one host a line in $1, found '$line $rest'" ;; esac
        hosts+=("$line")
    done <"$1"
}

# one_of_several RESULTS OPTION... HOST: runs this script for a host; its lines then begin with the host's name.
one_of_several() {
    local results=$1 host=${!#} line last='' code=0
    while IFS= read -r line; do
        case $line in
            'exit code '*) code=${line#exit code } ;;
            *) last=${line#moodbox: } && printf '%s: %s\n' "$host" "$last" ;;
        esac
    done < <("$here/deploy/deploy.sh" "${@:2}" 2>&1 </dev/null || echo "exit code $?")
    [ "$code" = 0 ] || last="failed with exit code $code: $last"
    printf '%s\n%s: %s\n' "$code" "$host" "$last" >"$(mktemp "$results/XXXXXX")"
}

several() {
    local results file code worst=0 failed=0
    results=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder is known now
    trap "rm -rf '$results'" EXIT
    export here
    export -f one_of_several
    printf '%s\0' "${hosts[@]}" |
        xargs -0 -n 1 -P $at_a_time "$BASH" -c 'one_of_several "$@"' one_of_several "$results" ${options[@]+"${options[@]}"}
    report "${#hosts[@]} boxes:"
    for file in "$results"/*; do
        code=$(head -n 1 "$file")
        [ "$code" = 0 ] || failed=$((failed + 1))
        [ "$code" -le "$worst" ] || worst=$code
    done
    for file in "$results"/*; do sed -n 's/^/  /;2p' "$file"; done | sort
    report "$((${#hosts[@]} - failed)) of ${#hosts[@]} succeeded"
    exit "$worst"
}

verb=deploy dry_run='' hosts=() options=() file_next=''
for word in "$@"; do
    if [ "$file_next" ]; then
        read_hosts "$word" && file_next=''
        continue
    fi
    case $word in
        --hosts) file_next=yes ;;
        --hosts=*) read_hosts "${word#--hosts=}" ;;
        --dry-run) dry_run=yes && options+=("$word") ;;
        --rollback | --status | --window | --no-window | --rooms | --open-mpd | --close-mpd | --remove)
            [ "$verb" = deploy ] || [ "$verb" = "${word#--}" ] || fail 2 "--$verb and $word: one at a time"
            verb=${word#--} && options+=("$word")
            ;;
        -h | --help) usage && exit ;;
        -*) fail 2 "'$word' is not an option: deploy/deploy.sh --help lists them" ;;
        *) hosts+=("$word") ;;
    esac
done
[ $# -gt 0 ] || { usage >&2 && exit 2; }
[ -z "$file_next" ] || fail 2 "--hosts: expected a file after it"
[ ${#hosts[@]} -gt 0 ] || fail 2 "which machine? expected [USER@]HOST after $*: deploy/deploy.sh --help says more"
[ -z "$dry_run" ] || [ "$verb" = deploy ] || fail 2 "--dry-run cannot be combined with another option"
for host in "${hosts[@]}"; do
    [[ $host =~ ^$host_pattern$ ]] || fail 2 "'$host' is not a host: expected [USER@]HOST"
done
twice=$(printf '%s\n' "${hosts[@]}" | sort | uniq -d | head -n 1)
[ -z "$twice" ] || fail 2 "'$twice' is there twice: name each host once"
time_factor=${MOODBOX_PATIENCE:-1}
[[ $time_factor =~ ^[1-9][0-9]?(\.[0-9]+)?$ ]] || fail 2 "MOODBOX_PATIENCE is '$time_factor': expected a number from 1 to 99"
[ ${#hosts[@]} = 1 ] || several

host=${hosts[0]}
probe
if [ "$verb" = deploy ]; then
    find_pip
    deploy
else
    on_the_box "$verb"
fi
