"""`python -m tui` is `voxdeck`."""

import sys

from tui.cli import main

sys.exit(main())
