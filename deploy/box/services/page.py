"""The box's page: opened by `deploy.sh --window`, kept by later deploys, closed by `--no-window`."""

from __future__ import annotations

import contextlib
import grp
import http.client
import os
import pwd
from pathlib import Path

from common import (
    CURRENT,
    GROUP,
    NOTHING,
    UNHEALTHY,
    UNITS,
    DeployError,
    delete,
    health_check_timeout_s,
    install_file,
    report,
    run,
)
from music import MUSIC

SOCKET, SERVICE = UNITS / "moodbox-window.socket", UNITS / "moodbox-window.service"
USERS = Path("/etc/sysusers.d/moodbox-window.conf")
AVAHI = Path("/etc/avahi/services/moodbox.service")
USER = "moodbox-window"
UPLOADS = MUSIC / "uploads"
UPLOADS_MODE = 0o2755  # MPD's user, which is in neither group, reads them


def is_on() -> bool:
    """Tell whether the page is switched on."""
    return SOCKET.exists()


def switch_on() -> None:
    """Install the page of the current release, and open its port.

    Raises:
        DeployError: If the current release has no page.
    """
    release = CURRENT.resolve()
    if not _has_window(release):
        raise DeployError(
            NOTHING, "the release on this box has no page: deploy this one first, without --window"
        )
    install(release)
    run("systemctl", "enable", "--now", "--quiet", SOCKET.name)
    if not _answers():
        raise DeployError(
            UNHEALTHY, f"the page does not answer: journalctl -u {SERVICE.name} on the box says why"
        )
    name = run("hostname").stdout.strip()
    report(f"the page is at http://{name}.local or http://{name}: press the box's button to let a browser in")
    if not AVAHI.parent.exists():
        report("without avahi-daemon the name with .local is not known: sudo apt install avahi-daemon")


def install(release: Path) -> None:
    """Install a release's files for the page. What runs ends, and starts anew when a browser comes."""
    if not _has_window(release):
        run("systemctl", "disable", "--now", "--quiet", SOCKET.name, SERVICE.name, check=False)
        return
    install_file(release / "systemd/moodbox-window.sysusers.conf", USERS)
    run("systemd-sysusers", USERS)
    share_uploads()
    for unit in (SOCKET, SERVICE):
        install_file(release / "systemd" / unit.name, unit)
    if AVAHI.parent.exists():
        install_file(release / "deploy/moodbox.avahi.xml", AVAHI)
    run("systemctl", "daemon-reload")
    run("systemctl", "stop", SERVICE.name, check=False)
    run("systemctl", "reset-failed", SOCKET.name, SERVICE.name, check=False)
    run("systemctl", "enable", "--now", "--quiet", SOCKET.name, check=False)


def switch_off() -> None:
    """Close the port, and remove the page; which browsers were let in is kept.

    Raises:
        DeployError: If there is no page.
    """
    if not is_on():
        raise DeployError(NOTHING, "the page is not switched on")
    remove()
    report("the page is closed")


def remove() -> None:
    """Remove all of the page but its list of browsers and the songs that were uploaded."""
    run("systemctl", "disable", "--now", "--quiet", SOCKET.name, SERVICE.name, check=False)
    for file in (SOCKET, SERVICE, USERS, AVAHI):
        delete(file)
    run("systemctl", "daemon-reload")


def share_uploads() -> None:
    """Create the folder for uploads in MPD's music, if that is a folder on a disk that has owners."""
    with contextlib.suppress(OSError, KeyError):
        music = os.open(MUSIC, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(UPLOADS.name, 0o755, dir_fd=music)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            folder = os.open(UPLOADS.name, flags, dir_fd=music)
            try:
                os.fchown(folder, pwd.getpwnam(USER).pw_uid, grp.getgrnam(GROUP).gr_gid)
                os.fchmod(folder, UPLOADS_MODE)
            finally:
                os.close(folder)
        finally:
            os.close(music)


def _answers() -> bool:
    """Ask for the page that says how to pair, which starts the service."""
    page = http.client.HTTPConnection("localhost", timeout=health_check_timeout_s())
    try:
        page.request("GET", "/pair")
        return page.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        page.close()


def _has_window(release: Path) -> bool:
    return (release / "systemd" / SOCKET.name).exists()
