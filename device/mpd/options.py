"""The options of MPD that the box's settings name; all others stay as their owner has set them."""

from __future__ import annotations

import logging
from functools import partial

import mpd

from device.config import settings
from device.mpd.connection import Client, printable

log = logging.getLogger(__name__)


def apply_settings(client: Client, music: settings.Music, start_volume: int) -> None:
    """Set what the settings name.

    Args:
        client: The connection.
        music: The settings.
        start_volume: In percent; -1 to leave the volume as it is.
    """
    commands = []
    if music.crossfade >= 0:
        commands.append(partial(client.crossfade, music.crossfade))
    if music.replay_gain:
        commands.append(partial(client.replay_gain_mode, music.replay_gain))
    if start_volume >= 0:
        commands.append(partial(client.setvol, start_volume))
    for command in commands:
        try:
            command()
        except mpd.CommandError as error:
            log.warning("MPD refuses a value from the settings: %s", printable(str(error)))
