"""Runs the command line: `python -m device`."""

import sys

from device.cli.main import main

sys.exit(main())
