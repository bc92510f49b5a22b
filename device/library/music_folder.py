"""Finds the folder of MPD's music files on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import mpd

from device.config import settings
from device.config.paths import expanded
from device.errors import SoundError
from device.mpd import responses
from device.mpd.connection import Client


def music_folder(client: Client, music: settings.Music) -> Path:
    """Find the folder of MPD's music files.

    Raises:
        SoundError: its files cannot be read; the message says why and what to do.
    """
    name = music.folder
    if not name:
        try:
            name = responses.configuration(client).music_directory
        except mpd.CommandError as error:
            raise SoundError(
                "MPD says only over its Unix socket where its music is: set music.folder"
            ) from error
    folder = expanded(name)
    if not (name and folder.is_absolute()):
        raise SoundError(f"MPD's music is in {name or 'no folder'}: if it is in one here, set music.folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SoundError(
            f"{folder} is not there, or may not be read by this user: correct that, or set music.folder"
        )
    return folder


def music_folder_if_readable(client: Client, music: settings.Music) -> Path | None:
    """Find the folder of MPD's music files; None if they cannot be read here."""
    try:
        return music_folder(client, music)
    except SoundError:
        return None
