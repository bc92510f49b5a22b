# What deploy.sh and card.sh share: messages, the folder .deploy, and the packages of a release. They set `here`.
# shellcheck shell=bash
# shellcheck disable=SC2154  # python and machine are the box's, which the two scripts know
export COPYFILE_DISABLE=1 # macOS's tar adds a file ._NAME to each file otherwise
cache=$here/.deploy       # downloaded wheels, for later deploys

report() { # one line, without control characters; UTF-8 has 32 more of them, with two bytes each
    local text=${*//[[:cntrl:]]/}
    printf 'moodbox: %s\n' "${text//$'\302'[$'\200'-$'\237']/}"
}
fail() { # fail CODE MESSAGE; deploy.sh for several boxes knows its line by failure_mark
    report "${failure_mark:-}$2" >&2
    exit "$1"
}

make_work_folder() {
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name 'run.*' -mtime +0 -exec rm -rf {} + # left by deploys that were killed
    work=$(mktemp -d "$cache/run.XXXXXX") # for this deploy alone: others may run at the same time, to other boxes
    trap 'rm -rf "$work"' EXIT
}

# fetch_wheels GLIBC: downloads the packages for $python on $machine, and sets `wheels`, a variable of its caller.
fetch_wheels() {
    local tags=() minor glibc=$1 lock=$work/lock.txt
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

has() { # has PYTHON MODULE; it finds the module without loading it, which takes a fraction of the time
    "$1" -c "from importlib.machinery import PathFinder as p; raise SystemExit(p.find_spec('$2') is None)" 2>/dev/null
}

find_pip() {
    for pip_python in "$here/.venv/bin/python" python3; do
        has "$pip_python" pip && return
    done
    fail 7 "there is no Python with pip on this computer: run 'make develop'"
}

check_signing_key() {
    [ "${MOODBOX_SIGNING_KEY:-}" ] || return 0
    [ -r "$MOODBOX_SIGNING_KEY" ] || fail 2 "MOODBOX_SIGNING_KEY: the file '$MOODBOX_SIGNING_KEY' cannot be read"
    ssh-keygen -l -f "$MOODBOX_SIGNING_KEY" >/dev/null 2>&1 || fail 2 \
        "MOODBOX_SIGNING_KEY: '$MOODBOX_SIGNING_KEY' is not a key of SSH: expected a file such as ~/.ssh/id_ed25519"
}

# sign_release signs the release with MOODBOX_SIGNING_KEY, and sets `signed`, a folder with the manifest and the
# signature. deploy.sh for several boxes signs once, and gives the folder to the deploys that it starts.
sign_release() {
    signed=${MOODBOX_SIGNED:-}
    [ -z "$signed" ] || return 0
    report "signing the release with $MOODBOX_SIGNING_KEY; if it is on a security key, touch that"
    mkdir "$work/signed"
    "$pip_python" "$here/deploy/release.py" manifest >"$work/signed/manifest"
    ssh-keygen -Y sign -f "$MOODBOX_SIGNING_KEY" -n moodbox-release \
        <"$work/signed/manifest" >"$work/signed/manifest.sig" 2>"$work/sign.log" ||
        fail 11 "the release cannot be signed: $(tail -n 1 "$work/sign.log")"
    signed=$work/signed
}
