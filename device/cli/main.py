"""The verbs of the box: run, look, check, status, press, skip, songs, mood, forget, dark, demo."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from device import __version__
from device.config.last_good import read_or_last_good
from device.config.reading import DEFAULT_FILE, check_source, read_settings
from device.config.settings import Settings
from device.errors import MoodboxError, SettingsError
from device.mood import Mood
from device.printable import printable

if TYPE_CHECKING:
    from device.cli.check import Finding
    from device.mood import Decision

# Each verb loads what it needs: `status` must not wait for OpenCV, nor the first light for anything else.


def main(arguments: Sequence[str] | None = None) -> int:
    _print_whatever_comes()
    options = _parser().parse_args(arguments)
    try:
        if options.verb in ON_A_BROKEN_FILE:
            settings, options.broken = read_or_last_good(options.settings)
        else:
            settings = read_settings(options.settings)
        if getattr(options, "camera", None) is not None:
            check_source(options.camera)
            settings = msgspec.structs.replace(
                settings, camera=msgspec.structs.replace(settings.camera, source=options.camera)
            )
        code: int = options.verb(options, settings)
        sys.stdout.flush()
    except MoodboxError as error:
        if options.verb is _check and isinstance(error, SettingsError):
            from device.cli.check import not_checked

            _print_findings(not_checked(error), in_json=options.json)
        else:
            print(f"moodbox: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        # What is left to print has nowhere to go: `moodbox look ... | head`, or a full disk.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return 141
        print(f"moodbox: cannot write: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _print_whatever_comes() -> None:
    """What the terminal's encoding lacks, and bytes of a file name that are not UTF-8, appear as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where there is no such file
            stream.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--settings", type=Path, metavar="FILE", help="default: /etc/moodbox/moodbox.toml")
    camera = argparse.ArgumentParser(add_help=False)
    camera.add_argument(
        "--camera", metavar="SOURCE", help="auto, picamera2, webcam:N, images:PATH or video:FILE"
    )
    in_json = argparse.ArgumentParser(add_help=False)
    in_json.add_argument("--json", action="store_true", help="for scripts")

    parser = argparse.ArgumentParser(prog="moodbox", description="From a face to a song.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, verb, parents, what in (
        ("run", _run, [shared, camera], "be the box, until SIGTERM"),
        ("look", _look, [shared, camera, in_json], "one look: which mood is it?"),
        ("check", _check, [shared, camera, in_json], "can each part serve?"),
        ("status", _status, [shared, in_json], "how is the running box?"),
        ("press", _press, [shared], "the same as the button"),
        ("skip", _skip, [shared], "the same as two quick presses: on to the next song"),
        ("songs", _songs, [shared, in_json], "which songs would play next in a mood, and why?"),
        ("mood", _mood, [shared, in_json], "say where a song lies: a mood, or valence and energy"),
        ("forget", _forget, [shared], "begin to learn afresh; what you said of songs stays"),
        ("dark", _dark, [shared], "put out the lights of a box that was killed"),
        ("demo", _demo, [camera], "the box on a laptop, with its own music and a panel in the terminal"),
    ):
        added = verbs.add_parser(name, help=what, description=what, parents=parents)
        added.set_defaults(verb=verb, settings=None)
        if name == "look":
            added.add_argument("--each", action="store_true", help="judge every picture by itself")
        if name == "songs":
            added.add_argument("--mood", required=True, help=f"of the listener: {', '.join(Mood)}")
            added.add_argument(
                "--plot", type=Path, metavar="FILE.svg", help="draw all songs, and the way through them"
            )
        if name == "mood":
            added.add_argument("uri", metavar="URI", help="as MPD names it")
            words = "happy, sad, calm ..., or two numbers from 0 to 1; without, it says what is known"
            added.add_argument("word", metavar="WORD", nargs="*", help=words)
            added.add_argument("--unsay", action="store_true", help="forget what was said of the song")
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    from device import daemon
    from device.system.control_socket import set_up_log

    set_up_log(logging.INFO)
    read = options.settings or (DEFAULT_FILE if DEFAULT_FILE.exists() else "defaults")
    logging.info("moodbox %s, settings: %s", __version__, read)
    if options.broken:
        logging.warning("settings: %s", options.broken)
    return daemon.run(settings, broken=options.broken)


def _look(options: argparse.Namespace, settings: Settings) -> int:
    from device.vision.camera import camera_factory

    open_camera = camera_factory(settings.camera)
    kind, _, path = settings.camera.source.partition(":")
    if options.each and kind != "images":
        raise SettingsError("--each judges pictures: add --camera images:PATH")
    code = 0
    if options.each:
        for source, decision in _each(path, settings):
            if isinstance(decision, MoodboxError):
                print(f"moodbox: {decision}", file=sys.stderr)
                code = decision.exit_code
            else:
                _print_decision(source, decision, in_json=options.json)
        return code
    from device.vision.observation import FaceAnalyzer, observe

    with open_camera() as camera:
        decision = observe(FaceAnalyzer(settings.model, settings.look), camera, settings.look)
    _print_decision(settings.camera.source, decision, in_json=options.json)
    return code


def _each(path: str, settings: Settings) -> Iterator[tuple[str, Decision | MoodboxError]]:
    """Each picture with what is seen in it, or why it cannot be read; each folder that cannot be read."""
    from device.errors import CameraError
    from device.vision.camera import PictureCamera, source_path
    from device.vision.observation import FaceAnalyzer, observe
    from device.vision.pictures import find_pictures

    closed: list[CameraError] = []
    pictures = find_pictures(source_path(path), closed.append)
    analyzer = FaceAnalyzer(settings.model, settings.look)
    for picture in pictures:
        try:
            yield str(picture), observe(analyzer, PictureCamera([picture]), settings.look)
        except CameraError as error:
            yield str(picture), error
    yield from (("", error) for error in closed)


def _print_decision(source: str, decision: Decision, *, in_json: bool) -> None:
    if in_json:
        print(
            json.dumps(
                {
                    "source": source,
                    "mood": decision.mood,
                    "verdict": decision.outcome,
                    "confidence": round(decision.confidence, 4),
                    "probabilities": decision.probabilities
                    and {mood: round(p, 4) for mood, p in decision.probabilities.items()},
                    "face": decision.face and decision.face[:4],
                }
            )
        )
        return
    word = decision.mood or decision.outcome.replace("_", " ")
    print(f"{printable(source)}: {word}" + (f" ({decision.confidence:.0%})" if decision.face else ""))


def _check(options: argparse.Namespace, settings: Settings) -> int:
    from device.cli.check import check

    findings = check(settings)
    _print_findings(findings, in_json=options.json)
    return 0 if all(finding.well for finding in findings) else 1


def _print_findings(findings: Sequence[Finding], *, in_json: bool) -> None:
    if in_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.well else 'BAD '} {finding.part:9} {finding.what}")


def _status(options: argparse.Namespace, settings: Settings) -> int:
    from device.system.control_socket import ask

    status = ask(settings.service.socket_path(), "status")
    if options.json:
        print(json.dumps(status))
    else:
        for key, value in status.items():
            if key == "trouble":
                for part, what in value.items():
                    print(f"{'trouble':12} {part}: {what}")
            elif key == "start":
                parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in value.items())
                print(f"{key:12} {parts}")
            elif isinstance(value, bool):
                print(f"{key:12} {'yes' if value else 'no'}")
            else:
                print(f"{key:12} {'-' if value is None else value}")
    return 0


def _press(options: argparse.Namespace, settings: Settings) -> int:
    from device.system.control_socket import ask

    ask(settings.service.socket_path(), "press")
    return 0


def _skip(options: argparse.Namespace, settings: Settings) -> int:
    from device.system.control_socket import ask

    ask(settings.service.socket_path(), "skip")
    return 0


def _songs(options: argparse.Namespace, settings: Settings) -> int:
    from device.cli import songs

    plan = songs.plan(settings, options.mood)
    if options.plot:
        songs.save_plot(settings, plan, options.plot)
    print(json.dumps(songs.as_object(plan)) if options.json else songs.as_table(plan))
    return 0


def _mood(options: argparse.Namespace, settings: Settings) -> int:
    from device.cli import songs

    if options.unsay:
        songs.remove_own_affect(settings, options.uri)
    elif options.word:
        songs.set_own_affect(settings, options.uri, options.word)
    known = songs.describe(settings, options.uri)
    if options.json:
        print(json.dumps(known))
    else:
        print(songs.as_text(known))
    return 0


def _forget(options: argparse.Namespace, settings: Settings) -> int:
    from device.cli import songs

    songs.forget(settings)
    return 0


def _dark(options: argparse.Namespace, settings: Settings) -> int:
    """A Pi's kernel leaves a pin as it was when its process dies: its lights would tell a mood for ever."""
    from contextlib import closing

    from device.panel.lights import Indication, open_lights

    with closing(open_lights(settings.panel)) as lights:
        lights.show(Indication.OFF)
    return 0


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    try:
        from device.demo.show import show
    except ImportError as error:
        raise SettingsError(f"the demo needs {error.name}: pip install 'moodbox[demo]'") from error
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that it tidies up when its terminal is closed, too
        signal.signal(number, lambda which, _: sys.exit(128 + which))
    return show(options.camera)


ON_A_BROKEN_FILE = (_run, _dark, _status, _press, _skip)
"""Verbs of the running service: it goes on with the last good settings, and so do those who ask it."""
