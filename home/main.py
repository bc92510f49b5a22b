"""The process: its options, its bounds, and its end."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from device.config.home import Home
from device.config.reading import read_settings
from device.errors import SettingsError
from device.output import OneLineParser, written_out
from home.announced import Announced
from home.bounds import bound_memory, report_failed_threads
from home.topics import Topics, identifier

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it; at once, if no broker is set. Returns the exit code."""
    with written_out("moodbox home"):
        options = _parser().parse_args(arguments)
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        bound_memory()
        try:
            settings = read_settings(options.settings)
            home = settings.home
            if options.check:
                return _check(home)
            path = options.socket or settings.service.socket_path()
            return _run(home, path, options.state, only_remove=options.remove)
        except SettingsError as error:
            print(f"moodbox home: {error}", file=sys.stderr)
            return error.exit_code
        except OSError as error:
            print(f"moodbox home: {error.filename or options.state}: {error.strerror}", file=sys.stderr)
            return 1


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="moodbox home",
        description="Tell Home Assistant by MQTT what the box does, and let it steer.",
    )
    state = os.environ.get("STATE_DIRECTORY") or "~/.local/state/moodbox-home"
    add = parser.add_argument
    add("--settings", type=Path, metavar="FILE", help="default: /etc/moodbox/moodbox.toml")
    add("--socket", type=Path, help="the box's control socket; default: as in the settings")
    add("--state", type=Path, default=Path(state).expanduser(), metavar="FOLDER", help="for its own file")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--check", action="store_true", help="only say whether the broker can be reached")
    only.add_argument("--remove", action="store_true", help="only remove the box from Home Assistant")
    return parser


def _check(home: Home) -> int:
    from home.mqtt.once import reach

    if not home.broker:
        print("off: home.broker is not set")
        return 0
    failure = reach(home, _topics(home))
    print(f"{home.broker}: {failure or 'the broker lets the box in'}")
    return 1 if failure else 0


def _run(home: Home, box: Path, folder: Path, *, only_remove: bool) -> int:
    announced = Announced(folder)
    earlier = announced.read()
    if earlier and (only_remove or (earlier.broker, earlier.prefix) != (home.broker, home.prefix)):
        if failure := _removed(earlier):
            log.warning("the box cannot be removed from Home Assistant at %s: %s", earlier.broker, failure)
            if only_remove or not home.broker:
                return 1 if only_remove else 0  # the next start tries again
        announced.forget()
    if only_remove:
        return 0
    if not home.broker:
        log.info("off: home.broker is not set")
        return 0
    return _bridge(home, box, announced)


def _removed(earlier: Home) -> str:
    from home.mqtt.once import remove

    try:
        return remove(earlier, _topics(earlier))
    except SettingsError as error:
        return str(error)


def _bridge(home: Home, box: Path, announced: Announced) -> int:
    from home.bridge import Bridge

    name = home.name or socket.gethostname()

    def remember() -> None:
        try:
            announced.write(home)
        except OSError as error:  # a full disk costs only that the box cannot be removed there by itself
            log.warning("to which broker the box was announced cannot be kept: %s", error.strerror)

    bridge = Bridge(home, box, _topics(home), name, remember)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: bridge.end())
    report_failed_threads(bridge.end)
    return bridge.run()


def _topics(home: Home) -> Topics:
    return Topics(identifier(), home.prefix)
