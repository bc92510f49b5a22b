"""The networks, and the models that runs save."""
