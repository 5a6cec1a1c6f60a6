"""The platform gives each conversation to one app, ours or another: what customers say to others is kept and opens
nothing, and comes as one labelled message once the conversation is ours.

Control may come and go without a word (it lapses, it is released), so a customer's message that comes to us is as good
a telling as the platform's own. What is told twice, late or out of order leads to the same holder (`rules.routing`);
what was said is shown once, whoever dies over that, since it is written down first which lines go with which event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.front.breaker import Breaker
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.lines import Shown, forgotten
from chalicelib.pipeline.ports import Arrival, Clock, Ledger, Routes
from chalicelib.pipeline.presenting import words
from chalicelib.protocols.memory import Memory
from chalicelib.protocols.routing import Threads
from chalicelib.rules import routing as rules
from chalicelib.rules import talking
from chalicelib.rules.quoting import beginning
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.capabilities import DAY_S
from chalicelib.vocabulary.front import Routing
from chalicelib.vocabulary.messages import Control, CustomerEvent, CustomerMessage, Echo, Line, Overheard
from chalicelib.vocabulary.records import SOMEBODY, US, Account, Conversation, Thread
from chalicelib.wire import bounded, digest

# What was said to others is kept for so long, and so is which of it was shown (s).
KEPT_S = 7 * DAY_S
_ALL, _SAID, _TOLD, _ASKED = "route:", "route:said:", "route:told:", "route:asked:"
# In the place of what was taken back.
_GONE = b"-"
ADVICE = "front.routing.app is not this account's app: compare it with the App Dashboard (dmdesk doctor tells)"

Show = Callable[[Arrival, Sequence[CustomerEvent]], Sequence[str]]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """A line that another app's conversation has, by its key in the catalogue."""

    key: str
    text: str
    at_ms: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with one event: when the newest of it was said, and when the newest of the customer's (epoch ms, 0:
    nothing of theirs). `names` are those of what was said."""

    lines: tuple[Line, ...]
    said_ms: int = 0
    wrote_ms: int = 0
    names: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same for whoever shows the same."""
        return f"routed:{digest(*self.names)}"


class Record:
    """What was said while another app had a conversation. Every method raises Retryable."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def keep(self, conversation: Conversation, message: str, key: str, text: str, at_ms: int) -> None:
        """Something that was said then; `message` is the id of the event that would have brought it to us."""
        line = _Said(key=key, text=text[: talking.LONGEST_LINE], at_ms=at_ms)
        self._memory.keep_first(conversation, _name(message), msgspec.json.encode(line), KEPT_S)

    def knows(self, conversation: Conversation, message: str) -> bool:
        """Whether it has come before."""
        return self._memory.get(conversation, _name(message)) is not None

    def forget(self, conversation: Conversation, message: str) -> None:
        """It is not to be told with others: it was taken back, which may come before it does, or was told alone."""
        self._memory.keep(conversation, _name(message), _GONE, KEPT_S)

    def was_asked(self, conversation: Conversation, message: str) -> bool:
        """Whether the other app was asked for the conversation on behalf of that message."""
        return self._memory.get(conversation, f"{_ASKED}{digest(message)}") is not None

    def asked(self, conversation: Conversation, message: str) -> None:
        """It was."""
        self._memory.keep(conversation, f"{_ASKED}{digest(message)}", b"1", KEPT_S)

    def told(self, account: Account, conversation: Conversation, event: str, but: str = "") -> Told:
        """What is to be shown with the event, and with no other: the same on every try. `but` is the event's own
        message, which may have been told to the other app as well."""
        held = self._memory.under(conversation, _ALL)
        mine = _told(event)
        names = _names(held[mine]) if mine in held else _untold(held, but)
        if names and mine not in held:
            names = _names(self._memory.keep_first(conversation, mine, msgspec.json.encode(names), KEPT_S))
        return _as_told(account, held, names)

    def untold(self, account: Account, conversation: Conversation) -> Told:
        """What has been shown with nothing yet; `was_told` where it is then."""
        held = self._memory.under(conversation, _ALL)
        return _as_told(account, held, _untold(held))

    def was_told(self, conversation: Conversation, event: str, told: Told) -> None:
        """It was shown with that event. Who dies before this shows it once more under the same id, which is known."""
        self._memory.keep(conversation, _told(event), msgspec.json.encode(told.names), KEPT_S)


_CUSTOMER, _APP = "handed_customer", "routed_app"


def _name(message: str) -> str:
    return f"{_SAID}{digest(message)}"


def _told(event: str) -> str:
    return f"{_TOLD}{digest(event)}"


def _names(body: bytes) -> list[str]:
    return msgspec.json.decode(body, type=list[str])


def _untold(held: Mapping[str, bytes], but: str = "") -> list[str]:
    """The names of what has been shown with nothing, and is not that message."""
    told = {_name(but)}.union(*(_names(body) for name, body in held.items() if name.startswith(_TOLD)))
    return sorted(name for name in held if name.startswith(_SAID) and held[name] != _GONE and name not in told)


def _as_told(account: Account, held: Mapping[str, bytes], names: Sequence[str]) -> Told:
    """What of these is still there, in the order in which it was said."""
    said = [msgspec.json.decode(body, type=_Said) for name in names if (body := held.get(name, _GONE)) != _GONE]
    said.sort(key=lambda one: one.at_ms)
    shown = talking.newest(account.language, [(one.key, one.text) for one in said])
    return Told(
        lines=(Line("routed"), *shown) if shown else (),
        said_ms=max((one.at_ms for one in said), default=0),
        wrote_ms=max((one.at_ms for one in said if one.key == _CUSTOMER), default=0),
        names=tuple(names),
    )


class Listening:
    """The inbound worker's half."""

    def __init__(
        self,
        *,
        routes: Routes,
        record: Record,
        threads: Callable[[str], Threads],
        showing: Showing,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`threads` answers a channel's, by its name."""
        self._routes = routes
        self._record = record
        self._threads = threads
        self._showing = showing
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._breaker = Breaker(clock)

    def around(
        self, routing: Routing, arrival: Arrival, happened: Sequence[CustomerEvent], show: Show
    ) -> Sequence[str]:
        """Takes what is about other apps, and has the rest shown. Answers and raises what `show` does; Retryable."""
        left: list[CustomerEvent] = []
        ours: Control | CustomerMessage | None = None
        held = Thread()
        for one in happened:
            if isinstance(one, Overheard):
                self._overheard(arrival, one)
            elif isinstance(one, Control):
                if self._is_ours_by(routing, arrival, one):
                    ours, held = one, self._ledger.thread(one.conversation)
                    left += self._passed(arrival, one, held)
            elif isinstance(one, CustomerMessage) and _is_direct(one):
                ours, held = one, self._ledger.thread(one.conversation)
                left += [*self._regained(arrival, one, held), one]
            elif not (isinstance(one, Echo) and self._is_others(arrival, one)):
                left.append(one)
        taken = show(arrival, left) if left else ()
        if ours is not None:
            self._now_ours(routing, arrival, ours, held)
        return taken

    # another app has it

    def _overheard(self, arrival: Arrival, one: Overheard) -> None:
        account, whose = arrival.account, one.conversation
        self._metrics.count("overheard", channel=account.channel)
        if one.gone:
            self._record.forget(whose, one.message)
            return
        if self._ledger.begun(whose, claims.inbound(one.message)):  # it came to us as well
            return
        held = self._routes.held(whose, SOMEBODY, one.sent_ms, self._clock())
        self._routes.wrote(whose, one.sent_ms)
        text = words(account, one.lines, one.text) or beginning(account.language, "", one.kind)
        if held.holder != US:
            self._record.keep(whose, one.message, _CUSTOMER, text, one.sent_ms)
            return
        if self._record.knows(whose, one.message):
            return
        lines = talking.newest(account.language, [(_CUSTOMER, text)])  # it comes behind what it was said before
        self._line(arrival, whose, one.id, one.sent_ms, lines, "standby")
        self._record.forget(whose, one.message)

    def _is_others(self, arrival: Arrival, echo: Echo) -> bool:
        """Whether it was said, by whoever, in a conversation that another app has, or that nobody at the desk has:
        echoes have an order of their own, and may overtake what they answer. It is kept then."""
        whose = echo.conversation
        held = self._ledger.thread(whose)
        if held.seat.conversation and not rules.is_theirs(held):
            return False
        if self._ledger.is_ours(whose, echo.id) or self._ledger.in_flight(whose, self._clock()):
            return False
        text = echo.text or words(arrival.account, echo.lines[1:], "")
        self._record.keep(whose, f"echo:{echo.id}", _APP, text, echo.sent_ms)
        self._metrics.count("overheard", channel=arrival.account.channel)
        return True

    # who has it changes

    def _is_ours_by(self, routing: Routing, arrival: Arrival, control: Control) -> bool:
        """Whether it tells that the conversation is ours. Whatever else it tells is done. Raises Retryable."""
        account, whose = arrival.account, control.conversation
        self._metrics.count("thread_control", channel=account.channel, did=control.did)
        if control.did == "default":
            if (control.app == routing.app) != routing.primary:
                self._metrics.count("routing_differs", account=account.id)
                log.warning("routing differs", account=account.id, advice="set front.routing.primary as Meta has it")
            return False
        if control.did == "requested":
            self._requested(arrival, control)
            return False
        if control.app == routing.app or (control.did == "passed" and not control.app):
            return True
        if control.did == "passed":  # who is told of that is the app that gets it
            self._metrics.count("routing_differs", account=account.id)
            log.warning("routing differs", account=account.id, event=control.id, advice=ADVICE)
        by, at_ms = control.app or SOMEBODY, control.sent_ms
        held = self._routes.held(whose, by, at_ms, self._clock())
        if rules.is_theirs(held):  # as of this, or of something newer that overtook it
            self._line(arrival, whose, control.id, at_ms, [Line("routed_away")], "control")
        return False

    def _requested(self, arrival: Arrival, control: Control) -> None:
        """Nobody at the desk has it: the other app gets it. Else it stays, and agents read that it was asked for."""
        account, whose = arrival.account, control.conversation
        held = self._ledger.thread(whose)
        if not rules.is_newer(US, control.sent_ms, held) or rules.is_theirs(held):
            return
        if held.seat.conversation:
            self._line(arrival, whose, control.id, control.sent_ms, [Line("routed_asked")], "control")
        elif control.app and self._called(account, "pass", lambda to: to.give(account, whose.customer, control.app)):
            self._routes.held(whose, control.app, rules.moment(self._clock(), held), self._clock())

    # it is ours

    def _passed(self, arrival: Arrival, control: Control, held: Thread) -> list[CustomerEvent]:
        """What was said before it was passed to us, as one message, which opens a conversation where none is open."""
        if not rules.is_newer(US, control.sent_ms, held):
            self._metrics.count("ignored", reason="control_overtaken")
            return []
        told = self._record.told(arrival.account, control.conversation, control.id)
        wrote_since = held.holder in {"", US} and held.customer_ms >= control.sent_ms
        if wrote_since and not (told.lines or control.words):  # agents have read that, which says as much
            return []
        lines = told.lines or (Line("routed_bare"),)
        if control.words:
            lines += (Line("routed_words", {"words": control.words}),)
        return [_transcript(control.id, control.conversation, control.sent_ms, told, lines)]

    def _regained(self, arrival: Arrival, message: CustomerMessage, held: Thread) -> list[CustomerEvent]:
        """What was said before the customer wrote to us: nobody told that the conversation is ours again."""
        if not (rules.is_theirs(held) and rules.is_newer(US, message.sent_ms, held)):
            return []
        told = self._record.told(arrival.account, message.conversation, message.id, message.id)
        if not told.lines:
            return []
        return [_transcript(message.id, message.conversation, message.sent_ms, told, told.lines)]

    def _now_ours(self, routing: Routing, arrival: Arrival, by: Control | CustomerMessage, held: Thread) -> None:
        """It is written down once all has been shown: whoever tries again shows the same. Raises Retryable."""
        account, whose, wrote_ms = arrival.account, by.conversation, held.customer_ms
        if isinstance(by, CustomerMessage):
            wrote_ms = max(wrote_ms, by.sent_ms)
        if isinstance(by, Control) or held.holder not in {"", US}:
            held = self._routes.held(whose, US, by.sent_ms, self._clock())
        now_ms = int(self._clock() * 1000)
        left_s = rules.extends_s(routing, msgspec.structs.replace(held, customer_ms=wrote_ms), now_ms)
        if left_s and self._called(account, "extend", lambda to: to.extend(account, whose.customer, left_s)):
            self._routes.prolonged(whose, now_ms + left_s * 1000)

    def _called(self, account: Account, what: str, call: Callable[[Threads], None]) -> bool:
        """Whether the platform did it. Never raises: nobody waits for it."""
        if not self._breaker.admits(account.key):
            return False
        try:
            with new_codes(self._metrics, account.channel):
                call(self._threads(account.channel))
        except (Refused, Retryable, Uncertain) as error:
            self._failed(account, what, error.reason, long=isinstance(error, (Refused, Misconfigured)))
        except Exception as error:  # whatever it is, the message was shown
            self._failed(account, what, where(error), long=True)
        else:
            self._breaker.worked(account.key)
            return True
        return False

    def _failed(self, account: Account, what: str, reason: str, *, long: bool) -> None:
        self._breaker.failed(account.key, long=long)
        self._metrics.count("control_failed", channel=account.channel, call=what)
        log.info("control failed", account=account.id, kind=what, reason=reason)

    def _line(
        self, arrival: Arrival, whose: Conversation, event: str, at_ms: int, lines: Sequence[Line], kind: str
    ) -> None:
        text = words(arrival.account, lines, "")
        line = Shown(conversation=whose, id=bounded(f"routed:{event}"), sent_ms=at_ms, text=text)
        self._showing.show(arrival, line, kind, forgotten)


def _transcript(event: str, whose: Conversation, at_ms: int, told: Told, lines: tuple[Line, ...]) -> CustomerMessage:
    """As a message of the customer's, which nobody takes for one: each of its lines is the bridge's own."""
    return CustomerMessage(
        id=told.id if told.lines else bounded(f"routed:{event}"),
        conversation=whose,
        sent_ms=told.wrote_ms or at_ms,
        lines=lines,
        starts_window=told.wrote_ms > 0,
    )


def _is_direct(message: CustomerMessage) -> bool:
    """Whether it came in the conversation that apps share, and is the first part of what came."""
    return message.part == 0 and not (message.public or message.comment)
