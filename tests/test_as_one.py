"""The cases of a test, run as one test, fail as they do alone, and each says which it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.as_one import as_one

TESTS = """
import pytest

@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize(("second", "third"), [("a", 1), ("b", 2)])
def test_alone(first, second, third):
    assert first == third
    if second == "b":
        pytest.fail("no b")

@pytest.mark.parametrize("number", [1, 2])
def test_with_a_fixture(number, tmp_path):
    pass

@pytest.fixture
def doubled(request):
    return 2 * request.param

@pytest.mark.parametrize("doubled", [1, 2], indirect=True)
def test_made(doubled):
    pass

@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.xfail)])
def test_marked(number):
    pass

@pytest.mark.parametrize("number", [1, 2, 3])
def test_skipped(number):
    if number == 1:
        pytest.skip("not one")
    assert number != SEEN

def test_without_cases():
    pass

SEEN = 3
"""


@pytest.fixture
def items(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[pytest.Item]]:
    path = tmp_path / "test_cases.py"
    path.write_text(TESTS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = pytest.Module.from_parent(request.session, path=path)
    ones = [one for name, found in vars(module.obj).items() if (one := as_one(module, name, found))]
    joined = {one.name: one for one in ones}
    found = [item for item in module.collect() if isinstance(item, pytest.Function)]
    yield [*{joined.get(item.originalname, item): None for item in found}]
    del sys.modules["test_cases"]


def test_who_gets_its_case_alone_is_one_and_nobody_else(items: list[pytest.Item]) -> None:
    assert [item.name for item in items] == [
        "test_alone",
        "test_with_a_fixture[1]", "test_with_a_fixture[2]",
        "test_made[1]", "test_made[2]",
        "test_marked[1]", "test_marked[2]",
        "test_skipped", "test_without_cases",
    ]  # fmt: skip


def test_every_case_runs_and_what_fails_is_told_by_its_name(items: list[pytest.Item]) -> None:
    with pytest.raises(BaseExceptionGroup, match="3 of 4 cases") as caught:
        items[0].runtest()
    notes = [error.__notes__ for error in caught.value.exceptions]
    assert notes == [["in the case [a-1-2]"], ["in the case [b-2-1]"], ["in the case [b-2-2]"]]


def test_a_skipped_case_hides_no_failure(items: list[pytest.Item], monkeypatch: pytest.MonkeyPatch) -> None:
    skipped = next(item for item in items if item.name == "test_skipped")
    assert isinstance(skipped, pytest.Function)
    with pytest.raises(BaseExceptionGroup, match="1 of 3 cases"):
        skipped.runtest()
    monkeypatch.setattr(sys.modules["test_cases"], "SEEN", 4)
    with pytest.raises(pytest.skip.Exception, match="not one"):
        skipped.runtest()
