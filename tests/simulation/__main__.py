"""`make simulation`: what learning, all probabilities of a look, and better hearing bring."""

from __future__ import annotations

import sys

from tests.simulation import by_sound, listeners, looks

count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
listeners.report(count)
looks.report(count)
by_sound.report(count)
