"""What each verb of `moodbox` does. A verb takes the options and the settings, and returns the exit code.

Each verb imports what it needs itself: `status` must not wait for OpenCV, nor the first light for anything.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

from device import __version__
from device.cli.requests import send
from device.config.reading import DEFAULT_FILE
from device.config.settings import Model, Settings
from device.errors import ServiceError, SettingsError, install_command

if TYPE_CHECKING:
    from device.cli.check import Finding


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run the box until a signal ends it."""
    from device import daemon
    from device.storage.folder_owner import another_owner, name_of
    from device.system.heap import share_one_heap
    from device.system.logs import set_up_logs
    from device.system.private_memory import keep_memory_private

    if owner := another_owner(folder := settings.service.state_path()):
        raise ServiceError(
            f"{folder} belongs to {name_of(owner)}, so root does not run the box there: "
            f"`sudo systemctl start moodbox`, or `sudo -u {name_of(owner)} moodbox run`"
        )
    set_up_logs(logging.INFO, with_moods=settings.service.log_moods)
    source = options.settings or (DEFAULT_FILE if DEFAULT_FILE.exists() else "defaults")
    logging.info("moodbox %s, settings: %s", __version__, source)
    keep_memory_private()
    share_one_heap()
    return daemon.run(settings, settings_problem=options.settings_problem, settings_file=options.settings)


def look(options: argparse.Namespace, settings: Settings) -> int:
    """Observe once, or each picture by itself, and print the decision."""
    from device.cli.look import look_at_camera, look_at_pictures

    if options.each:
        return look_at_pictures(settings, in_json=options.json)
    return look_at_camera(settings, is_boxes_own=options.camera is None, in_json=options.json)


def check(options: argparse.Namespace, settings: Settings) -> int:
    """Try each part and print what was found."""
    from device.cli.check import check

    findings = check(settings, options.settings)
    print_findings(findings, in_json=options.json)
    return 0 if all(finding.works for finding in findings) else 1


def print_findings(findings: Sequence[Finding], *, in_json: bool) -> None:
    """Print one line for each finding, or one JSON array."""
    if in_json:
        print(json.dumps([{"part": f.part, "well": f.works, "what": f.message} for f in findings]))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.works else 'BAD '} {finding.part:9} {finding.message}")


def songs(options: argparse.Namespace, settings: Settings) -> int:
    """Print or draw the songs that the box would choose in a mood."""
    from device.cli.songs import plan as songs

    plan = songs.plan(settings, options.mood)
    if options.plot:
        songs.save_plot(settings, plan, options.plot)
    print(json.dumps(songs.as_object(plan)) if options.json else songs.as_table(plan))
    return 0


def hear(options: argparse.Namespace, settings: Settings) -> int:
    """Print what the box hears in each sound file."""
    from device.cli.hear import hear

    return hear(options.file, in_json=options.json)


def mood(options: argparse.Namespace, settings: Settings) -> int:
    """Set or forget what the user has said of a song, and print what is known of it."""
    from device.cli.songs import affect as song_affect
    from device.mpd.titles import is_stream

    uri, words = options.uri, options.word
    if options.playing:
        uri, words = song_affect.playing_uri(settings), [*([uri] if uri else []), *words]
    elif uri is None:
        raise SettingsError("mood: which song? Give its URI in MPD, or --playing for the one that plays")
    if options.unsay:
        song_affect.unsay(settings, uri)
        if is_stream(uri):
            return 0  # nothing else is known of it
    elif words:
        song_affect.set_own_affect(settings, uri, words)
    known = song_affect.describe(settings, uri)
    print(json.dumps(known) if options.json else song_affect.as_text(known))
    return 0


def forget(options: argparse.Namespace, settings: Settings) -> int:
    """Forget what the box has learned."""
    from device.cli.songs import plan as songs
    from device.personal_data.erasure import VACUUM, erase

    if not options.everything:
        print(songs.forget(settings))
        return 0
    erased = erase(settings)
    print(f"erased in {settings.service.state_path()}: {', '.join(erased.files) or 'nothing was there'}")
    print(f"songs whose plays and skips were erased in MPD's stickers: {erased.songs}")
    print(
        f"the journal keeps what the box has logged; to erase it, with that of all other programs: {VACUUM}"
    )
    return 0


def export(options: argparse.Namespace, settings: Settings) -> int:
    """Print what the box has learned."""
    from device.cli.songs.affect import folder_for_command
    from device.personal_data import transfer

    print(transfer.export(folder_for_command(settings)).text)
    return 0


def import_(options: argparse.Namespace, settings: Settings) -> int:
    """Replace what the box has learned by what another one has exported."""
    from device.cli.songs.affect import folder_for_command
    from device.personal_data import transfer

    learned = transfer.read(options.file)
    transfer.replace(settings, folder_for_command(settings), learned)
    print(
        f"imported: play counts: {len(learned.play_counts)}, affects that were set: {len(learned.affects)}, "
        f"songs that are never chosen: {len(learned.never)}, and what was learned from corrections"
    )
    return 0


def dark(options: argparse.Namespace, settings: Settings) -> int:
    """Put out the lights of a box that was killed: the kernel leaves a dead process's pins as they were."""
    from device.panel.lights import Indication, open_lights

    with closing(open_lights(settings.panel)) as lights:
        lights.show(Indication.OFF)
    return 0


def demo(options: argparse.Namespace, settings: Settings) -> int:
    """Run the demo in the terminal."""
    try:
        from device.demo.show import show
    except ImportError as error:
        needed = error.name or "a module"
        raise SettingsError(f"the demo needs {needed}: {install_command(needed)}") from error
    for number in (signal.SIGTERM, signal.SIGHUP):  # clean up, too, when the terminal is closed
        signal.signal(number, lambda which, _: sys.exit(128 + which))
    # Once the screen is there, Ctrl-C is a key that ends the demo, as `q` is; before, it must do the same.
    try:
        return show(options.camera, Model(path=options.model or ""))
    except KeyboardInterrupt:
        return 0


def window(options: argparse.Namespace, settings: Settings) -> NoReturn:
    """Become the web page's process. It is a client of the control socket, and no part of the box."""
    _become("window", settings, options.rest)


def room(options: argparse.Namespace, settings: Settings) -> NoReturn:
    """Become the process between the rooms, at the end that the settings say."""
    _become("room", settings, [*settings.room.end(), *options.rest])


def home(options: argparse.Namespace, settings: Settings) -> NoReturn:
    """Become the process that speaks to Home Assistant, which reads the settings file itself."""
    file = ["--settings", str(options.settings)] if options.settings else []
    _become("home", settings, [*file, *options.rest])


def _become(package: str, settings: Settings, rest: Sequence[str]) -> NoReturn:
    socket = str(settings.service.socket_path())
    command = [sys.executable, "-P", "-m", package, "--socket", socket, *rest]
    os.execv(sys.executable, command)  # noqa: S606 - without a shell


PROGRAMS = (window, room, home)
"""The verbs that become a program of its own, with its own options."""
WITH_LAST_GOOD_SETTINGS = (run, dark, send, *PROGRAMS)
"""The verbs of the running service. It runs on with the last good settings, so these verbs use them, too."""
