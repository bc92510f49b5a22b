"""Whether MPD may fetch streams from the network, as `music.streams` in the settings says."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

from common import SETTINGS, UNITS, delete, install_file, report

INPUTS = Path("/etc/moodbox/mpd-inputs.conf")
"""Which of MPD's inputs are off; deploy/mpd.conf includes it if it is there."""
SANDBOX = UNITS / "mpd.service.d" / "moodbox-no-streams.conf"
PLAYLISTS = Path("/var/lib/mpd/playlists")
SETTING = re.compile(r"^streams = false$", re.MULTILINE)
MAX_PLAYLIST_BYTES = 2**22
INCLUDE = f'include_optional "{INPUTS}"'


def wanted() -> bool:
    """Return whether MPD may fetch streams, and report it where somebody could wonder.

    Settings that do not say, as those of an older version, mean no, unless a stored playlist has a stream.
    """
    chosen = None
    # `moodbox check` reports it; `music` may be no table.
    with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
        chosen = tomllib.loads(SETTINGS.read_text("utf-8-sig")).get("music", {}).get("streams")
    names = ", ".join(sorted({playlist.stem for playlist in _playlists_with_streams()}))
    if chosen is None and names:
        report(f"MPD may use the network, because there are streams in: {names} (music.streams = true)")
        return True
    if not chosen and names:
        report(f"streams in {names} do not play: set music.streams = true in {SETTINGS}, and deploy again")
    return bool(chosen)


def allow_in(settings: Path) -> None:
    """Let a settings file that was just installed say that MPD may fetch streams."""
    settings.write_text(SETTING.sub("streams = true", settings.read_text()))


def configure(release: Path, configuration: Path, *, streams: bool) -> bool:
    """Let MPD fetch streams, or keep it from the network; return whether MPD has to be started again.

    Only a configuration that includes the box's file is concerned. What its owner wrote is never changed.
    """
    includes = configuration.exists() and INCLUDE in configuration.read_text(errors="replace")
    if not includes and not streams:
        report(f"MPD can fetch streams; this line in {configuration} would prevent that: {INCLUDE}")
    before = [file.exists() for file in (INPUTS, SANDBOX)]
    if includes and not streams:
        install_file(release / "deploy/mpd-inputs.conf", INPUTS)
        install_file(release / "systemd/mpd-no-streams.conf", SANDBOX)
    else:
        remove()
    return before != [file.exists() for file in (INPUTS, SANDBOX)]


def remove() -> None:
    """Remove the box's files, so that MPD is as Debian has it."""
    for file in (INPUTS, SANDBOX):
        delete(file)
    with contextlib.suppress(OSError):  # there is none, or it holds a drop-in of the user's
        SANDBOX.parent.rmdir()


def _playlists_with_streams() -> Iterator[Path]:
    """Yield the stored playlists of which a line is the address of a stream."""
    for playlist in PLAYLISTS.glob("*.m3u"):
        # The folder is MPD's: a pipe there must not keep the deploy, which is root, waiting for a writer.
        with contextlib.suppress(OSError), open(playlist, "rb", opener=_without_waiting) as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and re.search(
                rb"^[A-Za-z][A-Za-z0-9+.-]*://", file.read(MAX_PLAYLIST_BYTES), re.MULTILINE
            ):
                yield playlist


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
