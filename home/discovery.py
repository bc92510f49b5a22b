"""What Home Assistant is told of the box's entities: one message for the whole device.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload describes its form.
"""

from __future__ import annotations

from typing import Any, get_args

from device.config import minute_of_day
from device.config.settings import Style
from device.control.timer_commands import MAX_MINUTES
from device.mood import Mood, Outcome
from home.state import SEEN
from home.topics import Topics

Component = dict[str, Any]

PRESSES = ("short", "double", "long")


def discovery(topics: Topics, name: str, version: str) -> dict[str, Any]:
    """Return the message.

    Args:
        topics: The box's topics.
        name: What the box is called in Home Assistant.
        version: The installed version of moodbox.
    """
    return {
        "device": {
            "identifiers": [topics.box],
            "name": name,
            "manufacturer": "moodbox",
            "model": "moodbox",
            "sw_version": version,
        },
        "origin": {"name": "moodbox", "sw_version": version},
        "availability": [{"topic": topics.availability}],
        "components": {
            key: {"unique_id": f"{topics.box}_{key}"} | component
            for key, component in _components(topics).items()
        },
    }


def _components(topics: Topics) -> dict[str, Component]:
    seen = [*Mood, Outcome.UNSURE, Outcome.NO_FACE]
    return {
        "mood": _sensor(topics, "mood", "Mood", "mdi:emoticon-outline")
        | {"device_class": "enum", "options": [str(each) for each in seen]}
        | _attributes(topics, "probabilities"),
        "confidence": _sensor(topics, "confidence", "Confidence", "mdi:gauge")
        | {"unit_of_measurement": "%", "suggested_display_precision": 0},
        "song": _sensor(topics, "song", "Song", "mdi:music"),
        "version": _sensor(topics, "version", "Version", "mdi:tag-outline")
        | {"entity_category": "diagnostic"},
        "trouble": {
            "platform": "binary_sensor",
            "name": "Trouble",
            "device_class": "problem",
            "payload_on": "on",
            "payload_off": "off",
        }
        | _state(topics, "trouble")
        | _attributes(topics, "what"),
        "look": _button(topics, "look", "Look", "mdi:eye"),
        "next": _button(topics, "next", "Next song", "mdi:skip-next"),
        "pause": _button(topics, "pause", "Pause or go on", "mdi:play-pause"),
        "volume": {
            "platform": "number",
            "name": "Volume",
            "icon": "mdi:volume-high",
            "min": 0,
            "max": 100,
            "step": 1,
            "unit_of_measurement": "%",
        }
        | _state(topics, "volume")
        | _command(topics, "volume"),
        "by_hand": _select(topics, "by_hand", "Mood by hand", [SEEN, *map(str, Mood)]),
        "style": _select(topics, "style", "Style", list(get_args(Style))) | {"entity_category": "config"},
        "camera": _switch(topics, "camera", "Camera", "mdi:camera"),
        "sleep": {
            "platform": "number",
            "name": "Sleep timer",
            "icon": "mdi:sleep",
            "min": 0,
            "max": MAX_MINUTES,
            "step": 1,
            "unit_of_measurement": "min",
        }
        | _state(topics, "sleep")
        | _command(topics, "sleep"),
        "sleep_ends": _sensor(topics, "sleep_ends", "Music pauses", "mdi:timer-outline")
        | {"device_class": "timestamp"},
        "wake": {
            "platform": "text",
            "name": "Wake time",
            "icon": "mdi:alarm",
            "max": 5,
            "pattern": f"^({minute_of_day.PATTERN})?$",
        }
        | _state(topics, "wake")
        | _command(topics, "wake"),
        "wake_on": _switch(topics, "wake_on", "Wake", "mdi:alarm-check"),
        "press": {
            "platform": "event",
            "name": "Button",
            "device_class": "button",
            "event_types": list(PRESSES),
            "state_topic": topics.press,
        },
    }


def _sensor(topics: Topics, key: str, name: str, icon: str) -> Component:
    return {"platform": "sensor", "name": name, "icon": icon} | _state(topics, key)


def _button(topics: Topics, key: str, name: str, icon: str) -> Component:
    return {"platform": "button", "name": name, "icon": icon} | _command(topics, key)


def _switch(topics: Topics, key: str, name: str, icon: str) -> Component:
    return (
        {"platform": "switch", "name": name, "icon": icon, "payload_on": "on", "payload_off": "off"}
        | _state(topics, key)
        | _command(topics, key)
    )


def _select(topics: Topics, key: str, name: str, options: list[str]) -> Component:
    return (
        {"platform": "select", "name": name, "options": options} | _state(topics, key) | _command(topics, key)
    )


def _state(topics: Topics, key: str) -> Component:
    return {"state_topic": topics.state, "value_template": f"{{{{ value_json.{key} }}}}"}


def _attributes(topics: Topics, key: str) -> Component:
    template = f"{{{{ value_json.{key} | tojson }}}}"
    return {"json_attributes_topic": topics.state, "json_attributes_template": template}


def _command(topics: Topics, key: str) -> Component:
    return {"command_topic": topics.command(key)}
