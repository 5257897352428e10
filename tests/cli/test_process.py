"""What only a process of its own shows: exit codes, imports, signals, pipes, time and memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import MINDIR, TEST, mindferry
from mindferry.cli.group import NAMES

HEAVY = ("numpy", "onnx", "onnx_ir", "onnxruntime", "mindspore", "PIL", "rich", "ml_dtypes")


def process(code: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """A new Python that runs the code."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, **settings
    )


@pytest.mark.parametrize("command", ["", *NAMES])
def test_help_imports_nothing_heavy(command: str) -> None:
    arguments = [command, "--help"] if command else ["--help"]
    done = process(
        f"import sys; from mindferry.cli import main; code = main({arguments});"
        f"sys.stderr.write(' '.join(sorted({set(HEAVY)} & sys.modules.keys()))); sys.exit(code)"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: mindferry")


@pytest.mark.parametrize("command", NAMES)
def test_help_has_examples(command: str) -> None:
    result = mindferry(command, "--help")
    assert result.code == 0 and "Examples:" in result.out and f"  mindferry {command}" in result.out


def test_help_is_quick() -> None:
    """Processor time, which other work on the machine does not change; the median of five."""
    used = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process("from mindferry.cli import main; main(['--help'])")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert sorted(used)[2] < 0.4, used


def test_inspect_imports_neither_onnx_nor_numpy() -> None:
    done = process(
        f"import sys; from mindferry.cli import main; main(['inspect', {str(MINDIR)!r}]);"
        "sys.stderr.write(' '.join(sorted({'numpy', 'onnx', 'onnx_ir', 'onnxruntime'} & sys.modules.keys())))"
    )
    assert done.stderr == ""


def test_inspect_does_not_read_weights(tmp_path: Path) -> None:
    """A checkpoint of 1 GB, most of it a hole in the file, takes no more memory than a small one."""
    size = 1_000_000_000
    tensor = b"\x08" + _varint(size // 4) + b"\x12\x07Float32\x1a" + _varint(size)
    value = b"\x0a\x01w\x12" + _varint(len(tensor) + size) + tensor
    path = tmp_path / "large.ckpt"
    with path.open("wb") as file:
        file.write(b"\x0a" + _varint(len(value) + size) + value)
        file.truncate(file.tell() + size)
    code = (
        f"import sys; from mindferry.cli import main; main(['inspect', {str(path)!r}, '--json']);"
        "sys.stderr.write(open('/proc/self/status').read())"
    )
    done = process(code)
    assert json.loads(done.stdout)["parameter_bytes"] == size
    (peak,) = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("VmHWM:")]
    assert int(peak) < 100_000


def _varint(value: int) -> bytes:
    from mindferry.formats._wire import write_varint

    return write_varint(value)


def test_interrupt_ends_in_one_line() -> None:
    code = (
        "import os, signal, sys, threading; from mindferry.cli import main;"
        "threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start();"
        f"sys.exit(main(['run', {str(MINDIR)!r}, '--input', '-']))"
    )
    reader, writer = os.pipe()
    try:
        done = process(code, stdin=reader)
    finally:
        os.close(reader)
        os.close(writer)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "mindferry: interrupted\n")


def test_closed_pipe_is_silent() -> None:
    code = f"import sys; from mindferry.cli import main; sys.exit(main(['inspect', {str(MINDIR)!r}, '--json']))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_ascii_terminal(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = process(f"from mindferry.cli import main; main(['inspect', {str(MINDIR)!r}])", env=environment)
    assert done.returncode == 0 and "MindIR" in done.stdout and done.stderr == ""


def test_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "mindferry", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mindferry ")


def test_verbose_shows_the_trace(tmp_path: Path) -> None:
    result = mindferry("inspect", tmp_path / "absent.mindir", "--verbose")
    assert result.code == 1 and "Traceback" in result.err and result.err.rstrip().endswith("no such file")


def test_unforeseen_error_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr("mindferry.summary.summarize", broken)
    result = mindferry("inspect", MINDIR)
    assert result.code == 1 and result.err.count("\n") == 1 and "ZeroDivisionError: by zero" in result.err


def test_completion() -> None:
    assert "_MINDFERRY_COMPLETE=bash_complete" in mindferry("completion", "bash").out
    environment = os.environ | {
        "_MINDFERRY_COMPLETE": "bash_complete",
        "COMP_WORDS": "mindferry con",
        "COMP_CWORD": "1",
    }
    done = process("from mindferry.cli import main; main([])", env=environment)
    assert done.stdout.split() == ["plain,convert"]


def test_a_missing_runtime_is_one_line() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None; from mindferry.cli import main;"
        f"sys.exit(main(['run', {str(MINDIR)!r}, '--runtime', 'onnxruntime', '--input', {str(TEST)!r}]))"
    )
    done = process(code)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "pip install 'mindferry[cpu]'" in done.stderr


def test_conversion_needs_the_core_dependencies_alone(tmp_path: Path) -> None:
    absent = ("onnxruntime", "mindspore", "cryptography", "skimage", "scipy", "openvino")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent})); from mindferry.cli import main;"
        f"sys.exit(main(['convert', {str(MINDIR)!r}, {str(tmp_path / 'out.onnx')!r}]))"
    )
    assert process(code).returncode == 0
