"""A fresh simulator for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import offline
from mindferry.ascend import simulator


@pytest.fixture
def acl() -> Iterator[ModuleType]:
    """The simulator, before `acl.init`."""
    yield simulator.install()
    simulator.uninstall()


@pytest.fixture
def ready(acl: ModuleType) -> ModuleType:
    """The simulator with device 0 set."""
    assert acl.init() == 0
    assert acl.rt.set_device(0) == 0
    return acl


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """y = relu(x W + b) for x of 2 x 3."""
    return offline.compiled(offline.affine(tmp_path_factory.mktemp("affine")))


@pytest.fixture(scope="session")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for 1, 2 or 4 rows."""
    source = offline.affine(tmp_path_factory.mktemp("batches"), ("rows", 3))
    return offline.compiled(source, "--input_shape=x:-1,3", "--dynamic_batch_size=1,2,4")
