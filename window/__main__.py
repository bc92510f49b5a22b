"""`python -m window` is what `moodbox window` starts."""

import sys

from window.main import main

sys.exit(main())
