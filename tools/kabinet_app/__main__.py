"""python3 -m kabinet_app, from tools/. See cli.py."""

import sys

from .cli import main

sys.exit(main())
