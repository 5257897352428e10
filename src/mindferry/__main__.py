"""`python -m mindferry` is the command `mindferry`."""

from __future__ import annotations

import sys

from mindferry.cli import main

sys.exit(main())
