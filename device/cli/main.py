"""The command line: options, settings and exit codes. `verbs` has what each verb does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from device import __version__
from device.cli import verbs
from device.cli.requests import send
from device.cli.terminal_output import harmless_output, open_standard_streams
from device.config.last_good import read_or_last_good
from device.config.overlay import read_with_overlay
from device.config.reading import check_source
from device.config.settings import Settings
from device.control.command import Command
from device.control.protocol import COMMANDS
from device.errors import MoodboxError, SettingsError
from device.mood import Mood
from device.output import OneLineParser, written_out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; docs/scripts.md lists them. The default is `sys.argv`."""
    open_standard_streams()
    with written_out("moodbox"):
        with harmless_output():
            arguments = sys.argv[1:] if arguments is None else arguments
            options, unknown = _parser(arguments).parse_known_args(arguments)
            # Reported by the verb's own parser, whose help has what the verb takes.
            if unknown and options.verb not in verbs.PROGRAMS:
                options.parser.error(f"unknown: {' '.join(unknown)}")
            options.rest = unknown
            if options.verb not in (verbs.demo, *verbs.PROGRAMS):
                return _run(options)
        return _run(options)  # it draws with control characters, or is a program of its own


def _run(options: argparse.Namespace) -> int:
    try:
        code: int = options.verb(options, _settings(options))
    except MoodboxError as error:
        if options.verb is verbs.check and isinstance(error, SettingsError):
            from device.cli.check import not_checked

            verbs.print_findings(not_checked(error), in_json=options.json)
        else:
            print(f"moodbox: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return code


def _settings(options: argparse.Namespace) -> Settings:
    options.settings_problem = None
    if options.verb in verbs.WITH_LAST_GOOD_SETTINGS:
        is_box = options.verb is verbs.run
        settings, options.settings_problem = read_or_last_good(options.settings, is_box=is_box)
    else:
        settings, problem = read_with_overlay(options.settings)
        if problem and options.verb is verbs.check:
            raise SettingsError(problem)
        if problem:
            print(f"moodbox: {problem}", file=sys.stderr)
    if getattr(options, "camera", None) is not None:
        check_source(options.camera)
        camera = msgspec.structs.replace(settings.camera, source=options.camera)
        settings = msgspec.structs.replace(settings, camera=camera)
    return settings


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser for these arguments: to make those of all other verbs would hold each command up."""
    shared = OneLineParser(add_help=False)
    shared.add_argument("--settings", type=Path, metavar="FILE", help="default: /etc/moodbox/moodbox.toml")
    camera = OneLineParser(add_help=False)
    camera.add_argument(
        "--camera",
        metavar="SOURCE",
        help="auto, picamera2[:N], webcam:N, webcam:/dev/PATH, images:PATH or video:FILE",
    )
    in_json = OneLineParser(add_help=False)
    in_json.add_argument("--json", action="store_true", help="print JSON, for scripts")

    parser = OneLineParser(
        prog="moodbox",
        usage="moodbox COMMAND [OPTIONS]",
        description="Tells a mood from a face and plays songs that fit it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    # Its own list would mix the commands of every day with those that systemd runs.
    added = parser.add_subparsers(required=True, metavar="COMMAND", prog="moodbox", help=argparse.SUPPRESS)
    all_verbs = (
        ("run", verbs.run, [shared, camera], "run the box, until SIGTERM"),
        ("look", verbs.look, [shared, camera, in_json], "observe once and print the mood"),
        ("check", verbs.check, [shared, camera, in_json], "check whether each part works"),
        *((c.name, c, [shared, in_json], c.summary) for c in COMMANDS if c.on_command_line),
        ("songs", verbs.songs, [shared, in_json], "print which songs would be chosen in a mood, and why"),
        ("hear", verbs.hear, [shared, in_json], "print what the box hears in sound files, without MPD"),
        ("mood", verbs.mood, [shared, in_json], "set a song's affect: a mood, or valence and energy"),
        (
            "forget",
            verbs.forget,
            [shared],
            "forget what was learned; affects that you set stay",
        ),
        ("export", verbs.export, [shared], "print what was learned, to carry it to another box"),
        ("import", verbs.import_, [shared], "replace what was learned by what another box has exported"),
        ("dark", verbs.dark, [shared], "put out the lights of a box that was killed"),
        ("demo", verbs.demo, [camera], "run the box in a terminal, with music and a panel of its own"),
        ("window", verbs.window, [shared], "serve a web page that shows what the box does, and steers it"),
        ("room", verbs.room, [shared], "carry presses from one room to the box that plays for all rooms"),
        ("home", verbs.home, [shared], "tell Home Assistant by MQTT what the box does, and let it steer"),
    )
    named = [each for each in all_verbs if each[0] in arguments[:1]]
    if not named:
        from device.cli.command_groups import in_groups

        parser.epilog = in_groups({name: what for name, _, _, what in all_verbs})
    for name, verb, parents, what in named or all_verbs:
        # The verbs of PROGRAMS are programs of their own, with their own help.
        subparser = added.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            parents=parents,
            add_help=verb not in verbs.PROGRAMS,
        )
        subparser.set_defaults(parser=subparser)
        if isinstance(verb, type) and issubclass(verb, Command):
            subparser.set_defaults(verb=send, command=verb, word=None, settings=None)
            if verb.word:
                optional = "?" if verb.word.startswith("[") else None
                subparser.add_argument(
                    "word", metavar=verb.word.strip("[]"), nargs=optional, help=verb.word_help
                )
            for switch, meaning in verb.switches.items():
                subparser.add_argument(f"--{switch}", action="store_true", help=meaning)
            continue
        subparser.set_defaults(verb=verb, settings=None)
        if name == "look":
            subparser.add_argument("--each", action="store_true", help="judge every picture by itself")
        if name == "forget":
            subparser.add_argument(
                "--everything",
                action="store_true",
                help="erase all of the box's own files, and its play counts in MPD's stickers",
            )
        if name == "demo":
            subparser.add_argument("--model", metavar="MODEL", help="mood3, mood7, or a .tflite file")
        if name == "songs":
            moods = f"{', '.join(Mood)}, or several as in happy=0.45,sad=0.55"
            default = "default: what the running box has chosen its music for"
            subparser.add_argument("--mood", help=f"the listener's: {moods}; {default}")
            subparser.add_argument(
                "--plot",
                type=Path,
                metavar="FILE.svg",
                help="draw all songs, and the trajectory through them",
            )
        if name == "import":
            subparser.add_argument(
                "file", type=Path, metavar="FILE", help="what `moodbox export` has printed"
            )
        if name == "hear":
            subparser.add_argument("file", metavar="FILE", nargs="+", help="a sound file")
        if name == "mood":
            subparser.add_argument("uri", metavar="URI", nargs="?", help="the song's URI in MPD")
            subparser.add_argument("--playing", action="store_true", help="the song that plays, not URI")
            terms = "happy, sad, calm ..., or two numbers from 0 to 1; without it, print what is known"
            subparser.add_argument("word", metavar="WORD", nargs="*", help=terms)
            unsay = "forget the affect that you set, and `moodbox never`"
            subparser.add_argument("--unsay", action="store_true", help=unsay)
    return parser
