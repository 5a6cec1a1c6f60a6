"""Work that several threads ask for at once is done by one of them, and waited for once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import msgspec
import pytest

from chalicelib.sharing import _READY, Shared, made_ready
from tests.threads import put, together

THREADS = 6


def shared_by_all(outcome: Callable[[], str]) -> tuple[list[str], int]:
    """What each of several threads is told that asked at the same time, and how often the work was done."""
    shared: Shared[str] = Shared()
    door, times = put(shared, "_lock"), 0

    def work() -> str:
        nonlocal times
        times += 1
        door.met(THREADS)
        return outcome()

    def told() -> str:
        try:
            return shared(work)
        except KeyError as error:
            return repr(error)

    return together(THREADS, told), times


def says() -> str:
    return "found"


def fails() -> str:
    raise KeyError("nobody answers")


def test_who_asks_meanwhile_is_told_the_same() -> None:
    assert shared_by_all(says) == (["found"] * THREADS, 1)


def test_what_does_not_answer_is_waited_for_once() -> None:
    assert shared_by_all(fails) == (["KeyError('nobody answers')"] * THREADS, 1)


def test_one_after_the_other_each_asks_anew() -> None:
    shared: Shared[str] = Shared()
    answers = iter(["one", "two"])
    assert [shared(lambda: next(answers)) for _ in range(2)] == ["one", "two"]


def test_an_error_is_raised_and_forgotten() -> None:
    shared: Shared[str] = Shared()
    with pytest.raises(KeyError):
        shared(fails)
    assert shared(says) == "found"


CRASHES = """
import sys, threading
from types import ModuleType

import msgspec

from chalicelib.sharing import made_ready

made = ModuleType("made")
sys.modules["made"] = made
fields = "".join(f"    f{number}: int | str | None = None\\n" for number in range(60))
inner = ["    inner: None = None\\n", *[f"    inner: A{number} | None = None\\n" for number in range(29)]]
source = "from __future__ import annotations\\nimport msgspec\\n__name__ = 'made'\\n"
exec(source + "".join(f"class A{n}(msgspec.Struct):\\n{inner[n]}{fields}" for n in range(30)), vars(made))
made_ready()
sys.setswitchinterval(1e-6)
begin = threading.Barrier(8)


def work():
    begin.wait()
    msgspec.convert({"inner": {"inner": {}}, "f5": "x"}, made.A29)


threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_are_the_first_to_read_a_type_do_not_end_the_process() -> None:
    """Without `made_ready` msgspec 0.22 ends five of six such processes by a signal."""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", CRASHES], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_what_is_loaded_later_is_made_ready_too() -> None:
    class Later(msgspec.Struct):
        number: int = 1

    assert Later not in _READY
    made_ready()
    assert Later in _READY


LATER = """
import sys

import msgspec

from chalicelib.sharing import _READY, made_ready

made_ready()
made_ready()
assert "chalicelib.rules.thanks" not in sys.modules
from chalicelib.rules import thanks

kinds = {kind for kind in vars(thanks).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)}
own = {kind for kind in kinds if kind.__module__ == thanks.__name__}
print(bool(own), kinds <= _READY, len([finder for finder in sys.meta_path if "sharing" in str(finder)]))
"""


def test_what_a_thread_loads_is_made_ready_before_any_gets_it() -> None:
    done = subprocess.run([sys.executable, "-c", LATER], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("True True 1", "")
