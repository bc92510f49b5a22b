"""Several rooms, one music, as `[room]` in the settings says: Snapcast carries sound, moodbox-room presses.

A box that serves gives its music to snapserver through a pipe, and plays it itself as the other rooms do, so
that all are in time. docs/rooms.md explains it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from common import (
    CURRENT,
    NOTHING,
    SETTINGS,
    UNITS,
    WRONG_CALL,
    DeployError,
    delete,
    install_file,
    report,
    run,
    write_file,
)
from preflight import install_packages

SERVICE, SOCKET = UNITS / "moodbox-room.service", UNITS / "moodbox-room.socket"
ROLE = UNITS / "moodbox-room.service.d" / "role.conf"
CLIENT = UNITS / "snapclient.service.d" / "moodbox.conf"
SERVER = UNITS / "snapserver.service.d" / "moodbox.conf"
MPD = UNITS / "mpd.service.d" / "moodbox-rooms.conf"
PIPE = Path("/etc/tmpfiles.d/moodbox-rooms.conf")
RUNTIME = Path("/run/moodbox-rooms")
"""The folder of the pipe, which systemd-tmpfiles makes."""
OUTPUT = Path("/etc/moodbox/mpd-rooms.conf")
"""MPD's output into the pipe; deploy/mpd.conf includes it if it is there."""
SNAPSERVER = Path("/etc/moodbox/snapserver.conf")
KEY = Path("/etc/moodbox/room.key")
CONFIGURATION = Path("/etc/mpd.conf")
INCLUDE = f'include_optional "{OUTPUT}"'
SERVING = (SOCKET, SERVER, MPD, PIPE, OUTPUT, SNAPSERVER)
"""Files that only a box has that serves."""
NAME = re.compile(  # as in device/config/reading.py, which this cannot import
    r"(?=.{1,253}$)[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,8}"
)
MPC = ("mpc", "--host=/run/mpd/socket", "--quiet")


@dataclass(frozen=True)
class Role:
    """What the settings say: this box serves, or plays along with `server`, or is alone."""

    serves: bool = False
    server: str = ""

    @property
    def is_alone(self) -> bool:
        """Whether it has nothing to do with other rooms."""
        return not (self.serves or self.server)

    @property
    def packages(self) -> list[str]:
        """Debian's packages for it; the room of a box that serves is a client of its own server."""
        return ["snapserver"] * self.serves + ["snapclient"] * (not self.is_alone)


def wanted() -> Role:
    """Read the role from the settings.

    Raises:
        DeployError: They cannot be read, or name no host.
    """
    try:
        room = tomllib.loads(SETTINGS.read_text("utf-8-sig")).get("room", {}) if SETTINGS.exists() else {}
        role = Role(room.get("serve", False), room.get("server", ""))
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise DeployError(
            WRONG_CALL, f"{SETTINGS} cannot be read ({error}): `moodbox check` says more"
        ) from None
    is_typed = isinstance(role.serves, bool) and isinstance(role.server, str)
    if not is_typed or (role.server and (role.serves or not NAME.fullmatch(role.server))):
        raise DeployError(
            WRONG_CALL, f"{SETTINGS}: [room] has a mistake: `moodbox check` on the box says which"
        )
    return role


def is_on() -> bool:
    """Tell whether this box serves or plays along."""
    return ROLE.exists()


def apply() -> None:
    """Make the box what `[room]` in its settings says.

    Raises:
        DeployError: If the settings have a mistake, or the current release knows no rooms.
    """
    role, release = wanted(), CURRENT.resolve()
    if not (release / "systemd" / SERVICE.name).exists():
        raise DeployError(NOTHING, "the release on this box knows no rooms: deploy this one first")
    if role.is_alone:
        remove()
        report("this box plays alone, as [room] in its settings says")
    else:
        install_packages(role.packages)
        install(release, role)
    run("systemctl", "restart", "moodbox.service", check=False)


def keep(release: Path) -> None:
    """Bring the role that this box has up to a release; settings with a mistake leave it as it is."""
    try:
        role = wanted()
        if is_on():
            install_packages(role.packages)
            install(release, role)
        elif not role.is_alone:
            report(f"[room] in {SETTINGS} does nothing yet: deploy/deploy.sh --rooms applies it")
    except DeployError as error:
        report(str(error))


def install(release: Path, role: Role) -> None:
    """Install a release's files for a role; what was there for another role is removed."""
    if role.is_alone or not (release / "systemd" / SERVICE.name).exists():
        remove()
        return
    if role.serves:
        mpd_changes = _serve(release)
    else:
        mpd_changes = False
        _leave_server()
    _make_key(role)
    _install_drop_in(release / "systemd/snapclient-rooms.conf", CLIENT, role.server or "127.0.0.1")
    part = "serves" if role.serves else "plays-along"
    _install_drop_in(release / f"systemd/moodbox-room-{part}.conf", ROLE, role.server)
    install_file(release / "systemd" / SERVICE.name, SERVICE)
    run("systemctl", "daemon-reload")
    own = [SOCKET.name] * role.serves + [SERVICE.name]
    programs = ["snapserver.service"] * role.serves + ["snapclient.service"]
    run("systemctl", "enable", "--quiet", *own, *programs, check=False)
    run("systemctl", "reset-failed", *own, *programs, check=False)
    run("systemctl", "restart", *own, *programs, check=False)
    if mpd_changes:
        run("systemctl", "restart", "mpd.service", check=False)
    if role.serves:
        report("this box plays for all rooms: docs/rooms.md says how others play along")
    else:
        report(f"this box plays along with {role.server}")


def remove() -> None:
    """Remove all but the key, and let MPD play as before."""
    if not is_on():
        return
    own = (SERVICE.name, "snapclient.service")
    run("systemctl", "disable", "--now", "--quiet", *own, check=False)
    _leave_server()
    for file in (SERVICE, ROLE, CLIENT):
        delete(file)
        _remove_empty(file.parent)
    run("systemctl", "daemon-reload")


def _serve(release: Path) -> bool:
    """Install what only a box has that serves; return whether MPD has to be started again."""
    if INCLUDE not in (CONFIGURATION.read_text(errors="replace") if CONFIGURATION.exists() else ""):
        report(f"MPD plays in this room alone until you add this line to {CONFIGURATION}: {INCLUDE}")
    before = [file.exists() and file.read_bytes() for file in (OUTPUT, MPD)]
    install_file(release / "systemd/moodbox-rooms.tmpfiles.conf", PIPE)
    run("systemd-tmpfiles", "--create", PIPE)
    install_file(release / "deploy/mpd-rooms.conf", OUTPUT)
    install_file(release / "deploy/snapserver.conf", SNAPSERVER)
    install_file(release / "systemd/snapserver-rooms.conf", SERVER)
    install_file(release / "systemd/mpd-rooms.conf", MPD)
    install_file(release / "systemd" / SOCKET.name, SOCKET)
    return before != [file.read_bytes() for file in (OUTPUT, MPD)]


def _leave_server() -> None:
    """Undo what a box has that serves, if it did."""
    if not OUTPUT.exists():
        return
    run("systemctl", "disable", "--now", "--quiet", SOCKET.name, "snapserver.service", check=False)
    for file in SERVING:
        delete(file)
        _remove_empty(file.parent)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "mpd.service", check=False)
    shutil.rmtree(RUNTIME, ignore_errors=True)
    # MPD remembers which outputs are off, and the speaker was.
    listed = run(*MPC, "outputs", check=False).stdout
    if numbers := re.findall(r"^Output (\d+) ", listed, re.MULTILINE):
        run(*MPC, "enable", *numbers, check=False)


def _make_key(role: Role) -> None:
    """Make the key that all rooms share, at the box that serves; the others need a copy."""
    if KEY.exists():
        return
    if not role.serves:
        report(
            f"its presses do nothing yet: copy {KEY} from {role.server}, as docs/rooms.md says, and then"
            f" on this box: sudo systemctl restart {SERVICE.name}"
        )
        return
    with contextlib.suppress(FileExistsError):
        file = os.open(KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w") as key:
            key.write(secrets.token_hex(32) + "\n")


def _install_drop_in(source: Path, target: Path, server: str) -> None:
    """Install a drop-in that names the other box."""
    write_file(source.read_text().replace("@SERVER@", server).encode(), target)


def _remove_empty(folder: Path) -> None:
    if folder.name.endswith(".d") and folder.parent == UNITS:
        with contextlib.suppress(OSError):  # it holds a drop-in of the owner's
            folder.rmdir()
