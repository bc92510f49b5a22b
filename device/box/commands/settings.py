"""The settings as a program shows them that lets their owner change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from device.box.commands.reply import OK, Actions, Reply
from device.config.overlay import NOT_ON_THE_PAGE, SettingsOverlay
from device.config.section import Section
from device.config.settings import Settings
from device.control import page_commands as page
from device.errors import SettingsError

KINDS = {
    "boolean": "bool", "integer": "int", "number": "float", "string": "text",
    "array": "list", "object": "table",
}  # fmt: skip
NOT_SHOWN = "music.password"


class SettingsRequests:
    """Carries out `settings` and `set`. Most keys take effect when the box starts again."""

    def __init__(
        self, overlay: SettingsOverlay, at_once: Mapping[str, Callable[[Settings], None]] | None = None
    ) -> None:
        """Take what was set, and for each key that takes effect at once what applies it."""
        self._overlay = overlay
        self._at_once = at_once or {}

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {page.Settings: self._settings, page.Set: self._set}

    def _settings(self, _: page.Settings) -> Reply:
        try:
            return {"settings": list(self._described())}
        except SettingsError as error:
            return {"error": str(error)}

    def _set(self, command: page.Set) -> Reply:
        value: Any = command.value
        section, _, name = command.key.partition(".")
        choices = _schema(section).get(name, {}).get("enum", ())
        value = next((choice for choice in choices if str(choice) == str(value)), value)  # "90" is 90 there
        try:
            self._overlay.set(command.key, value)
            if apply := self._at_once.get(command.key):
                apply(self._overlay.read()[0])
        except SettingsError as error:
            return {"error": str(error)}
        return OK

    def _described(self) -> Iterator[dict[str, Any]]:
        from device.config.documented import meanings  # loads Python's parser

        settings, _ = self._overlay.read()
        sources = self._overlay.sources()
        for name, section in msgspec.structs.asdict(settings).items():
            meaning, schemas = meanings(type(section)), _schema(name)
            defaults = msgspec.to_builtins(type(section)())
            for key, value in msgspec.to_builtins(section).items():
                schema = schemas[key]
                choices = schema.get("enum")
                yield {
                    "key": (full := f"{name}.{key}"),
                    "value": "" if full == NOT_SHOWN else value,
                    "default": defaults[key],
                    "meaning": meaning[key],
                    "kind": "choices" if choices else KINDS[schema["type"]],
                    "choices": choices,
                    "least": schema.get("minimum"),
                    "most": schema.get("maximum"),
                    "restart": full not in self._at_once,
                    "source": sources.get(full, "default"),
                    "fixed": NOT_ON_THE_PAGE.get(full),
                }


@lru_cache(maxsize=16)  # of whatever names clients send
def _schema(section: str) -> dict[str, Any]:
    """Return the JSON schema of each key; nothing for a section that is not known."""
    kind = type(getattr(Settings(), section, None))
    if not issubclass(kind, Section):
        return {}
    properties: dict[str, Any] = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return properties
