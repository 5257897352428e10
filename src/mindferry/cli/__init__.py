"""The command line. Importing this imports nothing; `main` imports click, a command what it needs when it runs.

Exit codes: 0 done, 1 an error of ours or of a file, 2 a command line that cannot be meant, 3 a verification that
failed, 130 interrupted, 141 the reader of our output went away.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code; it never raises and never shows a traceback unasked."""
    try:
        from mindferry.cli.group import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        sys.stderr.write("mindferry: interrupted\n")
        return 130
