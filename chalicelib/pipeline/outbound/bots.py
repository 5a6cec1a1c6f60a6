"""What the bot before the desk says, where it may still: the seat and the turn are checked by a conditional write at
each send, so that nothing of it goes out once people have taken over, whoever dies over that (`ports.Floor`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from chalicelib.errors import Refused, Retryable, Uncertain, Waiting
from chalicelib.http import LONGEST_CALL_S
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Floor, Ledger, Turn
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.records import Conversation, Thread
from chalicelib.vocabulary.replies import AgentMessage, Uttered

# How soon a seat is looked for again that is about to be written (s).
COMMIT_S = 1.0
# A part has the floor no longer than this (s): its send, and a link in place of a refused file.
FLOOR_S = 2 * LONGEST_CALL_S + 5
# That people take over is said at once or not at all (s).
LATEST_S = 120.0


class Bots:
    """Judges what it says before it is planned."""

    def __init__(self, ledger: Ledger, budgets: Budgets, clock: Clock) -> None:
        self._ledger = ledger
        self._budgets = budgets
        self._clock = clock

    def thread(self, conversation: Conversation, uttered: Uttered, received_s: float, turn: Turn) -> Thread | None:
        """What is remembered of the conversation, None where this is not to be said any more. Raises Waiting until the
        customer's message is told that it answers, or until people have taken over, and Retryable."""
        thread = self._ledger.thread(conversation)
        if thread.seat.generation < uttered.generation:
            if self._budgets.spent(turn, "seat"):
                return None
            raise Waiting("the message that is answered is not done", COMMIT_S)
        return thread if uttered.turn or self._in_time(conversation, uttered, thread, received_s) else None

    def _in_time(self, conversation: Conversation, uttered: Uttered, thread: Thread, received_s: float) -> bool:
        """Whether the bridge's word that people take over comes before theirs; what was begun is ended."""
        told = uttered.told
        begun = isinstance(told, AgentMessage) and self._ledger.begun(conversation, claims.parts(told.id))
        answered = thread.seat.generation > uttered.generation + 1 or (thread.seat.conversation and thread.replies)
        return bool(begun) or not (answered or self._clock() - received_s > LATEST_S)


class Holding:
    """Has the floor for the parts of a bot's answer."""

    def __init__(self, ledger: Ledger, floor: Callable[[], Floor] | None, clock: Clock) -> None:
        self._ledger = ledger
        self._floor = floor
        self._clock = clock

    @contextmanager
    def floor(self, reply: Reply, item: str) -> Iterator[None]:
        """While the part is sent, whose claim is fresh and is given back where it may not be. Raises Refused where
        people have taken over, Retryable."""
        if not reply.turn_of_bot or self._floor is None:
            yield
            return
        floor = self._floor()
        self._take(floor, reply, item)
        try:
            yield
        except Retryable as later:
            if not isinstance(later.__cause__, Uncertain):  # else it may still be on its way
                self._give(floor, reply, item)
            raise
        self._give(floor, reply, item)

    def _take(self, floor: Floor, reply: Reply, item: str) -> None:
        conversation, now = reply.conversation, self._clock()
        try:
            taken = floor.speak(conversation, item, reply.seat, reply.turn_of_bot, now, now + FLOOR_S)
        except Retryable:
            self._ledger.release(conversation, item)
            raise
        if taken == "held":
            return
        self._ledger.release(conversation, item)
        if taken == "early":
            raise Waiting("the message that is answered is not done", COMMIT_S)
        raise Refused("no_conversation", "people have taken over from the bot")

    def _give(self, floor: Floor, reply: Reply, item: str) -> None:
        with suppress(Retryable):  # it ends by itself
            floor.silent(reply.conversation, item)
