"""Conversations that wait for an answer while their windows close: supervisors are told, and the desk raises them, in
steps (`rules/closing.py`), each once; and each window that closes unanswered is counted, with the reason.

What waits is found by an index. What was read stays in the container's memory until something may be due, so that a
start mostly reads keys. The soonest window goes first; what a start cannot do, the next one does. A step is taken by
one conditional write, after the desk's calls, which may be made twice, and before it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Protocol

import msgspec

from chalicelib.errors import Retryable
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.accounts import readable
from chalicelib.pipeline.chores.raising import Raising
from chalicelib.pipeline.chores.warning import Warnings, conversations, line
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.channel import Client
from chalicelib.rules import closing, windows
from chalicelib.rules.closing import HOUR_MS, Steps
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import Account, Conversation, Urged, Wait

# No conversation is begun later in a run (s): its function lives 60 s at the least, a step may take three calls of the
# desk's, and what was taken has to be told.
BEGIN_S = 15.0
READ_S = 10.0
# What is remembered of a window that has not closed is read again after this, whatever it says: settings change.
REMEMBERED_MS = HOUR_MS
# A window that closed longer ago was lost while nobody counted.
LOST_MS = 24 * HOUR_MS


# (conversation, since when it waits) → when its window closes, until when nothing is due (epoch ms)
_Known = dict[tuple[str, int], tuple[int, int]]


class Rows(Protocol):
    """What the table knows of those that wait. All methods may raise Retryable."""

    def waiting(self, account: Account, before_ms: int) -> Sequence[tuple[Conversation, int]]:
        """The account's conversations that have waited since before then, the shortest wait first, and since when."""

    def waits(self, conversations: Sequence[Conversation]) -> Iterator[Wait]:
        """Those of them that still wait."""

    def take(self, wait: Wait, now: float, lease_s: float) -> bool:
        """Takes the wait's step, and tells of it within that time (s). False where it is another's, or answered."""

    def raised(self, wait: Wait) -> None:
        """The desk was asked to raise it, at a step that was taken before."""

    def told(self, wait: Wait) -> None:
        """Supervisors have been told of its step."""


class _Due(msgspec.Struct, frozen=True):
    """A conversation and how far its window is."""

    account: Account
    policy: WindowPolicy
    wait: Wait
    step: int


class Closing:
    """The chore that looks after them."""

    name = "closing"
    every_s = 300.0

    def __init__(
        self,
        *,
        steps: Steps,
        ledger: Ledger,
        rows: Rows,
        clients: Mapping[str, Client],
        raising: Raising,
        warnings: Warnings,
        channels: Mapping[str, About],
        desks: Mapping[str, About],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`channels` and `desks` are those that there are, by their names."""
        self._steps = steps
        self._ledger = ledger
        self._rows = rows
        self._clients = clients
        self._raising = raising
        self._warnings = warnings
        self._channels = channels
        self._desks = desks
        self._clock = clock
        self._metrics = metrics
        self._known: _Known = {}

    def run(self, now: float) -> None:
        """Raises Retryable where the table cannot be read or written; what was taken by then has been told."""
        accounts = readable(self._ledger.accounts(), self._channels, self._desks, self._metrics)
        known, self._known = self._known, {}
        looked = [account for account in accounts if account.closing != "off"]
        found = [due for account in looked for due in self._look(account, known, now)]
        self._raising.begin(now + BEGIN_S)
        # open windows first: what is lost can wait
        found.sort(key=lambda due: (due.step > len(self._steps), due.wait.closes_ms))
        taken: list[_Due] = []
        try:
            left = self._work(found, now, taken)
        except Retryable:
            self._tell(taken)
            raise
        self._tell(taken)
        closes = [closes_ms for closes_ms, _ in self._known.values()]
        self._metrics.count("windows_closing", sum(self._is_closing(one, now) for one in closes) + left)
        self._metrics.count("windows_left", left)

    def _is_closing(self, closes_ms: int, now: float) -> bool:
        return 0 < closing.reached(self._steps, closes_ms, int(now * 1000)) <= len(self._steps)

    def _look(self, account: Account, known: _Known, now: float) -> list[_Due]:
        """The account's conversations in which something is due; the others are remembered."""
        policy, now_ms = self._clients[account.channel].window(account), int(now * 1000)
        before_ms = closing.waits_before_ms(self._steps, policy, now_ms)
        listed = [] if before_ms is None else self._rows.waiting(account, before_ms)
        keep = {(whose.key, since_ms): known.get((whose.key, since_ms), (0, 0)) for whose, since_ms in listed}
        self._known |= {key: held for key, held in keep.items() if held[1] > now_ms}
        asked = [whose for whose, since_ms in listed if (whose.key, since_ms) not in self._known]
        found: list[_Due] = []
        for wait in self._rows.waits(asked):
            closes_ms = windows.expires_ms(policy, wait.thread)
            due = _Due(account, policy, wait.at(closes_ms), closing.reached(self._steps, closes_ms, now_ms))
            if self._has_work(due, now):
                found.append(due)
            else:
                self._remember(due, now)
            if self._clock() > now + READ_S:
                break
        return found

    def _has_work(self, due: _Due, now: float) -> bool:
        wait, lost = due.wait, due.step > len(self._steps)
        if lost and not wait.step and wait.closes_ms < now * 1000 - LOST_MS:
            return False
        untold = 0 < wait.telling_s < now
        return due.step > wait.step or (due.step > 0 and untold) or (not lost and self._raises(due))

    def _raises(self, due: _Due) -> bool:
        return due.account.closing == "raise" and due.wait.raised < due.step and due.wait.urged != "over"

    def _remember(self, due: _Due, now: float) -> None:
        now_ms, closes_ms = int(now * 1000), due.wait.closes_ms
        look_ms = closing.look_ms(self._steps, due.policy, closes_ms, now_ms)
        if closes_ms > now_ms:
            look_ms = min(look_ms, now_ms + REMEMBERED_MS)
        self._known[due.wait.conversation.key, due.wait.since_ms] = closes_ms, look_ms

    def _work(self, found: Sequence[_Due], now: float, taken: list[_Due]) -> int:
        """Takes the steps; answers how many conversations whose windows are open are left to the next start."""
        left = 0
        for due in found:
            late = self._clock() > now + BEGIN_S
            try:
                done = not late and self._step(due, now, taken)
            except Retryable:
                raise
            except Exception as error:  # whatever it is, the next conversation's turn comes
                done = False
                self._metrics.count("failed")
                log.error("failed", conversation=due.wait.conversation.key, detail=where(error))
            if done:
                self._remember(due, now)
            elif due.step <= len(self._steps):
                left += 1
        return left

    def _step(self, due: _Due, now: float, taken: list[_Due]) -> bool:
        """Whether all that is due has been done."""
        wait, step = due.wait, due.step
        lost = step > len(self._steps)
        urged: Urged | None = wait.urged
        if not lost and self._raises(due):
            urged = self._raised(due, now)
        raised = wait.raised if lost or urged is None else step
        wanted = msgspec.structs.replace(wait, step=step, raised=raised, urged=urged or "")
        if step > wait.step or 0 < wait.telling_s < now:
            if not self._rows.take(wanted, now, self._warnings.lease_s):
                return False
            self._count(due, wanted)
            taken.append(msgspec.structs.replace(due, wait=wanted))
        elif raised > wait.raised:
            self._rows.raised(wanted)
        return urged is not None

    def _raised(self, due: _Due, now: float) -> Urged | None:
        """What became of it at the desk; None where the next start has to try."""
        priority = self._steps[due.step - 1].priority
        marks = closing.marks(self._steps, due.policy, due.wait.thread, due.step, int(now * 1000))
        return self._raising.urge(due.account, due.wait.conversation, due.wait.thread.seat, priority, marks)

    def _count(self, due: _Due, wanted: Wait) -> None:
        channel = due.account.channel
        if due.step == due.wait.step:  # counted before, and told again
            return
        if due.step <= len(self._steps):
            self._metrics.count("window_warned", channel=channel, step=f"{self._steps[due.step - 1].hours:g}")
            return
        why = closing.why_lost(self._steps, wanted, wanted.closes_ms)
        self._metrics.count("window_lost", channel=channel, reason=why)
        log.warning("window lost", conversation=wanted.conversation.key, account=due.account.id, reason=why,
                    desk_conversation=wanted.thread.seat.conversation)  # fmt: skip

    def _tell(self, taken: Sequence[_Due]) -> None:
        """One message for all of an account's conversations that have reached the same step."""

        def place(due: _Due) -> tuple[str, str, int]:
            return due.account.channel, due.account.id, due.step

        for _, group in groupby(sorted(taken, key=lambda due: (place(due), due.wait.closes_ms)), place):
            several = list(group)
            account, step = several[0].account, several[0].step
            kind, said, why = self._words(step)
            lines = [line(due.wait.closes_ms, due.wait.thread.seat) for due in several]
            self._settle(
                several, self._warnings.tell(account, kind, f"{conversations(len(several))} {said}", why, lines)
            )

    def _settle(self, several: Sequence[_Due], told: bool) -> None:
        for due in several:
            if not told:  # to be looked at by the next start
                self._known.pop((due.wait.conversation.key, due.wait.since_ms), None)
            elif self._warnings.lease_s:
                self._rows.told(due.wait)

    def _words(self, step: int) -> tuple[str, str, str]:
        """What kind of news the step is, what is said of it, and why it matters."""
        if step > len(self._steps):
            return "lost", "closed unanswered", "Nobody may write to these customers until they write again."
        hours = self._steps[step - 1].hours
        said = f"closing within {hours:g} {'hour' if hours == 1 else 'hours'}"
        return "closing", said, "They wait for an answer. From these moments on (UTC) nobody may give one."
