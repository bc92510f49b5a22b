"""`make simulation`: what learning brings, and what all probabilities of a look bring."""

from __future__ import annotations

import sys

from tests.simulation import listeners, looks

count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
listeners.report(count)
looks.report(count)
