"""A strict stand-in for ATC: refuses what it does not know, prints what ATC prints, writes a marked file.

Run as `python fake_atc.py BEHAVIOUR ARGUMENTS...`. The behaviours: plain, suffix, silent, hang, crash, or an error code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

KNOWN = {
    "model", "framework", "output", "soc_version", "precision_mode", "input_shape", "input_format",
    "dynamic_batch_size", "dynamic_image_size", "dynamic_dims", "insert_op_conf", "output_type", "op_select_implmode",
}  # fmt: skip
TEXTS = {
    "E16002": "E16002: [PID: 41] 2026-01-02-03:04:05.678.901 No ONNX parser is registered for optype ai.onnx::19::Relu.",
    "E10016": "E10016: Opname in --out_nodes is not in the model.",
    "E29999": "E29999: Something that nobody wrote down.",
    "none": "[ERROR] the disk is on fire",
}


def fail(*lines: str) -> int:
    print("ATC run failed, Please check the detail log, Try 'atc --help' for more information")
    print(*lines, sep="\n")
    return 255


def main(behaviour: str, arguments: list[str]) -> int:
    options = dict(argument.removeprefix("--").split("=", 1) for argument in arguments)
    print("ATC start working now, please wait for a moment.", flush=True)
    if unknown := options.keys() - KNOWN:
        return fail(f"E10001: Value for parameter {', '.join(unknown)} is invalid.")
    if missing := {"model", "framework", "output", "soc_version"} - options.keys():
        return fail(f"E10007: {', '.join(missing)} is required.")
    if not Path(options["model"]).is_file():
        return fail(f"E10410: File {options['model']} does not exist.")
    if behaviour in TEXTS:
        return fail(TEXTS[behaviour], "E19999: Inner Error!")
    if behaviour == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(os.environ["FAKE_ATC_PIDS"]).write_text(f"{os.getpid()} {child.pid}")
        print("...", flush=True)
        time.sleep(60)
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour != "silent":
        config = options.get("insert_op_conf")
        options["insert_op_conf"] = Path(config).read_text() if config else ""
        options["model"] = Path(options["model"]).name
        options["output"] = Path(options["output"]).name
        suffix = "_linux_aarch64" if behaviour == "suffix" else ""
        target = Path(next(one for one in arguments if one.startswith("--output="))[9:])
        target.with_name(f"{target.name}{suffix}.om").write_text(f"IMOD{json.dumps(options)}")
    print("W11001: [PID: 41] Op [Where] does not hit the high-priority operator information library.")
    print("ATC run success, welcome to the next use.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
