"""The cases of a parametrised test as one test, where the suite runs in several processes.

Each of the processes collects every test, and tells of it before and after: two milliseconds a test, which is more than
most cases take. So the cases are made where they run. Without processes (-n 0), or where some are chosen (-k), each
case is a test of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pytest

FAILED = (Exception, pytest.fail.Exception)
PARAMETERS = type(pytest.param())


def as_one(module: pytest.Module, name: str, found: object) -> pytest.Item | None:
    """All cases of the test, if that is what was found there, and they get nothing else."""
    if not (inspect.isfunction(found) and module.istestfunction(found, name) and _stands_alone(found)):
        return None
    one: pytest.Item = pytest.Function.from_parent(module, name=name, callobj=partial(_run_all, module, name, found))
    others = {mark.name for mark in one.iter_markers()} - {"xdist_group"}
    return None if others or getattr(one, "fixturenames", set()) else one


def _stands_alone(test: Callable[..., object]) -> bool:
    """Whether the test gets its case and nothing else: no fixture, of which each case would want its own."""
    marks: list[pytest.Mark] = getattr(test, "pytestmark", [])
    if {mark.name for mark in marks} != {"parametrize"} or hasattr(test, "hypothesis"):
        return False
    given = [name for mark in marks for name in _names(mark)]
    return set(given) == set(inspect.signature(test).parameters) and all(map(_is_plain, marks))


def _names(mark: pytest.Mark) -> list[str]:
    """What the mark gives by itself."""
    names = mark.args[0] if mark.args else mark.kwargs["argnames"]
    direct = not (mark.kwargs.get("indirect") or mark.args[2:])
    return [name.strip() for name in (names.split(",") if isinstance(names, str) else names)] if direct else []


def _is_plain(mark: pytest.Mark) -> bool:
    """Whether there are values, and none has a mark of its own."""
    values: Iterable[Any] = mark.args[1] if mark.args[1:] else mark.kwargs["argvalues"]
    if iter(values) is values:  # which can be read but once
        return False
    given = list(values)
    return bool(given) and not any(isinstance(value, PARAMETERS) and value.marks for value in given)


def _run_all(module: pytest.Module, name: str, test: Callable[..., object]) -> None:
    """Runs the cases that pytest would make of it."""
    made: Any = module.config.pluginmanager.get_plugin("python")
    cases = made.pytest_pycollect_makeitem(collector=module, name=name, obj=test)
    run([(case.callspec.id, partial(test, **case.callspec.params)) for case in cases])


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
