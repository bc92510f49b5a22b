"""The connections to the MQTT broker, and what goes over them."""
