"""What the control socket's server and client agree on: one word in, one line of JSON out."""

from __future__ import annotations

VERBS = frozenset({"status", "press", "skip"})
MAX_REQUEST_BYTES = 256
REPLY_TIMEOUT_S = 2.0  # for a request to come in, and for the box to reply to it
