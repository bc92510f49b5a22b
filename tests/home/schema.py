"""What Home Assistant takes in a message for a whole device, as its documentation says.

Written after https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, the pages
https://www.home-assistant.io/integrations/sensor.mqtt/, and likewise binary_sensor, button, number, select,
switch, text and event, and DEVICE_DISCOVERY_SCHEMA in Home Assistant's
homeassistant/components/mqtt/schemas.py.
A key that is not here is not known to Home Assistant, or not used by the box.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Topic = Annotated[str, Meta(min_length=1, max_length=65535, pattern=r"^[^+#\x00]+$")]
"""One that something is published on."""
Template = Annotated[str, Meta(pattern=r"^\{\{ value_json(\.\w+)+( \| tojson)? \}\}$")]
"""Of the templates of Home Assistant those that pick one value out of JSON."""
Icon = Annotated[str, Meta(pattern=r"^mdi:[a-z0-9-]+$")]
Words = Annotated[str, Meta(min_length=1, max_length=255)]
Options = Annotated[list[Words], Meta(min_length=1)]
Category = Literal["config", "diagnostic"]


class Exact(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """No key but these."""


class DeviceInfo(Exact):
    """The device registry's entry."""

    identifiers: Annotated[list[Words], Meta(min_length=1)]
    name: Words
    manufacturer: Words
    model: Words
    sw_version: Words


class Origin(Exact):
    """Who sends the message; its name is required."""

    name: Words
    sw_version: Words


class Availability(Exact):
    """payload_available is "online", payload_not_available "offline", unless the message says otherwise."""

    topic: Topic


class Component(Exact, kw_only=True, tag_field="platform"):
    """What every entity has. In a message for a device each needs a unique_id."""

    unique_id: Words
    name: Words
    icon: Icon | None = None
    entity_category: Category | None = None
    json_attributes_topic: Topic | None = None
    json_attributes_template: Template | None = None


class Sensor(Component, kw_only=True, tag="sensor"):
    """With options it is an enumeration, and has no unit."""

    state_topic: Topic
    value_template: Template
    device_class: Literal["enum", "timestamp"] | None = None
    options: Options | None = None
    unit_of_measurement: Words | None = None
    suggested_display_precision: int | None = None

    def __post_init__(self) -> None:
        """As validate_sensor_platform_config in sensor.py, and the check of the category in entity.py."""
        if (self.device_class == "enum") != (self.options is not None):
            raise ValueError("options and the class enum come together")
        if self.options and self.unit_of_measurement:
            raise ValueError("an enumeration has no unit")
        if self.entity_category == "config":
            raise ValueError("a sensor is never of the category config")


class BinarySensor(Component, kw_only=True, tag="binary_sensor"):
    """Its state is one of two payloads."""

    state_topic: Topic
    value_template: Template
    device_class: Literal["problem"]
    payload_on: Words
    payload_off: Words


class Button(Component, kw_only=True, tag="button"):
    """It sends payload_press, which is "PRESS" unless the message says otherwise."""

    command_topic: Topic


class Number(Component, kw_only=True, tag="number"):
    """min is less than max; the step is at least 0.001."""

    command_topic: Topic
    state_topic: Topic
    value_template: Template
    min: float
    max: float
    step: Annotated[float, Meta(ge=0.001)]
    unit_of_measurement: Words

    def __post_init__(self) -> None:
        """As validate_config in number.py."""
        if self.min >= self.max:
            raise ValueError("min must be less than max")


class Select(Component, kw_only=True, tag="select"):
    """It sends one of its options."""

    command_topic: Topic
    state_topic: Topic
    value_template: Template
    options: Options


class Switch(Component, kw_only=True, tag="switch"):
    """state_on and state_off are the payloads."""

    command_topic: Topic
    state_topic: Topic
    value_template: Template
    payload_on: Words
    payload_off: Words


class Text(Component, kw_only=True, tag="text"):
    """A state that is longer than max, or does not match the pattern, is refused."""

    command_topic: Topic
    state_topic: Topic
    value_template: Template
    max: Annotated[int, Meta(ge=0, le=255)]
    pattern: str


class Event(Component, kw_only=True, tag="event"):
    """The messages on its topic are JSON with `event_type`, one of event_types."""

    state_topic: Topic
    event_types: Options
    device_class: Literal["button", "doorbell", "motion"]


class Device(Exact):
    """The whole message; device, origin and components are required."""

    device: DeviceInfo
    origin: Origin
    availability: list[Availability]
    components: dict[
        Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]+$")],
        Sensor | BinarySensor | Button | Number | Select | Switch | Text | Event,
    ]


def checked(message: dict[str, Any]) -> Device:
    """Return the message, as Home Assistant understands it. Raises msgspec.ValidationError."""
    device = msgspec.convert(message, Device)
    ids = [component.unique_id for component in device.components.values()]
    assert len(set(ids)) == len(ids), "two entities have the same unique_id"
    return device


def rendered(template: str, state: dict[str, Any]) -> str:
    """Render a template as Home Assistant's Jinja does it: null is the text None."""
    found = re.fullmatch(r"\{\{ value_json\.(\w+)( \| tojson)? \}\}", template)
    assert found
    value = state[found[1]]
    return msgspec.json.encode(value).decode() if found[2] else str(value)
