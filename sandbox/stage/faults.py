"""Faults on demand: what a test makes a vendor do wrong, when, and how often."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.stage.web import HANG, RESET, Answer, Outcome

KINDS = ("status", "reset", "timeout_after_accept", "delay")


@dataclass(frozen=True)
class Fault:
    """One order to misbehave.

    `status`, `retry_after` (seconds), `code`, `subcode` and `message` (the platform's words, None: those that go
    with the code) belong to "status", `delay_ms` to "delay".
    `rate` is the chance that it fires, `count` how often it may (None: always), `path` a part of the path.
    """

    target: str
    kind: str
    status: int = 500
    retry_after: float | None = None
    rate: float = 1.0
    count: int | None = None
    seed: int = 0
    delay_ms: float = 1000
    path: str | None = None
    code: int | str | None = None
    subcode: int | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        for wrong, message in (
            (self.kind not in KINDS, f"kind must be one of {', '.join(KINDS)}"),
            (not 200 <= self.status <= 599, "status must be an HTTP status from 200 to 599"),
            (not 0 <= self.rate <= 1, "rate must be from 0 to 1"),
            (self.count is not None and self.count < 1, "count must be at least 1"),
            (self.delay_ms < 0, "delay_ms must not be negative"),
            (self.retry_after is not None and self.retry_after < 0, "retry_after must not be negative"),
        ):
            if wrong:
                raise ValueError(message)

    @property
    def headers(self) -> dict[str, str]:
        """The headers the faulty answer carries."""
        return {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}


@dataclass
class _Armed:
    fault: Fault
    chance: random.Random
    left: int | None
    fired: int = 0

    def matches(self, target: str, path: str, accepting: bool) -> bool:
        fault = self.fault
        if fault.target != target or self.left == 0:
            return False
        if fault.kind == "timeout_after_accept" and not accepting:
            return False
        return fault.path is None or fault.path in path

    def fire(self) -> bool:
        if self.chance.random() >= self.fault.rate:
            return False
        self.fired += 1
        if self.left is not None:
            self.left -= 1
        return True


@dataclass
class Faults:
    """The armed faults, shared by all simulators, which enter themselves as targets. Thread-safe."""

    _numbered: dict[str, bool] = field(default_factory=dict)
    _armed: list[_Armed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, target: str, *, numbered: bool) -> None:
        """Somebody who can be made to do wrong; `numbered`: the codes of its errors are numbers."""
        self._numbered[target] = numbered

    def add(
        self,
        target: str,
        kind: str,
        *,
        status: int = 500,
        retry_after: float | None = None,
        rate: float = 1.0,
        count: int | None = None,
        seed: int = 0,
        delay_ms: float = 1000,
        path: str | None = None,
        code: int | str | None = None,
        subcode: int | None = None,
        message: str | None = None,
    ) -> None:
        """Arm a fault; ValueError says what is wrong with it. The fields are those of Fault."""
        self.arm(Fault(target, kind, status, retry_after, rate, count, seed, delay_ms, path, code, subcode, message))

    def arm(self, fault: Fault) -> None:
        """Like add, for a fault that is made already."""
        if fault.target not in self._numbered:
            raise ValueError(f"target must be one of {', '.join(self._numbered)}")
        if self._numbered[fault.target] and isinstance(fault.code, str):
            numbered = [target for target, are_numbers in self._numbered.items() if are_numbers]
            raise ValueError(f"code must be a number for {' and '.join(numbered)}")
        with self._lock:
            self._armed.append(_Armed(fault, random.Random(fault.seed), fault.count))

    def disarm(self, fault: Fault) -> None:
        """Drop every fault that is the same."""
        with self._lock:
            self._armed = [armed for armed in self._armed if armed.fault != fault]

    def armed(self) -> list[Fault]:
        with self._lock:
            return [armed.fault for armed in self._armed]

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The armed faults as plain values, with `fired`: how often each has struck."""
        with self._lock:
            return [asdict(armed.fault) | {"fired": armed.fired} for armed in self._armed]

    def pick(self, target: str, path: str, *, accepting: bool) -> Fault | None:
        """The first fault that strikes this call, or None. `accepting`: the call creates something."""
        with self._lock:
            for armed in self._armed:
                if armed.matches(target, path, accepting) and armed.fire():
                    return armed.fault
        return None


def struck(
    fault: Fault | None,
    *,
    work: Callable[[], Answer],
    refuse: Callable[[Fault], Answer],
    pause: Callable[[float], None],
) -> Answer | Outcome:
    """Answer a call under `fault`: do the `work`, `refuse` it, `pause` (seconds) first, or fall silent."""
    if fault is None:
        return work()
    if fault.kind == "reset":
        return RESET
    if fault.kind == "status":
        return refuse(fault)
    if fault.kind == "delay":
        pause(fault.delay_ms / 1000)
        return work()
    answer = work()
    if answer.after:
        answer.after()  # the platform accepted the call, so what follows from it happens all the same
    return HANG
