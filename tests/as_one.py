"""The cases of a parametrised test as one test, where the suite runs in several processes.

Each of the processes collects every test, and tells of it before and after: two milliseconds a test, which is more than
most cases take. Without processes (-n 0), or where some are chosen (-k), each case is a test of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import pytest

FAILED = (Exception, pytest.fail.Exception)


def as_one(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests, in their order; those of a function that get nothing but their case are one."""
    found: list[pytest.Item] = []
    for _, some in groupby(items, lambda item: (item.parent, getattr(item, "originalname", item))):
        cases = list(some)
        found += [_joined(cases)] if len(cases) > 1 and all(map(_stands_alone, cases)) else cases
    return found


def _stands_alone(item: pytest.Item) -> bool:
    """Whether the test gets its case and nothing else: no fixture, of which each case would want its own."""
    if not isinstance(item, pytest.Function) or item.cls or hasattr(item.obj, "hypothesis"):
        return False
    marks = list(item.iter_markers())
    given = {name for mark in marks if mark.name == "parametrize" for name in _names(mark)}
    return {mark.name for mark in marks} <= {"parametrize", "xdist_group"} and set(item.fixturenames) == given


def _names(mark: pytest.Mark) -> list[str]:
    """What the mark gives by itself."""
    names = mark.args[0] if mark.args else mark.kwargs["argnames"]
    direct = not (mark.kwargs.get("indirect") or mark.args[2:])
    return [name.strip() for name in (names.split(",") if isinstance(names, str) else names)] if direct else []


def _joined(cases: list[Any]) -> pytest.Item:
    first = cases[0]
    each = [(case.callspec.id, partial(first.obj, **case.callspec.params)) for case in cases]
    one: pytest.Item = pytest.Function.from_parent(first.parent, name=first.originalname, callobj=partial(run, each))
    return one


def run(cases: Sequence[tuple[str, Callable[[], object]]]) -> None:
    """Runs all of them. Raises a group of what failed, each with its case's name; where none did and one was skipped,
    that is told."""
    skipped: list[BaseException] = []
    failed: list[BaseException] = []
    for name, case in cases:
        try:
            case()
        except pytest.skip.Exception as skip:
            skipped.append(skip)
        except FAILED as error:
            error.add_note(f"in the case [{name}]")
            failed.append(error)
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} of {len(cases)} cases", failed)
    if skipped:
        raise skipped[0]
