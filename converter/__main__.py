"""Runs `moodbox-converter` as `python -m converter`."""

import sys

from converter.cli.main import main

sys.exit(main())
