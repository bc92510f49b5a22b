"""How often a test repeats what chance decides: a few times in `make test`, often in `make fuzz`."""

from __future__ import annotations

from hypothesis import settings

FUZZING = settings.default is not None and settings.default.max_examples > 1000
