"""Work done beside other work where it waits, and one after the other where it does not.

Threads that all have something to do wait for each other's turn at the interpreter, and pay for each turn: where calls
are answered at once, ten of them take half as much processor time again as one. Where calls take their time, ten are
worth nearly ten. So the second begins when the first is seen to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from chalicelib.sharing import made_ready

if TYPE_CHECKING:
    from concurrent.futures import Future

# Nothing has ended for so long: a call is waited for. A message takes 2 to 3 ms where its calls are answered at once, 6
# in the sandbox, and far more in a deployment, where this is added once for a whole batch (docs/adr/0020).
QUIET_S = 0.004

Given = TypeVar("Given")
Told = TypeVar("Told")
Pause = Callable[["Future[None]"], object]
"""Returns when the thread has ended, or when whoever waits for it has waited long enough to look what it has done."""


def quiet(thread: Future[None]) -> None:
    """The pause of a deployment."""
    from concurrent.futures import wait

    wait([thread], QUIET_S)


def beside(work: Callable[[Given], Told], given: Sequence[Given], at_once: int, pause: Pause = quiet) -> list[Told]:
    """What the work answers of each, in their order, in which they are begun, too. One thread does one after the other
    until there was a pause in which none has ended; from then on `at_once` threads do. One thing alone needs none.

    Nothing goes on when it returns. What the work raises is raised when all that has begun has ended, and then nothing
    more begins.
    """
    threads = min(at_once, len(given))
    if threads < 2:
        return [work(one) for one in given]
    from concurrent.futures import ThreadPoolExecutor

    made_ready()  # while no thread is there yet: a type may be first used by the first, too
    left = iter(tuple(enumerate(given)))  # threads may share it: the next of a tuple is taken in one step
    told: dict[int, Told] = {}

    def some() -> None:
        try:
            for place, one in left:
                told[place] = work(one)
        except BaseException:
            for _ in left:  # nobody begins another
                pass
            raise

    with ThreadPoolExecutor(threads) as pool:
        begun = [pool.submit(some)]
        ended = -1
        while not begun[0].done() and ended < len(told):
            ended = len(told)
            pause(begun[0])
        begun += [pool.submit(some) for _ in range(min(threads, len(given) - len(told)) - 1)]
    for thread in begun:
        thread.result()
    return [told[place] for place in range(len(given))]
