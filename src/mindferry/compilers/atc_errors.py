"""ATC's error codes: what each one asks for.

ATC prints its errors on stdout, as lines with a code such as E16002, and ends with the code 255. Codes that start with
EZ and E2 come from the compilation of operators, E4 from the Python environment of the operator compiler.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

CURES = {
    "E10001": "correct the option that the text names",
    "E10002": "correct --input-shape: NAME:SHAPE with the model's own input names",
    "E10003": "correct the option that the text names",
    "E10004": "give the option a value",
    "E10005": "choose one of the values that the text lists",
    "E10006": "choose one of the values that the text lists",
    "E10007": "give the option that the text names",
    "E10009": "choose one of batch sizes, image sizes and dimension profiles",
    "E10011": "give positive sizes in --input-shape",
    "E10013": "give a number in the range that the text names",
    "E10016": "name operators as the model does (mindferry inspect shows inputs and outputs)",
    "E10018": "leave only the batch dimension free with batch sizes",
    "E10019": "leave only height and width free with image sizes",
    "E10020": "give image sizes as pairs of height and width",
    "E10021": "use a shorter path",
    "E10022": "give a file name and not a folder",
    "E10031": "leave at least one dimension free (a name in --input-shape) for the profiles",
    "E10034": "leave the input that AIPP feeds in its own element type",
    "E10035": "give at least two profiles",
    "E10036": "give fewer profiles",
    "E10039": "give every profile once",
    "E10040": "leave dimensions free only where profiles give their sizes",
    "E10041": "the AIR file cannot be read by this CANN: write it again with mindferry convert, and keep its folder "
    "air_weight beside it",
    "E10045": "give every profile as many sizes as there are free dimensions",
    "E10046": "give every profile as many sizes as there are free dimensions",
    "E10047": "choose one of the options that the text names",
    "E10049": "give --input-shape as many dimensions as the input has",
    "E10052": "correct the AIPP description",
    "E10054": "give the option that the text names",
    "E10410": "correct the path",
    "E10501": "this CANN does not know the operator: install a newer CANN, or the package of operators for the chip",
    "E13000": "correct the path",
    "E13001": "make the file readable",
    "E13002": "use a shorter path",
    "E13003": "make the file readable, and see that it is whole",
    "E13004": "make the folder writable, and see that the disk has room",
    "E13005": "write the file again; it is damaged",
    "E13006": "write the file again; it is damaged",
    "E13009": "give every operator a name of its own",
    "E13023": "use fewer or smaller weights, such as --precision fp16",
    "E16001": "the model must have inputs and outputs",
    "E16002": "convert at an opset that this CANN knows: mindferry check MODEL --target atc lists what ATC refuses",
    "E16004": "write the file again; it holds no graph",
    "E16005": "use operators of one opset only; older CANN takes no second domain",
    "E19010": "convert at an opset that this CANN knows: mindferry check MODEL --target atc lists what ATC refuses",
    "E20001": "an operator cannot be compiled for this chip in this form: try --precision fp16, other shapes, or a newer CANN",
    "E40001": "install a Python that this CANN supports (3.7 to 3.11)",
    "E40002": "install a Python that this CANN supports (3.7 to 3.11)",
    "E40020": "pip install numpy decorator attrs sympy cffi pyyaml pathlib2 psutil protobuf scipy requests for the python3 "
    "that ATC runs",
    "E40021": "an operator's compilation failed: see the log, try a newer CANN, and see that memory suffices",
    "EZ3002": "an operator is not supported on this chip in this form: fix the free dimensions, or give profiles",
    "EZ3003": "no engine of this chip takes an operator in this form: try --precision fp16, or change the operator",
    "EZ9999": "an operator cannot be compiled: see the log",
}
"""Code -> what to do; a code that is not here gets its range's sentence, or none."""

_RANGES = {
    "E4": "repair the Python environment of ATC: python3 with numpy, decorator, attrs, sympy, cffi, psutil and protobuf",
    "E19": "see the log in ~/ascend/log",
    "EZ": "see the log in ~/ascend/log",
    "EE": "see the log in ~/ascend/log",
}

_CODE = re.compile(r"\b(E(?:[0-9]{5}|[A-Z][0-9]{4}))\b[):\]\s]*")
_NOISE = re.compile(r"\[PID: ?\d+\]|\d{4}-\d\d-\d\d[-: \d.]*\d")
_LONGEST = 300


def explain(code: int, lines: Sequence[str]) -> str:
    """One sentence about a failed run: the first error's code and text, and the cure; other codes are named.

    Args:
        code: the exit code; negative, or above 128, for a signal.
        lines: what ATC printed.
    """
    found: dict[str, str] = {}
    for line in lines:
        if match := _CODE.search(line):
            text = " ".join(_NOISE.sub(" ", line[match.end() :]).split()).rstrip(".!")
            found.setdefault(match[1], text[:_LONGEST])
    if not found:
        return _without_code(code, lines)
    (first, text), *others = found.items()
    sentence = f"{first}: {text}" if text else first
    if others:
        sentence += f" (and {', '.join(other for other, _ in others)})"
    cure = cure_of(first)
    return f"{sentence}; {cure}" if cure else sentence


def cure_of(code: str) -> str:
    """What to do about an error code, or "" where nothing is known."""
    if code in CURES:
        return CURES[code]
    return next((text for start, text in _RANGES.items() if code.startswith(start)), "")


def _without_code(code: int, lines: Sequence[str]) -> str:
    number = -code if code < 0 else code - 128
    if code < 0 or 128 < code < 128 + 65:
        name = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
        hint = "there may not be enough memory" if name == "SIGKILL" else "its log is in ~/ascend/log"
        return f"it crashed ({name}); {hint}"
    last = next((line.strip() for line in reversed(lines) if line.strip()), "without a word")
    return f"it ended with the code {code}: {last[:_LONGEST]}"
