"""Webhooks on a bad day: some come twice, some late and so behind the next; and when the bridge took each."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from random import Random
from typing import Any

from sandbox.stage.delivery import Attempt, Deliveries

# What a message of the run says of itself: whose it is, which way it goes, and its number.
WORDS = re.compile(r"\d+-(?:says|hears)-\d+")
LATE_S = (0.3, 3.0)
# Meta repeats what nobody takes for 36 h, TikTok for 72 h; the simulators, which wait for no one, end sooner.
# developers.facebook.com/docs/graph-api/webhooks/getting-started, business-api.tiktok.com/portal/docs
STUBBORN_S = (30.0,) * 20
AGAIN_S = (0.2, 20.0)


@dataclass(frozen=True)
class Way:
    """When the first attempt to deliver it began, and when one was answered 200 (monotonic s; infinite: never seen)."""

    begun_s: float = inf
    taken_s: float = inf


class Postman(Deliveries):
    """`doubled` and `late` are shares of 1, while `raging`. Who is `stubborn` repeats what is not taken on and on."""

    def __init__(
        self, random: Random, doubled: float, late: float, raging: Callable[[], bool], *, stubborn: bool
    ) -> None:
        super().__init__()
        self._chance = random
        self._doubled, self._late, self._raging = doubled, late, raging
        self._stubborn = STUBBORN_S if stubborn else ()
        self._noting = threading.Lock()
        self.ways: dict[str, Way] = {}
        """By what the messages say of themselves."""

    def post(self, url: str, body: bytes, headers_for: Callable[[], dict[str, str]], **told: Any) -> Attempt:
        """As usual, but for the bad day; where it comes late, nobody has answered yet."""
        attempts: list[Attempt] = []
        post = partial(super().post, url, body, self._begins(body, headers_for), **self._insisting(told))
        self._carry(lambda: attempts.append(post()))
        return attempts[0] if attempts else Attempt(None)

    def send(self, url: str, body: bytes, headers_for: Callable[[], dict[str, str]], **told: Any) -> None:
        """The same in the background."""
        self._carry(partial(super().send, url, body, self._begins(body, headers_for), **self._insisting(told)))

    @property
    def owing(self) -> bool:
        """Whether it is still to repeat a message that nobody has taken: a process that died over it may have put it on
        its way and not yet have written that it came in."""
        told = [WORDS.search(body.decode()) for body in self.given_up()]
        over = {found[0] for found in told if found}
        with self._noting:
            return any(way.taken_s == inf and words not in over for words, way in self.ways.items())

    def _insisting(self, told: dict[str, Any]) -> dict[str, Any]:
        """Who is stubborn tries again for longer."""
        return told | {"retry_delays_s": [*told["retry_delays_s"], *self._stubborn]}

    def _run(self, job: Any) -> Attempt:
        attempt = super()._run(job)
        if attempt.status == 200:
            self._note(job.body, begun=False)
        return attempt

    def _carry(self, go: Callable[[], None]) -> None:
        raging = self._raging()
        if raging and self._chance.random() < self._doubled:
            self._soon(AGAIN_S, go)
        if raging and self._chance.random() < self._late:
            self._soon(LATE_S, go)
        else:
            go()

    def _soon(self, between: tuple[float, float], go: Callable[[], None]) -> None:
        timer = threading.Timer(self._chance.uniform(*between), go)
        timer.daemon = True
        timer.start()

    def _begins(self, body: bytes, headers_for: Callable[[], dict[str, str]]) -> Callable[[], dict[str, str]]:
        """Headers are made at the beginning of each attempt."""

        def made() -> dict[str, str]:
            self._note(body, begun=True)
            return headers_for()

        return made

    def _note(self, body: bytes, *, begun: bool) -> None:
        found = WORDS.search(body.decode())
        if not found:
            return
        now = time.monotonic()
        with self._noting:
            way = self.ways.get(found[0], Way())
            if begun:
                self.ways[found[0]] = replace(way, begun_s=min(way.begun_s, now))
            else:
                self.ways[found[0]] = replace(way, taken_s=min(way.taken_s, now))
