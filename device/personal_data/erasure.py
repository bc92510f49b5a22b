"""Erases everything that the box has written down of its listeners: its files, and its play counts in MPD."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device.config import last_good, overlay
from device.config.settings import Settings
from device.errors import MemoryFileError, MoodboxError
from device.library import index
from device.mpd.connection import connected
from device.mpd.stickers import delete_plays
from device.personal_data.no_box import while_no_box_runs
from device.playback.memory import Memory, schema
from device.storage.folder_owner import acting_as_owner
from device.system import restart

VACUUM = "sudo journalctl --rotate --vacuum-time=1s"


@dataclass(frozen=True)
class Erased:
    """What was erased: the files by name, and the number of songs whose plays MPD no longer counts."""

    files: tuple[str, ...]
    songs: int


def erase(settings: Settings) -> Erased:
    """Erase the box's own files, and the stickers of songs whose plays and skips it has counted.

    What only switches or sets something stays: the camera's switch, and what was set on the page.

    Raises:
        ServiceError: A box runs, which would write them again.
        PlayerError: MPD cannot be reached; nothing was erased then.
        MemoryFileError: The box's memory cannot be read, or a file cannot be erased.
    """
    folder = settings.service.state_path()
    with _in_one_line(folder), while_no_box_runs(settings, "would write them again"):
        songs = _counted_songs(folder)
        if songs:
            with connected(settings.music) as client:
                for uri in songs:
                    delete_plays(client, uri)
        with acting_as_owner(folder):
            files = tuple(sorted(file.name for file in _own_files(folder)))
            for name in files:
                (folder / name).unlink(missing_ok=True)
    return Erased(files, len(songs))


@contextmanager
def _in_one_line(folder: Path) -> Iterator[None]:
    try:
        yield
    except MoodboxError:
        raise
    except OSError as error:
        problem = f"{error.filename or folder}: cannot be erased ({error.strerror})"
        raise MemoryFileError(f"{problem}: `sudo moodbox check` says why") from error


def _counted_songs(folder: Path) -> tuple[str, ...]:
    if not (folder / schema.FILE).exists():
        return ()
    with Memory.opened_for_command(folder) as opened:
        return opened.counted_songs()


def _own_files(folder: Path) -> Iterator[Path]:
    """Files by their names' first part: with them go SQLite's beside them, and those that were put aside."""
    for name in (schema.FILE, index.FILE, last_good.FILE):
        for file in folder.glob(f"{Path(name).stem}.*"):
            # What was set on the page says how the box is wired, as the settings file does.
            if file.name != overlay.FILE and (file.is_symlink() or not file.is_dir()):
                yield file
    if (folder / restart.FILE).exists():
        yield folder / restart.FILE
