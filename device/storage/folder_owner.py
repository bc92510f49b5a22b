"""Lets a command that root runs work in the box's folder with no more rights than the box itself has."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path


def another_owner(folder: Path) -> os.stat_result | None:
    """Return, for root alone, the status of a folder that another user owns, else None.

    A folder that does not exist yet belongs to the owner of its nearest parent.
    """
    if os.geteuid() != 0:
        return None
    found = next(path for path in (folder, *folder.absolute().parents) if path.exists()).stat()
    return found if found.st_uid != 0 else None


@contextlib.contextmanager
def acting_as_owner(folder: Path) -> Iterator[None]:
    """Give root the user and the groups of a folder's owner for the block; change nothing for anybody else.

    Whoever may write in the folder may put a link into it, or replace a file at any moment. A command
    of root's would follow that link, and create, change or give away a file somewhere else.
    """
    owner = another_owner(folder)
    if owner is None:
        yield
        return
    user, group, groups = os.geteuid(), os.getegid(), os.getgroups()
    os.setgroups(_groups_of(owner))
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)
        os.setgroups(groups)


def _groups_of(owner: os.stat_result) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:
        return [owner.st_gid]


def name_of(owner: os.stat_result) -> str:
    """Return the name of a folder's owner as `sudo -u` takes it."""
    try:
        return pwd.getpwuid(owner.st_uid).pw_name
    except KeyError:
        return f"#{owner.st_uid}"
