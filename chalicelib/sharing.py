"""What several threads ask for at once, and one of them fetches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import Lock
from types import ModuleType
from typing import Any, Generic, TypeVar

import msgspec

Found = TypeVar("Found")


class Shared(Generic[Found]):
    """Work that only one thread is at: who asks meanwhile waits, and gets what came of it, an error too. So what does
    not answer is waited for once, and not by one after the other."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended = 0
        self._outcome: Callable[[], Found]

    def __call__(self, work: Callable[[], Found]) -> Found:
        """What the work answers, or answered to another thread while this one waited. Raises as the work does."""
        known = self._ended
        with self._lock:
            if self._ended == known:
                self._outcome = _done(work)
                self._ended += 1
            outcome = self._outcome
        return outcome()


def _done(work: Callable[[], Found]) -> Callable[[], Found]:
    try:
        found = work()
    except Exception as error:
        failed = error
    else:
        return lambda: found

    def fails() -> Found:
        raise failed.with_traceback(None)

    return fails


_READY: set[type] = set()
_MAKING = Lock()


def made_ready() -> None:
    """Has msgspec look at every type that is loaded by now, and at those that are loaded from now on before anybody
    gets them. At a type's first use it publishes what it knows of it before it knows all (0.22): two threads that are
    the first to use one together end the process, not only themselves. Before threads begin, this has to be called."""
    with _MAKING:
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)
        for kind in _kinds(msgspec.Struct):
            if kind not in _READY:
                _READY.add(kind)
                with suppress(TypeError, NameError):  # some are never read: they hold what JSON cannot
                    msgspec.json.Decoder(kind)


class _Finder(MetaPathFinder):
    """Finds the bridge's own modules, as Python does: what only some accounts need is loaded by the first thread that
    needs it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target) if fullname.startswith("chalicelib.") else None
        if found is not None and found.loader is not None:
            loader: Any = found.loader
            execute = loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                made_ready()

            loader.exec_module = executed
        return found


_FINDER = _Finder()


def _kinds(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds(one)
