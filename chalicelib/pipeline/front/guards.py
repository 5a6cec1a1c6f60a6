"""Guards: messages of machines that answer ours, and spam, are marked, held, parked, or dropped, as the account wants.

What is held waits on its queue, and all of its conversation behind it: nothing is lost, and nothing overtakes. What is
parked lies in the bucket. A guard that fails lets through.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Protocol

import msgspec

from chalicelib.errors import Refused, Retryable, Waiting
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.delivery import Together
from chalicelib.pipeline.front.turns import Fingerprint, theirs
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.lines import Lines, Shown, forgotten
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.rules import loops
from chalicelib.rules.catalogue import say
from chalicelib.rules.spam import NEWCOMERS_S, Met, Sheet
from chalicelib.vocabulary.front import Guards as Settings
from chalicelib.vocabulary.guarding import QUIET, Held, Rule, Said, Step, Talk
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Line
from chalicelib.vocabulary.records import Account, Conversation

# The rules are read again after so long (s).
RULES_S = 60.0
# How often (s) what is held looks whether it has been released.
LOOK_S = 300.0
# Who loops again so soon (s) after they were held is parked.
AGAIN_S = 3600.0
LOOP = "loop"
PARKED_BY = "guarded"
ADVICE = "dmdesk held tells which conversation it is of; dmdesk held release brings it back"
_STEPS: tuple[Step, ...] = ("", "mark", "hold", "park")


class Book(Protocol):
    """What guards remember. All methods may raise Retryable."""

    def talk(self, conversation: Conversation) -> Talk: ...
    def hold(self, held: Held) -> None: ...

    def tell(self, conversation: Conversation) -> None:
        """The agents know that it is held."""

    def rules(self) -> Sequence[Rule]: ...

    def count(self, account: Account, what: str, why: str, now: float) -> None:
        """Counts what was done, and why, for the daily report."""

    def newcomer(self, account: Account, now: float, within_s: int) -> int:
        """Counts somebody who writes for the first time: how many that were in this span of time (s)."""


class OnHold(Waiting):
    """A guard holds the conversation."""


class Guards:
    """Judges messages before anything else is done for them."""

    def __init__(
        self,
        *,
        book: Book,
        fingerprint: Fingerprint,
        intake: Intake[list[CustomerEvent]],
        lines: Lines,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._book = book
        self._fingerprint = fingerprint
        self._intake = intake
        self._lines = lines
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._sheets: dict[str, Sheet] = {}
        self._rules: Sequence[Rule] = ()
        self._read_s = float("-inf")
        self._reading = Lock()

    def let_through(
        self, arrival: Arrival, message: CustomerMessage, others: Sequence[CustomerMessage] = ()
    ) -> CustomerMessage | None:
        """The message, as it goes on; None where it was parked or dropped. What an operator brings back goes on as it
        is. Raises OnHold while its conversation is held; Together where one of the `others` is to be judged by itself,
        and whatever parking raises."""
        settings = arrival.account.front.guards
        if settings is None or arrival.event.order or message.part:
            return message
        try:
            sheet = self._sheet(arrival.account) if settings.rules else None
            if sheet and any(sheet.found(_met(other)) for other in others):
                raise Together
            verdict = self._judged(arrival, settings, sheet, message)
        except Waiting as held:
            if isinstance(held, (OnHold, Together)):
                raise
            return self._failed(message, held)
        except Exception as error:
            return self._failed(message, error)
        if verdict is None:
            return None
        step, message = verdict
        if step == "park":
            self._intake.park(arrival.event, arrival.turn, PARKED_BY, ADVICE)
            return None
        return message

    def _failed(self, message: CustomerMessage, error: Exception) -> CustomerMessage:
        """Nothing waits for a guard."""
        self._metrics.count("guard_failed")
        log.error("a guard failed", event=message.id, error=where(error))
        return message

    def _sheet(self, account: Account) -> Sheet:
        """The account's rules, as they were within the last minute; older ones where they cannot be read."""
        with self._reading:  # nobody judges by what is not read yet
            now = self._clock()
            if abs(now - self._read_s) > RULES_S:
                self._read_s = now
                try:
                    self._rules = self._book.rules()
                    self._sheets.clear()
                except Retryable as error:
                    log.warning("rules not read", reason=error.reason)
            if account.key not in self._sheets:
                self._sheets[account.key] = Sheet([one for one in self._rules if one.account in {"", account.key}])
            return self._sheets[account.key]

    def _judged(
        self, arrival: Arrival, settings: Settings, sheet: Sheet | None, message: CustomerMessage
    ) -> tuple[Step, CustomerMessage] | None:
        """What becomes of the message, which has been marked; None where it is dropped. Raises OnHold, Retryable."""
        account, now = arrival.account, self._clock()
        rule = sheet.found(_met(message)) if sheet else None
        if rule and rule.action == "drop":
            self._count(account, "drop", rule.kind, rule.id)
            self._metrics.count("ignored", reason="blocked_sender")
            return None
        holds = rule is not None and rule.action == "hold"
        newcomers = sheet.newcomers if sheet else []
        looks = settings.loops != "off"
        talk = self._book.talk(message.conversation) if looks or holds or newcomers else QUIET
        if talk.step in {"hold", "park"} and talk.until_s > now:
            return self._kept(arrival, message, talk)
        said = theirs(message, arrival.event.received_ms, self._fingerprint)
        message = msgspec.structs.replace(message, said=_remembered(talk, said)) if looks else message
        if _released(talk, arrival.event.received_ms):
            return "", _marked(message, rule, talk.why.startswith(LOOP))
        rule = rule or self._newcomer(account, message, talk, newcomers)
        step, why = loops.judged(talk.said, said, again=_again(talk, now)) if looks else ("", "")
        step = min(step, settings.loops if settings.loops != "off" else "", key=_STEPS.index)
        if arrival.event.late:
            step = ""
        if rule and rule.action == "hold" and _STEPS.index(step) < _STEPS.index("hold"):
            return self._kept(arrival, message, self._begun(account, message, "hold", rule.kind, rule.id, settings))
        if step in {"hold", "park"}:
            return self._kept(arrival, message, self._begun(account, message, step, LOOP, f"{LOOP}:{why}", settings))
        if rule or step:
            self._metrics.count("guarded", action=rule.action if rule else step, reason=rule.kind if rule else LOOP)
        return step, _marked(message, rule, step != "")

    def _newcomer(self, account: Account, message: CustomerMessage, talk: Talk, rules: Sequence[Rule]) -> Rule | None:
        """The rule that a flood of people meets who write for the first time, where this is one of them."""
        if not rules or talk != QUIET or self._ledger.thread(message.conversation).customer_ms:
            return None
        count = self._book.newcomer(account, self._clock(), NEWCOMERS_S)
        return next((rule for rule in rules if count > int(rule.value)), None)

    def _begun(
        self, account: Account, message: CustomerMessage, step: Step, reason: str, why: str, settings: Settings
    ) -> Talk:
        """From now on the conversation is held, or parked."""
        now = self._clock()
        until_s = now + settings.hold_minutes * 60.0
        held = Held(conversation=message.conversation, step=step, why=why, since_s=now, until_s=until_s)
        self._book.hold(held)
        self._count(account, step, reason, why)
        self._metrics.count("guard_held", account=account.id)
        log.warning("held by a guard", event=message.id, account=account.id, kind=step, reason=why,
                    conversation=message.conversation.key)  # fmt: skip
        return Talk(step=step, until_s=until_s, why=why)

    def _kept(self, arrival: Arrival, message: CustomerMessage, talk: Talk) -> tuple[Step, CustomerMessage]:
        """What is done with a message of a conversation that is held. Raises OnHold."""
        if not talk.told:
            self._tell(arrival.account, message, talk)
        if talk.step == "park":
            return "park", message
        raise OnHold("a guard holds the conversation", min(LOOK_S, max(1.0, talk.until_s - self._clock())))

    def _tell(self, account: Account, message: CustomerMessage, talk: Talk) -> None:
        """Agents read of it where the conversation is open. What cannot be told now, the next try tells. Never
        raises."""
        conversation = message.conversation
        key = "guard_park" if talk.step == "park" else "guard_hold"
        text = say(account.language, key, at=str(int(talk.until_s * 1000)))
        line = Shown(
            conversation=conversation, id=f"guard:{int(talk.until_s)}", sent_ms=int(self._clock() * 1000), text=text
        )
        try:
            seat = self._ledger.thread(conversation).seat
            if self._lines.is_open(account, conversation, seat):
                self._lines.put(account, line, seat, forgotten)
            self._book.tell(conversation)
        except Refused as no:
            log.warning("the desk refuses a line", event=line.id, detail=no.detail, account=account.id)
        except Exception as error:
            log.info("not told", event=line.id, account=account.id, error=where(error))

    def _count(self, account: Account, action: str, reason: str, why: str) -> None:
        """In the metrics, and for the report, without which all goes on."""
        self._metrics.count("guarded", action=action, reason=reason)
        try:
            self._book.count(account, action, why, self._clock())
        except Retryable as error:
            log.warning("not counted", account=account.id, kind=action, reason=error.reason)


def _met(message: CustomerMessage) -> Met:
    return Met(customer=message.conversation.customer, username=message.username, text=message.text)


def _remembered(talk: Talk, said: Said) -> Said:
    """The turn, in place of all that counts no more where too much lies there."""
    if len(talk.said) < loops.MOST:
        return said
    return msgspec.structs.replace(said, kept=tuple(loops.counted(talk.said, said.at_ms)[-loops.MOST // 2 :]))


def _released(talk: Talk, received_ms: int) -> bool:
    """Whether it had come before its conversation was released, by an operator or by time."""
    return received_ms <= max(talk.released_ms, int(talk.until_s * 1000) if talk.step else 0)


def _again(talk: Talk, now: float) -> bool:
    return talk.step != "" and now - talk.until_s < AGAIN_S


def _marked(message: CustomerMessage, rule: Rule | None, looping: bool) -> CustomerMessage:
    """As the agent and the flow see what was noticed."""
    if rule is None and not looping:
        return message
    action = rule.action if rule else "mark"
    told = {"guard": rule.id if rule else LOOP, "guardAction": action}
    line = Line("guard_rule", {"name": rule.id}) if rule else Line("guard_loop")
    return msgspec.structs.replace(message, attributes=message.attributes | told, lines=(line, *message.lines))
