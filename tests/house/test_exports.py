"""The public face."""

from __future__ import annotations

import inspect

import pytest

import mindferry
from mindferry import api, errors


def test_exports_are_sorted_and_there() -> None:
    assert mindferry.__all__ == sorted(mindferry.__all__)
    for name in mindferry.__all__:
        assert getattr(mindferry, name) is not None
    assert dir(mindferry) == mindferry.__all__


def test_every_public_function_is_exported() -> None:
    functions = {name for name, item in vars(api).items() if inspect.isfunction(item) and not name.startswith("_")}
    assert functions <= set(mindferry.__all__)
    assert all(getattr(mindferry, name) is getattr(api, name) for name in functions)


def test_importing_the_whole_package_hides_no_function() -> None:
    import mindferry.conversion
    import mindferry.verification

    assert inspect.isfunction(mindferry.verify)
    assert inspect.isfunction(mindferry.convert)


def test_unknown_names_are_told() -> None:
    with pytest.raises(AttributeError, match="module 'mindferry' has no attribute 'cast'"):
        mindferry.cast  # noqa: B018


FUNCTIONS = [name for name in mindferry.__all__ if name in vars(api)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_are_typed_documented_and_shown(name: str) -> None:
    function = getattr(mindferry, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not signature.empty
    assert all(one.annotation is not one.empty for one in signature.parameters.values())
    documentation = inspect.getdoc(function) or ""
    assert documentation.splitlines()[0].endswith(".")
    assert "Raises:" in documentation
    assert "Example:\n    >>>" in documentation


@pytest.mark.parametrize("name", FUNCTIONS)
def test_options_are_keywords(name: str) -> None:
    parameters = inspect.signature(getattr(api, name)).parameters.values()
    assert sum(one.kind is one.POSITIONAL_OR_KEYWORD for one in parameters) <= 2


def test_the_error_tree_is_what_its_text_says() -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines()[2:] if line.strip()]
    stated, parents = {}, []
    for line in lines:
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [name]
        stated[name] = parents[depth - 1] if depth else "Exception"
    classes = {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and item.__module__ == errors.__name__
    }
    assert stated == {name: item.__base__.__name__ for name, item in classes.items()}


def test_exit_codes() -> None:
    codes = {
        name: item.exit_code
        for name, item in vars(errors).items()
        if inspect.isclass(item) and hasattr(item, "exit_code")
    }
    assert {name for name, code in codes.items() if code == 2} == {"OptionError"}
    assert {name for name, code in codes.items() if code == 3} == {"VerifyError"}
    assert set(codes.values()) == {1, 2, 3}
