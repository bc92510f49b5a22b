"""`python -m home` is what `moodbox home` starts."""

import sys

from home.main import main

sys.exit(main())
