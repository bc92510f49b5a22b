"""Names what is in the place of the box's folder: the system says only that nothing can be written."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from device.printable import printable


def why_no_folder(folder: Path) -> str:
    """Say what is where a folder, or one above it, should be.

    A link may lead to a disk that is not connected.

    Returns:
        "" if there is a folder, if one can be made, or if this user cannot see it.
    """
    with suppress(PermissionError):
        for path in (folder, *folder.parents):
            if path.is_dir():
                return ""
            if path.is_symlink():
                return f"{path} is a link to {printable(path.readlink())}, and no folder can be reached there"
            if os.path.lexists(path):
                return f"{path} is not a folder"
    return ""
