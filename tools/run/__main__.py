"""python3 tools/run: the demonstration. See demo.py."""

import sys

from demo import main

sys.exit(main())
