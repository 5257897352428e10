"""Where CANN and its ATC are on this machine, and the environment that they need."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mindferry.errors import NotInstalled, OptionError

_VARIABLES = ("ASCEND_TOOLKIT_HOME", "ASCEND_HOME_PATH")
_FOLDERS = (
    "/usr/local/Ascend/cann",
    "/usr/local/Ascend/ascend-toolkit/latest",
    "~/Ascend/cann",
    "~/Ascend/ascend-toolkit/latest",
)
_BINARIES = ("bin/atc", "compiler/bin/atc", "atc/bin/atc")
_SOURCED = '. "$1" >/dev/null 2>&1; [ -z "$2" ] || export LD_LIBRARY_PATH="$2:$LD_LIBRARY_PATH"; shift 2; exec "$@"'
"""Runs a command in the environment of a set_env.sh, with a folder of libraries in front where one is given."""


@dataclass(frozen=True, slots=True)
class Atc:
    """An ATC that can be run.

    Attributes:
        command: the words before ATC's own arguments; they prepare the environment.
        place: what an error names.
    """

    command: tuple[str, ...]
    place: str


def find(override: str | None = None, environment: Mapping[str, str] | None = None) -> Atc:
    """The ATC to run: the given command, else that of an installed CANN.

    Looked for in this order: the folders in ASCEND_TOOLKIT_HOME and ASCEND_HOME_PATH, CANN's own default folders, the
    command `atc` on the path.

    Raises:
        OptionError: the given command does not exist.
        NotInstalled: there is no ATC; the text says where it was looked for.
    """
    variables = os.environ if environment is None else environment
    if override is not None:
        return _given(override)
    roots = [variables[name] for name in _VARIABLES if variables.get(name)]
    roots += [folder.replace("~", variables.get("HOME", "~"), 1) for folder in _FOLDERS]
    for root in map(Path, roots):
        for binary in _BINARIES:
            if os.access(root / binary, os.X_OK):
                return Atc(_prepared(root, root / binary), str(root / binary))
    if path := shutil.which("atc", path=variables.get("PATH", "")):
        return Atc((path,), path)
    raise NotInstalled(
        f"there is no ATC in {', '.join(dict.fromkeys(roots))} nor on the path: install Ascend's CANN toolkit (an NPU is "
        "not needed) and set ASCEND_TOOLKIT_HOME, or give the command with --atc"
    )


def _given(text: str) -> Atc:
    words = shlex.split(text)
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise OptionError(f"atc: there is no command {text!r}")
    return Atc((program, *words[1:]), text)


def _prepared(root: Path, binary: Path) -> tuple[str, ...]:
    """The command that runs an ATC in the environment of its set_env.sh, where there is one."""
    scripts = (root / "set_env.sh", root.parent / "set_env.sh")
    script = next((path for path in scripts if path.is_file()), None)
    if script is None:
        return (str(binary),)
    return ("bash", "-c", _SOURCED, "atc", str(script), _stubs(root), str(binary))


def _stubs(root: Path) -> str:
    """CANN's stand-ins for the driver's libraries, which ATC needs on a machine without an NPU; else ""."""
    if any(Path("/dev").glob("davinci[0-9]*")):
        return ""
    folder = root / f"{platform.machine()}-linux" / "devlib"
    return str(folder) if folder.is_dir() else ""
