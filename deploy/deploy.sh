#!/usr/bin/env bash
# deploy/deploy.sh HOST...: installs moodbox, or a new release of it, on one box or several; see docs/deploying.md.
# The box is not trusted: its answers are checked against a table of patterns, and its output is printed without
# control characters, which could harm a terminal. This runs on macOS, too, with its bash 3.2 and its BSD tools.
set -euo pipefail
export LC_ALL=C # a character is a byte, also in output that is not UTF-8
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/workstation.sh
. "$here/deploy/workstation.sh"
needed_mb=900       # a release with a new virtual environment, the files that are sent, and a reserve
needed_again_mb=100 # a release whose virtual environment is there
max_bytes=20000     # of the box's answers
max_lines=2000      # of the box's output during a deploy
at_a_time=4         # boxes
probe_s=180         # until a box must have answered what it is; one that hangs would hold up all others
work_s=7200         # until it must have done its work; apt and a slow network may need long
hangs='does it hang? Switch it off and on'
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
  --strip      let the box use a strip of lights, as [panel] in its settings says
  --open-mpd   let MPD's clients in your network in, without a password; at first it is closed
  --close-mpd  keep them out again
  --add-key FILE, --remove-key FILE
               take releases that are signed by this public key of SSH, too, or take them no more
  --remove     remove moodbox; keep its settings and what it has learned
  --           what follows are hosts, whatever they begin with

MOODBOX_SSH is the ssh command, if it is not 'ssh': MOODBOX_SSH='ssh -p 2222'.
MOODBOX_SIGNING_KEY is your key of SSH that signs the release, such as ~/.ssh/id_ed25519.
MOODBOX_PATIENCE multiplies the health check's time limit of 90 seconds, for a very slow machine: 1 to 99.
Exit codes: 2 wrong usage, 3 no SSH or no sudo, or damaged on the way, 4 unsuitable machine, 5 no space, 6 apt, 7 downloads,
8 the new release is not healthy (the previous one runs), 9 another deploy is running, 10 nothing there,
11 not signed by a key that the box knows.
With several hosts: the highest of theirs.
END
}

# become_remote COMMAND: runs it on the box. Its errors go to ssh.log, which cannot grow beyond 100 MB.
# shellcheck disable=SC2086  # MOODBOX_SSH is a command with its options
become_remote() {
    trap '' XFSZ
    ulimit -f 100000 2>/dev/null || true # it fails where the limit is already lower
    exec 2>"$work/ssh.log"
    exec ${MOODBOX_SSH:-ssh} -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -- "$host" "$@"
}
last_error() { tail -n 1 "$work/ssh.log" | tail -c 500; }
first_bytes() { head -c $max_bytes | tr -d '\000\r'; }

# remote_within SECONDS COMMAND: runs it on the box, and ends it after so long. macOS has no `timeout`.
remote_within() {
    local command watcher code=0
    rm -f "$work/late"
    (trap - INT && become_remote "${@:2}") <&0 &
    command=$!
    (
        for ((second = 0; second < $1; second++)); do
            sleep 1
            kill -0 $$ || exit 0 # Ctrl-C has ended this script, but not what it has in the background
        done
        : >"$work/late"
        kill $command
    ) >/dev/null 2>&1 &
    watcher=$!
    wait $command || code=$?
    kill $watcher 2>/dev/null || true
    return $code
}
in_time() { [ ! -e "$work/late" ]; }

ssh_advice() {
    if grep -q 'IDENTIFICATION HAS CHANGED' "$work/ssh.log"; then
        echo "is it another machine, or installed anew? Then 'ssh-keygen -R ${host##*@}', and 'ssh $host' once"
        return
    fi
    case $(last_error) in
        *'Host key verification failed'*) echo "type 'ssh $host' once, and answer its question with yes" ;;
        *'resolve hostname'*) echo "is it switched on, and is the name right? Else use its address" ;;
        *'timed out'* | *'No route to host'*) echo "is it switched on, and in the same network?" ;;
        *) echo "'ssh $host' must work without a password" ;;
    esac
}

answer() { # answer KEY: the first one. There are some thirty, and to start `sed` for each would take longer than the rest
    local line=$'\n'"$1=([^"$'\n'"]*)"
    if [[ $'\n'$answers =~ $line ]]; then printf '%s\n' "${BASH_REMATCH[1]}"; fi
}

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
signers   (yes)?
active    ([a-z][a-z-]*)?
END
}

ask() {
    local code=0
    answers=$(remote_within $probe_s sh -s <"$here/deploy/probe.sh" | first_bytes) || code=$?
    in_time || fail 3 "$host does not answer for $probe_s seconds: $hangs"
    [ $code = 0 ] || [ ${#answers} = $max_bytes ] ||
        fail 3 "no SSH to $host ($(last_error)): $(ssh_advice)"
    check_answers
}

probe() {
    report "examining $host"
    make_work_folder
    ask
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

# on_the_box VERB...: sends deploy/box, and runs that verb. If it fails, its line FAILED gives the reason. A box that
# knows a key runs its own copy instead, so that nothing runs there which nobody has signed.
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
            remote_within $work_s "d=\$(mktemp -d) && trap 'rm -rf \$d' EXIT && tar -x -f - -C \$d && b=\$d/box &&
                if [ -s /etc/moodbox/release_signers ] && [ -d /opt/moodbox/box/signing ]; then b=/opt/moodbox/box; fi &&
                ${sudo}env MOODBOX_PATIENCE=$time_factor python3 -IB \$b $*" || code=$?
        { echo $code >"$work/code"; } 2>/dev/null # the folder is deleted if deploy.sh has failed meanwhile
    )
    code=$(<"$work/code")
    in_time || fail 3 "$host is not done after $((work_s / 60)) minutes: $hangs; --status shows the result"
    [ "$code" != 255 ] ||
        fail 3 "lost the connection to $host ($(last_error)): the work continues there; use --status to see the result"
    [ "$code" = 0 ] || fail "$code" "${last:-$host: the command ended with exit code $code ($(last_error))}"
}

send_release() {
    local code=0
    report "sending the release"
    "$pip_python" "$here/deploy/release.py" pack "$work/release.tar" ${wheels:+"$wheels"} ${signed:+"$signed"}
    incoming=$(remote_within $work_s "${sudo}sh -c 'mkdir -p /opt/moodbox && d=\$(mktemp -d /opt/moodbox/incoming.XXXXXX) &&
        flock \$d tar -x -f - --no-same-owner -C \$d && echo \$d'" <"$work/release.tar" | first_bytes) || code=$?
    in_time || fail 3 "$host has not taken the release in $((work_s / 60)) minutes: $hangs"
    [ "$code" = 0 ] ||
        fail 3 "lost the connection to $host, or its disk is full ($(last_error)): nothing was changed there; try again"
    [[ $incoming =~ ^/opt/moodbox/incoming\.[A-Za-z0-9]+$ ]] ||
        fail 4 "invalid answer from $host: the release is in '${incoming:0:80}'; is this the right machine?"
}

deploy() {
    local names name missing free environment installed='' wheels='' signed='' needed=$needed_mb
    names=$("$pip_python" "$here/deploy/release.py" names "$python")
    name=${names% *} environment=${names#* }
    missing=$(answer missing) free=$(answer free)
    case " $(answer proven) " in *" $name "*) installed=yes ;; esac
    if [ "$installed" ] && [ "$name" = "$(answer current)" ] && [ "$(answer active)" = active ] && [ -z "$missing" ]; then
        if [ "$dry_run" ]; then on_the_box preview "$name"; else on_the_box switch "$name"; fi
        return
    fi
    if [ -z "$installed" ] && [ "$(answer signers)" ] && [ -z "${MOODBOX_SIGNING_KEY:-}" ]; then
        fail 11 "$host takes only signed releases: set MOODBOX_SIGNING_KEY to a key that it knows (--status lists them)"
    fi
    case " $(answer environments) " in *" $environment "*) needed=$needed_again_mb ;; esac
    if [ -z "$installed" ] && [ "$free" -lt "$needed" ] && [ -z "$dry_run" ]; then
        # What a deploy that was cut off or has failed may have left. There may be no room even for the files that do it.
        (on_the_box clean) 2>/dev/null || true
        ask
        free=$(answer free)
        case " $(answer environments) " in *" $environment "*) ;; *) needed=$needed_mb ;; esac
    fi
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
    [ "$needed" = "$needed_again_mb" ] || fetch_wheels "$(answer glibc)"
    [ -z "${MOODBOX_SIGNING_KEY:-}" ] || sign_release
    send_release
    on_the_box admit "$incoming" "$name"
}

read_hosts() { # read_hosts FILE
    local line rest before=${#hosts[@]}
    if [ ! -r "$1" ] || [ -d "$1" ]; then fail 2 "--hosts: the file '$1' cannot be read"; fi
    while read -r line rest || [ -n "$line" ]; do
        line=${line#$'\357\273\277'} line=${line%$'\r'} rest=${rest%$'\r'} # as editors of Windows save it
        case $line in '' | '#'*) continue ;; esac
        case $rest in '' | '#'*) ;; *) fail 2 "--hosts: expected one host a line in $1, found '$line $rest'" ;; esac
        hosts+=("$line")
    done <"$1"
    [ ${#hosts[@]} -gt "$before" ] || fail 2 "--hosts: the file '$1' names no host"
}

# one_of_several RESULTS OPTION... HOST: runs this script for a host; its lines then begin with the host's name.
one_of_several() {
    local results=$1 host=${!#} line last='' code=0 file
    while IFS= read -r line; do
        case $line in
            'exit code '*) code=${line#exit code } ;;
            'moodbox: FAILED '*) last=${line#moodbox: FAILED } ;; # the summary says it
            *) last=${line#moodbox: } && printf '%s: %s\n' "$host" "$last" ;;
        esac
    done < <(failure_mark='FAILED ' "$here/deploy/deploy.sh" "${@:2}" 2>&1 </dev/null || echo "exit code $?")
    if [ "$code" != 0 ]; then
        printf '%s: failed with exit code %s\n' "$host" "$code"
        last="failed with exit code $code: $last"
    fi
    file=$(mktemp "$results/.XXXXXX")
    printf '%s\n%s: %s\n' "$code" "$host" "$last" >"$file"
    mv "$file" "$results/${file##*/.}" # only now it counts
}

several() {
    local results
    make_work_folder
    results=$work/results
    mkdir "$results"
    if [ "$verb" = deploy ] && [ -z "$dry_run" ] && [ "${MOODBOX_SIGNING_KEY:-}" ]; then
        find_pip
        sign_release # for all of them: a passphrase is asked for once
        export MOODBOX_SIGNED=$signed
    fi
    export here
    export -f one_of_several
    trap 'summarize "$results"; exit 130' INT
    printf '%s\0' "${hosts[@]}" |
        xargs -0 -n 1 -P $at_a_time "$BASH" -c 'one_of_several "$@"' one_of_several "$results" ${options[@]+"${options[@]}"}
    summarize "$results"
    exit "$worst"
}

# summarize RESULTS: prints a line for each host, and sets `worst`, the highest exit code.
summarize() {
    local file code failed=0
    worst=0
    report "${#hosts[@]} boxes:"
    for host in "${hosts[@]}"; do
        awk -v start="$host: " 'index($0, start) == 1 { found = 1 } END { exit !found }' "$1"/* 2>/dev/null ||
            printf '3\n%s: not finished: --status shows how far it is\n' "$host" >"$(mktemp "$1/XXXXXX")"
    done
    for file in "$1"/*; do
        code=$(head -n 1 "$file")
        [ "$code" = 0 ] || failed=$((failed + 1))
        [ "$code" -le "$worst" ] || worst=$code
    done
    for file in "$1"/*; do sed -n 's/^/  /;2p' "$file"; done | sort
    report "$((${#hosts[@]} - failed)) of ${#hosts[@]} succeeded"
}

read_key() { # read_key OPTION FILE
    local kind blob rest
    [ "$verb" = deploy ] || fail 2 "--$verb and $1: one at a time"
    if [ ! -r "$2" ] || [ -d "$2" ]; then fail 2 "$1: the file '$2' cannot be read"; fi
    read -r kind blob rest <"$2" || [ "$kind" ] || kind=
    kind=${kind#$'\357\273\277'} blob=${blob%$'\r'}
    [[ "$kind $blob" =~ ^[a-z0-9@.-]+\ [A-Za-z0-9+/]+=*$ ]] ||
        fail 2 "$1: '$2' is not a public key: expected a file such as ~/.ssh/id_ed25519.pub"
    verb=${1#--} arguments=("$kind" "$blob")
}

verb=deploy arguments=() dry_run='' hosts=() options=() file_next='' only_hosts=''
for word in "$@"; do
    case $file_next in
        --hosts) read_hosts "$word" ;;
        --*-key) read_key "$file_next" "$word" && options+=("$file_next" "$word") ;;
    esac
    if [ "$file_next" ]; then
        file_next=''
        continue
    fi
    if [ "$only_hosts" ]; then
        hosts+=("$word")
        continue
    fi
    case $word in
        --) only_hosts=yes ;;
        --hosts | --add-key | --remove-key) file_next=$word ;;
        --hosts=*) read_hosts "${word#*=}" ;;
        --add-key=* | --remove-key=*) read_key "${word%%=*}" "${word#*=}" && options+=("$word") ;;
        --dry-run) dry_run=yes && options+=("$word") ;;
        --rollback | --status | --window | --no-window | --rooms | --strip | --open-mpd | --close-mpd | --remove)
            [ "$verb" = deploy ] || [ "$verb" = "${word#--}" ] || fail 2 "--$verb and $word: one at a time"
            verb=${word#--} && options+=("$word")
            ;;
        -h | --help) usage && exit ;;
        -*) fail 2 "'$word' is not an option: deploy/deploy.sh --help lists them" ;;
        *) hosts+=("$word") ;;
    esac
done
[ $# -gt 0 ] || { usage >&2 && exit 2; }
[ -z "$file_next" ] || fail 2 "$file_next: expected a file after it"
[ ${#hosts[@]} -gt 0 ] || fail 2 "which machine? expected [USER@]HOST after $*: deploy/deploy.sh --help says more"
[ -z "$dry_run" ] || [ "$verb" = deploy ] || fail 2 "--dry-run cannot be combined with another option"
for host in "${hosts[@]}"; do
    [[ $host =~ ^$host_pattern$ ]] || fail 2 "'$host' is not a host: expected [USER@]HOST"
done
twice=$(printf '%s\n' "${hosts[@]}" | sort | uniq -d | head -n 1)
[ -z "$twice" ] || fail 2 "'$twice' is there twice: name each host once"
time_factor=${MOODBOX_PATIENCE:-1}
[[ $time_factor =~ ^[1-9][0-9]?(\.[0-9]+)?$ ]] || fail 2 "MOODBOX_PATIENCE is '$time_factor': expected a number from 1 to 99"
read -r program _ <<<"${MOODBOX_SSH:-ssh}"
command -v "$program" >/dev/null || fail 2 "there is no command '$program': install it, or correct MOODBOX_SSH"
[ "$verb" != deploy ] || check_signing_key
[ ${#hosts[@]} = 1 ] || several

host=${hosts[0]}
probe
if [ "$verb" = deploy ]; then
    find_pip
    deploy
else
    on_the_box "$verb" ${arguments[@]+"${arguments[@]}"}
fi
