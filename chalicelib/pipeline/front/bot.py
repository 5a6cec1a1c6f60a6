"""The bot that answers before an agent does: a desk of its own, at which an account's conversations may begin.

It is asked once a customer's message is claimed, within one deadline, and once for each message: what came of that is
written down before it has any effect, so that whoever tries again does the same. Its answer goes the way of agents'
answers, onto the outbound queue (pipeline/outbound/bots.py). Where people take over, the conversation moves by a
conditional write, and goes on at the account's desk with the same message of the customer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

import msgspec

from chalicelib.errors import Malformed, Misconfigured, Refused, Retryable, Uncertain, Waiting
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.delivery import HandedOver
from chalicelib.pipeline.front.breaker import Breaker
from chalicelib.pipeline.ports import Clock, Floor, Ledger, Outbox
from chalicelib.protocols.asking import Question, Talker
from chalicelib.protocols.asking import Turn as Line
from chalicelib.protocols.memory import Memory
from chalicelib.rules import handover, saying, talking
from chalicelib.rules.catalogue import say
from chalicelib.rules.handover import Why
from chalicelib.rules.talking import Exchange
from chalicelib.vocabulary import claims, front
from chalicelib.vocabulary.capabilities import DAY_S, DeskCapabilities
from chalicelib.vocabulary.messages import DeskMessage, Source
from chalicelib.vocabulary.records import BOT, Account, Conversation, Event, Profile, Seat, Urged
from chalicelib.vocabulary.replies import AgentMessage, AgentTyping, File, Receipt, Uttered
from chalicelib.wire import digest

# What was said is kept for so long, and so is that people have taken over (s).
KEPT_S = 7 * DAY_S
_HANDED = "bot:handed"
_TALK = "bot:talk:"
# How soon (s) a conversation is looked at again that could not be taken over, since the bot was sending.
SPEAKING_S = 1.0
# A talk may have so many turns before its numbers pass into the next generation's.
_MOST_TURNS = 1_000_000


class _Handed(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation was taken from the bot, which moved it to this generation of its seat: from which talk, and
    why."""

    generation: int
    talk: str
    why: Why


class Bot:
    """Implements `protocols.desk.Desk`."""

    capabilities = DeskCapabilities(receipts=False, notices=False, idempotent=True)

    def __init__(
        self,
        *,
        talkers: Callable[[bool], Talker],
        memory: Memory,
        ledger: Ledger,
        floor: Floor,
        outbox: Outbox,
        desk: Callable[[str], Seat],
        name: Callable[[Account], str],
        clock: Clock,
        metrics: Metrics,
        fresh: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """`talkers` answers a model (True), or the companies' own endpoints (False). `desk` answers nobody's seat at
        the desk of that name, `name` what the account's desk is called; `fresh` makes what nobody guesses."""
        self._talkers = talkers
        self._memory = memory
        self._ledger = ledger
        self._floor = floor
        self._outbox = outbox
        self._desk = desk
        self._name = name
        self._clock = clock
        self._metrics = metrics
        self._breaker = Breaker(clock)
        self._fresh = fresh

    # where a conversation begins

    def takes(self, account: Account, conversation: Conversation, seat: Seat, tried_s: float = 0.0) -> bool:
        """Whether a conversation that nobody has begins at the bot. Not with a message that somebody has tried since
        then (epoch s, 0: nobody has), where people have ended theirs meanwhile: they may have read it. Raises
        Retryable."""
        bot = _of(account)
        if (seat.generation and not bot.again) or not handover.on_duty(bot, self._clock()):
            return False
        if tried_s and self._ledger.standing(conversation).ended_ms >= tried_s * 1000:
            return False
        handed = self._handed(conversation)
        return handed is None or handed.generation != seat.generation

    # as a desk

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        """Answers the message. Raises HandedOver where people have to, and Retryable."""
        conversation = Conversation(account.channel, account.id, message.customer)
        talk = seat.conversation or digest(BOT, message.id)[:32]
        at = seat if seat.conversation else seat.moved(talk, BOT)
        before = self._talk(conversation, talk)
        exchange = next((one for one in before if one.id == message.id), None)
        if exchange is None:
            exchange = self._kept(conversation, talk, self._exchange(account, message, before, at))
        if exchange.why is not None:
            self.hand_over(account, conversation, seat, exchange.why)
            raise HandedOver
        self._say(account, conversation, at, exchange)
        return at

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        """Nothing is looked for: what is given to the bot twice, it has once."""
        return None

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        """It needs no receipts."""

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        """Until people take over."""
        return bool(seat.conversation)

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        """Nobody waits in a queue."""
        return ""

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        """It keeps no register."""

    def source(self, file: File, seat: Seat) -> Source:
        """It sends no files."""
        raise Refused("unsupported", "a bot sends no files")

    # people take over

    def hand_over(self, account: Account, conversation: Conversation, seat: Seat, why: Why) -> None:
        """Moves the conversation from that seat at the bot to people; nothing where it has been moved since. Raises
        Retryable, and Waiting while the bot sends."""
        began = bool(seat.conversation)
        after = msgspec.structs.replace(self._desk(account.desk), generation=seat.generation + 1)
        before = seat if began else msgspec.structs.replace(seat, desk="")
        note = _Handed(generation=after.generation, talk=seat.conversation, why=why)
        self._memory.keep(conversation, _HANDED, msgspec.json.encode(note), KEPT_S)
        if began and why != "person":
            self._tell(account, conversation, after, self._event_of_hand_over(account, conversation, seat))
        if not self._floor.hand_over(conversation, before, after, self._clock()):
            raise Waiting("the bot is sending, or somebody has moved the conversation", SPEAKING_S)
        self._metrics.count("bot_handed_over", channel=account.channel, reason=why)
        log.info("handed over", conversation=conversation.key, account=account.id, reason=why)

    def told(self, account: Account, conversation: Conversation, seat: Seat, message: DeskMessage) -> DeskMessage:
        """The message as people at this seat are shown it: where it opens a conversation, with what the bot said
        before, and what became of that; a tap on something that the bot offered is a text there. Raises Retryable."""
        if message.tap is not None and message.tap.message.startswith(_PREFIX):
            message = msgspec.structs.replace(message, tap=None, text=message.text or message.tap.text)
        if seat.conversation:
            return message
        handed = self._handed(conversation)
        if handed is None or handed.generation != seat.generation:
            return message
        talk = self._said(conversation, handed.talk) if handed.talk else []
        before = [one for one in talk if one.id != message.id]
        texts = [talking.transcript(account.language, before, handed.why)] if before else []
        # it may have been answered just before a person wrote
        answers = [
            say(account.language, "handed_bot", words=one.answer) for one in talk if one.id == message.id and one.answer
        ]
        text = "\n".join(part for part in (*texts, message.text, *answers) if part)
        attributes = message.attributes | talking.told(talk, handed.why)
        return msgspec.structs.replace(message, text=text, attributes=attributes)

    # what is asked, and what comes of it

    def _exchange(self, account: Account, message: DeskMessage, talk: list[Exchange], seat: Seat) -> Exchange:
        """What the bot makes of the message."""
        bot, tapped = _of(account), message.tap.text if message.tap else ""
        text = (message.text or tapped)[: talking.LONGEST_TEXT]
        made = Exchange(id=message.id, text=text, at_ms=message.sent_ms, number=len(talk) + 1)
        why = handover.before(bot, text, talking.answered(talk), self._clock())
        if why is not None:
            return msgspec.structs.replace(made, why=why)
        self._type(account, message, seat)
        said, why = self._asked(account, [*talk, made])
        if said is not None:
            why = handover.after(bot, said)
        discloses = talking.discloses(bot, talk, message.sent_ms)
        return msgspec.structs.replace(made, said=said, why=why, discloses=discloses)

    def _asked(self, account: Account, talk: list[Exchange]) -> tuple[saying.Said | None, Why | None]:
        """The bot's answer, None with why there is none. Never raises."""
        bot = _of(account)
        if not self._breaker.admits(account.key):
            self._metrics.count("front_unasked", feature=BOT)
            return None, "failure"
        try:
            said = saying.read(self._answer(account, bot, talk), bot.links)
        except Misconfigured as error:
            return None, self._failed(account, error.reason, "failure", error.advice)
        except Uncertain as error:
            return None, self._failed(account, error.reason, "failure" if error.answered else "silence")
        except Retryable as error:
            return None, self._failed(account, error.reason, "failure")
        except Malformed as error:
            return None, self._failed(account, str(error), "answer")
        except Exception as error:  # whatever it is, people answer
            return None, self._failed(account, where(error), "failure")
        if said is None:
            return None, self._failed(account, "an answer outside of its shape", "answer")
        self._breaker.worked(account.key)
        self._metrics.count("front_asked", feature=BOT)
        return said, None

    def _answer(self, account: Account, bot: front.Bot, talk: list[Exchange]) -> object:
        """One call, with one deadline."""
        lines = talking.lines(talk)[-talking.MOST_LINES :]
        question = asked(bot, lines, account.language, self._fresh())
        told = [Line(by=line.by, text=line.text) for line in lines]
        return self._talkers(bool(bot.model))(bot, question, told, float(bot.seconds))

    def _failed(self, account: Account, detail: str, why: Why, advice: str = "") -> Why:
        """`detail` holds nobody's words."""
        self._breaker.failed(account.key, long=bool(advice))
        self._metrics.count("front_failed", feature=BOT)
        tell = log.error if advice else log.warning
        tell("not told", kind=BOT, account=account.id, detail=detail, **({"advice": advice} if advice else {}))
        return why

    # what is remembered

    def _kept(self, conversation: Conversation, talk: str, made: Exchange) -> Exchange:
        """What was first made of the message. Raises Retryable."""
        name, told = f"{_TALK}{talk}:{made.id}", msgspec.json.encode(made)
        return msgspec.json.decode(self._memory.keep_first(conversation, name, told, KEPT_S), type=Exchange)

    def _talk(self, conversation: Conversation, talk: str) -> list[Exchange]:
        held = self._memory.under(conversation, f"{_TALK}{talk}:")
        return sorted((msgspec.json.decode(one, type=Exchange) for one in held.values()), key=lambda one: one.number)

    def _said(self, conversation: Conversation, talk: str) -> list[Exchange]:
        """The talk as the customer has read it: an answer that nobody began to send, nobody sends any more."""
        begun = self._ledger.begun(conversation, f"{claims.OUTBOUND}{_PREFIX}")
        return [
            one if claims.outbound(_name_of(one), 1) in begun else msgspec.structs.replace(one, said=_unsaid(one))
            for one in self._talk(conversation, talk)
        ]

    def _handed(self, conversation: Conversation) -> _Handed | None:
        held = self._memory.get(conversation, _HANDED)
        return msgspec.json.decode(held, type=_Handed) if held else None

    # what is said

    def _say(self, account: Account, conversation: Conversation, seat: Seat, exchange: Exchange) -> None:
        """Puts the answer on its way. Raises Retryable."""
        said = exchange.said
        assert said is not None
        word = say(account.language, "is_bot") if exchange.discloses else ""
        message = AgentMessage(
            id=_name_of(exchange),
            text="\n\n".join(part for part in (word, said.text) if part),
            author="bot",
            integration=account.integration,
            customer=conversation.customer,
            desk_conversation=seat.conversation,
            choices=saying.choices(said),
            cards=saying.cards(said),
        )
        turn = seat.generation * _MOST_TURNS + exchange.number
        self._tell(account, conversation, seat, Uttered(told=message, generation=seat.generation, turn=turn))
        self._metrics.count("bot_answered", channel=account.channel)

    def _type(self, account: Account, message: DeskMessage, seat: Seat) -> None:
        """The customer sees that an answer is being written. Never raises."""
        told = AgentTyping(
            integration=account.integration, customer=message.customer, desk_conversation=seat.conversation
        )
        conversation = Conversation(account.channel, account.id, message.customer)
        uttered = Uttered(told=told, generation=seat.generation, wrote_ms=message.sent_ms)
        try:
            self._tell(account, conversation, seat, uttered, message.id)
        except Retryable as error:
            log.info("not shown that it types", account=account.id, reason=error.reason)

    def _event_of_hand_over(self, account: Account, conversation: Conversation, seat: Seat) -> Uttered:
        """The bridge's own word to the customer, said once for each time that people take over."""
        message = AgentMessage(
            id=f"{_PREFIX}{digest(seat.conversation, str(seat.generation))[:32]}",
            text=say(account.language, "hands_over"),
            author="bot",
            integration=account.integration,
            customer=conversation.customer,
        )
        return Uttered(told=message, generation=seat.generation + 1)

    def _tell(self, account: Account, conversation: Conversation, seat: Seat, uttered: Uttered, of: str = "") -> None:
        """Onto the outbound queue, in the order of the customer's replies. `of` tells one typing from another."""
        name = uttered.told.id if isinstance(uttered.told, AgentMessage) else f"typing:{of}"
        self._outbox.put(
            [
                Event(
                    source=self._name(account),
                    account=account.integration,
                    party=conversation.customer,
                    id=digest(BOT, conversation.key, name),
                    received_ms=int(self._clock() * 1000),
                    section=BOT,
                    raw=msgspec.Raw(msgspec.json.encode(uttered)),
                )
            ]
        )


def asked(bot: front.Bot, lines: Sequence[talking.Spoken], language: str, mark: str) -> Question:
    """What is asked of a talk; `mark` is made for this call."""
    return Question(
        instructions=talking.instructions(bot, mark),
        text=lines[-1].text,
        fenced=talking.fenced(lines, mark),
        schema=saying.SCHEMA,
        intents={},
        language=language,
    )


_PREFIX = "bot:"


def _name_of(exchange: Exchange) -> str:
    """The id of the answer, the same on every try."""
    return f"{_PREFIX}{digest(exchange.id)[:32]}"


def _unsaid(exchange: Exchange) -> saying.Said | None:
    """What the bot thought of a message whose answer nobody has read."""
    if exchange.said is None:
        return None
    return msgspec.structs.replace(exchange.said, text="", quick_replies=(), cards=())


def _of(account: Account) -> front.Bot:
    assert account.front.bot is not None
    return account.front.bot
