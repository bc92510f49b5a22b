"""Makes sure that no box runs while a command replaces or erases its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from device.config.settings import Settings
from device.control.client import ask
from device.errors import MemoryFileError, NoBoxError, ServiceError
from device.storage.folder_lock import held_by_command

SERVICE_SOCKET = Path("/run/moodbox/control.sock")


@contextmanager
def while_no_box_runs(settings: Settings, why: str) -> Iterator[None]:
    """Keep a box from reading its files for the block: one that is started meanwhile waits.

    Args:
        settings: The settings of the box.
        why: What a running box would do, for the message.

    Raises:
        ServiceError: A box runs.
        MemoryFileError: The folder of its files cannot be locked.
    """
    running = ServiceError(f"the box runs, and {why}: first {_how_to_end(settings)}")
    folder = settings.service.state_path()
    with ExitStack() as stack:
        try:
            is_alone = stack.enter_context(held_by_command(folder))
        except OSError as error:
            problem = f"{folder}: cannot be locked ({error.strerror}): `sudo moodbox check` says why"
            raise MemoryFileError(problem) from error
        if not is_alone:
            raise running
        try:  # a box without a disk holds no lock
            ask(settings.service.socket_path(), "status")
        except NoBoxError:
            pass
        else:
            raise running
        yield


def _how_to_end(settings: Settings) -> str:
    if settings.service.socket_path() == SERVICE_SOCKET:
        return "`sudo systemctl stop moodbox`"
    return "end it where it was started (a demo with the key q; it keeps nothing)"
