"""`python -m room`."""

from __future__ import annotations

import sys

from room.main import main

if __name__ == "__main__":
    sys.exit(main())
