"""Services beside the box that its owner may switch on."""
