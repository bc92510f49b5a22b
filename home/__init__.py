"""Home Assistant by MQTT: a process of its own, and a client of the box's control socket."""
