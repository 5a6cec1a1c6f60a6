"""What came encrypted is shown as if it had come plain, or told of; nothing of what it says is written down."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from chalicelib.errors import AccountStopped, Misconfigured, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.pipeline.inbound.to_desk import ToDesk
from chalicelib.protocols.unsealing import NoKeys, Unopened
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Echo, Ignored, Line, Note, Sealed
from chalicelib.vocabulary.records import Account, Conversation, Event
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk, FakeSecrets, turn
from tests.kits import Bench

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
START_MS = int(START) * 1000
WORDS = "the secret word is marzipan"


def event(identifier: str = "chat:1") -> Event:
    return Event(
        source="instagram",
        account=INSTAGRAM.id,
        party="55501",
        id=identifier,
        received_ms=START_MS,
        sent_ms=START_MS,
        raw=msgspec.Raw(b'{"sealed":true}'),
    )


def sealed(identifier: str = "chat:1", *, own: bool = False, silent: bool = False) -> Sealed:
    return Sealed(
        id=identifier,
        conversation=CONVERSATION,
        sent_ms=START_MS,
        body=b"...",
        thread="1:2",
        own=own,
        silent=silent,
    )


def message(identifier: str = "chat:1", text: str = WORDS) -> CustomerMessage:
    return CustomerMessage(
        id=identifier, conversation=CONVERSATION, sent_ms=START_MS, text=text, platform_thread="1:2", sealed=True
    )


class Translator:
    """Whatever comes is sealed as told."""

    def __init__(self) -> None:
        self.own = self.silent = False

    def parse(self, event: Event) -> list[CustomerEvent]:
        return [sealed(event.id, own=self.own, silent=self.silent)]


class Unsealing:
    """Answers what it is given for the event, or fails with it; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[Sequence[CustomerEvent] | Exception] = []
        self.asked: list[str] = []

    def opened(self, account: Account, sealed: Sealed) -> list[CustomerEvent]:
        self.asked.append(sealed.id)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return list(answer)


class Road:
    """The inbound worker of a channel whose messages come sealed."""

    def __init__(self, *answers: Sequence[CustomerEvent] | Exception) -> None:
        self.desk, self.unsealing, self.translator = FakeDesk(), Unsealing(), Translator()
        self.unsealing.answers = list(answers)
        self.secrets = FakeSecrets()
        self.bench = Bench(
            {"instagram": FakeClient()},
            self.desk,
            secrets=self.secrets,
            unsealings={"instagram": self.unsealing},
        )
        self.work: ToDesk = self.bench.to_desk({"instagram": self.translator})

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.desk.delivered]

    def ends(self, identifier: str = "chat:1", tries: int = 9) -> int:
        """How many times the event had to come until it was dealt with."""
        for tried in range(1, tries + 1):
            try:
                self.work.handle(event(identifier), turn(identifier))
            except Retryable:
                self.bench.clock.advance(10)
            else:
                return tried
        raise AssertionError("it comes for ever")


def test_a_sealed_message_is_shown_once_under_its_own_id() -> None:
    road = Road([message()])
    assert road.ends() == 1
    assert road.ends() == 1
    assert road.texts == [WORDS]
    assert road.bench.ledger.state(CONVERSATION, claims.inbound("chat:1")) == "done"
    assert road.bench.ledger.thread(CONVERSATION).platform == "1:2"
    assert road.bench.metrics.total("duplicate") == 1


def test_nothing_that_it_says_is_remembered() -> None:
    road = Road([message()])
    road.ends()
    assert road.bench.ledger.words(CONVERSATION, "chat:1", "1") == ""
    note = Note(
        id="chat:2", conversation=CONVERSATION, sent_ms=START_MS, kind="edit", lines=(Line("edited"),),
        text=f"{WORDS}, truly", about="chat:1", edit=5, sealed=True,
    )  # fmt: skip
    road.desk.open = True
    road.unsealing.answers = [[note]]
    road.ends("chat:2")
    assert road.texts[1].endswith(f"{WORDS}, truly")
    held = repr((vars(road.bench.ledger), vars(road.bench.memory), vars(road.bench.shelf), road.bench.metrics.lines))
    assert "marzipan" not in held
    assert "marzipan" not in repr((road.bench.inbound.events, road.bench.inbound.buried, road.bench.outbound.events))


def test_a_key_that_comes_late_opens_it_and_costs_nothing_but_time() -> None:
    road = Road(Retryable("no key"), Retryable("no key"), [message()])
    assert road.ends() == 3
    assert road.texts == [WORDS]


@pytest.mark.parametrize("error", [Retryable("no key"), Uncertain("no answer"), TokenRefused("expired")])
def test_a_key_that_never_comes_holds_nothing_up_for_long(error: Exception) -> None:
    road = Road(error)
    assert 4 <= road.ends() <= 5
    assert road.texts == [
        "[An encrypted message that cannot be opened here. Read it in the Instagram app, or ask for it again.]"
    ]
    assert road.bench.metrics.total("sealed_unopened", reason="no_key") == 1
    assert road.secrets.refreshed
    assert road.bench.ledger.thread(CONVERSATION).platform == "1:2"


@pytest.mark.parametrize(
    "error", [Unopened("forged"), Refused("other", "403"), AccountStopped("402", "buy credits at console.x.com")]
)
def test_what_nobody_will_ever_open_is_told_at_once(error: Exception) -> None:
    road = Road(error)
    assert road.ends() == 1
    assert len(road.texts) == 1
    assert road.bench.metrics.total("account_stopped") == isinstance(error, AccountStopped)


def test_a_fault_of_configuration_waits_for_whoever_sets_it_right() -> None:
    road = Road(Misconfigured("no token", "store one"))
    with pytest.raises(AssertionError, match="for ever"):
        road.ends(tries=50)
    assert road.texts == []
    road.unsealing.answers = [[message()]]
    road.ends()
    assert road.texts == [WORDS]


@pytest.mark.parametrize("error", [Unopened("forged"), NoKeys("get some")])
@pytest.mark.parametrize("kind", ["own", "silent"])
def test_nobody_misses_what_was_no_message_of_the_customers(error: Exception, kind: str) -> None:
    road = Road(error)
    setattr(road.translator, kind, True)
    road.ends()
    assert road.texts == []
    assert road.bench.metrics.total("ignored") == 1


def test_without_keys_each_customer_is_told_of_once_a_day() -> None:
    road = Road(NoKeys("run dmdesk x-keys"))
    for identifier in ("chat:1", "chat:2", "chat:1", "chat:3"):
        road.ends(identifier)
    assert len(road.texts) == 1
    assert "has no keys here" in road.texts[0]
    assert (
        road.bench.metrics.total("sealed_no_keys") == 2
    )  # the first came twice: as often as it is not known to be told
    assert road.bench.metrics.total("ignored", reason="sealed_no_keys") == 2
    road.bench.clock.advance(86_401)
    road.ends("chat:4")
    assert len(road.texts) == 2


def test_keys_that_were_stored_just_now_are_looked_for() -> None:
    road = Road(NoKeys("run dmdesk x-keys"), [message()])
    assert road.ends() == 1
    assert road.texts == [WORDS]
    road = Road(NoKeys("run dmdesk x-keys"))
    road.secrets.refreshable = False
    road.ends()
    assert road.unsealing.asked == ["chat:1"]


def test_a_worker_that_dies_before_the_line_leaves_it_to_the_next() -> None:
    road = Road(NoKeys("run dmdesk x-keys"))
    road.desk.answers = [Retryable("away")]
    assert road.ends() == 2
    assert road.bench.metrics.total("delivered") == 1


def test_a_part_that_means_nothing_is_counted_by_its_reason() -> None:
    road = Road([Ignored("typing")])
    road.ends()
    assert road.bench.metrics.total("ignored", reason="typing") == 1


def test_what_is_given_up_leaves_a_line_in_its_place() -> None:
    road = Road([message()])
    road.work.give_up(event(), turn(), "unforeseen")
    assert len(road.texts) == 1
    assert "could not be shown here" in road.texts[0]
    road.translator.own = True
    road.work.give_up(event("chat:2"), turn(), "unforeseen")
    assert len(road.texts) == 1


def test_an_echo_is_told_from_a_reply_of_ours() -> None:
    road = Road([message()])
    road.ends()
    road.desk.open = True
    road.unsealing.answers = [[Echo(id="m-9", conversation=CONVERSATION, sent_ms=START_MS, text="from the app")]]
    road.ends("chat:9")
    assert road.texts[1].endswith("from the app")
    road.bench.ledger.ours.add((CONVERSATION.key, "m-10"))
    road.unsealing.answers = [[Echo(id="m-10", conversation=CONVERSATION, sent_ms=START_MS, text="from here")]]
    road.ends("chat:10")
    assert len(road.texts) == 2


def test_quick_texts_are_shown_as_one_message_though_they_came_sealed() -> None:
    road = Road([message("chat:1", "one")], [message("chat:2", "two")], [message("chat:1", "one")])
    road.bench.ledger.listed = [msgspec.structs.replace(INSTAGRAM, fold_s=5)]
    behind = msgspec.structs.replace(turn("chat:1"), behind=(event("chat:2"), event("chat:3")))
    assert list(road.work.handle(event("chat:1"), behind)) == ["chat:2"]
    assert road.texts == ["one\ntwo"]
