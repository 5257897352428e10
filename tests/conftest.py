"""What pytest must not import: scripts that need MindSpore."""

collect_ignore_glob = ["formats/versions/*.py", "formats/ckpt/recorded/*.py"]
