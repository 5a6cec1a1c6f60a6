"""A customer's event on its way to the agents: every branch that decides whether it is posted, again or never."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import AlreadyThere, Malformed, Refused, Retryable, TokenRefused, Uncertain, Unfetched
from chalicelib.messages import (
    Conversation,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Event,
    Ignored,
    Line,
    Media,
    Note,
    Profile,
    Tap,
    Thread,
    Trouble,
    Unseen,
    digest,
)
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.delivering import DOUBT_S, LEASE_S, Delivering
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.posts import Posts
from chalicelib.pipeline.presenting import desk_id
from chalicelib.pipeline.profiles import Profiles
from chalicelib.pipeline.to_desk import ECHO_ATTEMPTS, ECHO_WAIT_S, FETCH_ATTEMPTS, ToDesk
from chalicelib.rules.planning import offer_key, token
from tests.fakes import (
    INSTAGRAM,
    PAGE,
    START,
    TIKTOK,
    FakeClient,
    FakeClock,
    FakeDesk,
    FakeFetch,
    FakeLedger,
    FakeMetrics,
    FakeQueue,
    FakeSecrets,
    FakeShelf,
)

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SAID = CustomerMessage(id="message:mid-1", conversation=CONVERSATION, sent_ms=int(START) * 1000, text="Is it back?")
ITEM = "IN#message:mid-1"
MESSAGE_ID = desk_id(INSTAGRAM, SAID.id)
EVENT = Event(
    source="instagram",
    account=INSTAGRAM.id,
    party="55501",
    id="message:mid-1",
    received_ms=int(START) * 1000,
    section="messaging",
    raw=msgspec.Raw(b'{"any": "thing"}'),
)


class Says:
    """A translator that reads whatever it is told to; keeps what it was given."""

    def __init__(self, *happened: CustomerEvent) -> None:
        self.happened = list(happened)
        self.error: Malformed | None = None
        self.given: list[Event] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        self.given.append(event)
        if self.error:
            raise self.error
        return self.happened


class Kit:
    def __init__(self, *happened: CustomerEvent) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.queue = FakeQueue()
        self.shelf = FakeShelf()
        self.ledger = FakeLedger()
        self.desk = FakeDesk()
        self.says = Says(*happened)
        self.client = FakeClient()
        self.fetch = FakeFetch()
        self.secrets = FakeSecrets()
        clients = {"instagram": self.client, "tiktok": self.client}
        self.work = ToDesk(
            translators={"instagram": self.says, "tiktok": self.says},
            clients=clients,
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock),
            ledger=self.ledger,
            profiles=Profiles(clients, self.ledger, self.clock, self.metrics),
            posts=Posts(clients, self.clock, self.metrics),
            media=MediaStore(
                shelf=self.shelf,
                fetch=self.fetch,
                keys=lambda: ["key"],
                public_url="https://bridge.example/v1",
                days=90,
                clock=self.clock,
            ),
            secrets=self.secrets,
            delivering=Delivering(
                desk=self.desk, ledger=self.ledger, queue=self.queue, clock=self.clock, metrics=self.metrics
            ),
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        )

    def handle(self, event: Event = EVENT, attempt: int = 1) -> None:
        self.work.handle(event, attempt)

    def later(self, event: Event = EVENT, attempt: int = 1) -> Retryable:
        """Handles an event that has to come again."""
        with pytest.raises(Retryable) as caught:
            self.handle(event, attempt)
        return caught.value

    @property
    def posted(self) -> int:
        return len(self.desk.delivered)


# A message


def test_a_fresh_message_is_posted_once_and_remembered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, platform_thread="thread-1"))
    kit.handle()
    assert [(one.id, one.text) for one in kit.desk.delivered] == [(MESSAGE_ID, "Is it back?")]
    assert kit.desk.looked_for == []
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"
    expected = Thread(desk="desk-conversation", platform="thread-1", customer_ms=SAID.sent_ms)
    assert kit.ledger.thread(CONVERSATION) == expected
    assert kit.metrics.totals() == {"delivered": 1}


def test_the_desk_message_carries_what_the_agent_needs() -> None:
    said = CustomerMessage(
        id="im_receive_msg:m",
        conversation=Conversation("tiktok", TIKTOK.id, "+c/1=="),
        sent_ms=int(START) * 1000 + 7,
        text="hi",
        username="tea_lover",
        profile_url="https://www.tiktok.com/@tea_lover",
    )
    kit = Kit(said)
    kit.handle(msgspec.structs.replace(EVENT, source="tiktok", account=TIKTOK.id))
    [message] = kit.desk.delivered
    assert (message.customer, message.sent_ms, message.text) == ("+c/1==", said.sent_ms, "hi")
    assert message.nickname == "tea_lover"
    assert message.attributes == {
        "source": "TikTok_DM",
        "channel": "tiktok",
        "accountId": "-000TeaShop",
        "username": "tea_lover",
        "profileUrl": "https://www.tiktok.com/@tea_lover",
        "sentAt": "2027-01-15T08:00:00.007Z",
        "windowExpiresAt": "2027-01-16T08:00:00.007Z",
        "windowState": "open",
        "language": "en",
    }
    assert len(message.id) == 40


def test_the_message_id_is_the_same_on_every_try_and_differs_between_messages() -> None:
    assert desk_id(INSTAGRAM, SAID.id) == MESSAGE_ID
    others = [desk_id(INSTAGRAM, "message:mid-2"), desk_id(PAGE, SAID.id), desk_id(TIKTOK, SAID.id)]
    assert len({MESSAGE_ID, *others}) == 4


@pytest.mark.parametrize("end", ["done", "refused"])
def test_a_message_that_has_ended_is_a_duplicate(end: str) -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.ledger.claims[(CONVERSATION.key, ITEM)].state = end
    kit.handle()
    assert kit.posted == 0
    assert kit.metrics.totals() == {"duplicate": 1}


def test_the_same_event_three_times_is_posted_once() -> None:
    kit = Kit(SAID)
    for attempt in (1, 2, 3):
        kit.handle(attempt=attempt)
        kit.clock.advance(3600)
    assert kit.posted == 1
    assert kit.metrics.totals() == {"delivered": 1, "duplicate": 2}


def test_a_message_that_another_worker_holds_waits_for_the_end_of_its_lease() -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.clock.advance(30)
    assert kit.later().after_s == LEASE_S - 30
    kit.clock.advance(60)
    assert kit.later().after_s == 1.0
    assert kit.posted == 0


def test_a_known_not_done_call_is_released_and_posted_at_the_next_try() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Retryable("rate limit", 17)]
    assert kit.later().after_s == 17
    assert kit.ledger.state(CONVERSATION, ITEM) == ""
    kit.handle(attempt=2)
    assert kit.posted == 2
    assert kit.desk.looked_for == []
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_an_uncertain_post_is_read_back_and_not_sent_again_where_it_is_found() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    assert kit.later().after_s == DOUBT_S
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.desk.holds = {MESSAGE_ID: "desk-9"}
    kit.clock.advance(DOUBT_S)
    kit.handle(attempt=2)
    assert kit.posted == 1
    assert kit.desk.looked_for == [(MESSAGE_ID, "", START)]
    assert kit.ledger.thread(CONVERSATION).desk == "desk-9"
    assert kit.metrics.totals() == {"uncertain": 1, "found_at_desk": 1, "delivered": 1}


def test_an_uncertain_post_that_is_not_found_is_sent_again_and_counted() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.handle(attempt=2)
    assert kit.posted == 2
    assert kit.desk.delivered[0] == kit.desk.delivered[1]
    assert kit.metrics.totals() == {"uncertain": 1, "sent_again": 1, "delivered": 1}


def test_a_doubt_stays_while_reading_back_fails() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.desk.find_error = Retryable("reading back: HTTP 500", 3)
    for attempt in (2, 3):
        assert kit.later(attempt=attempt).after_s == 3
        assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    assert kit.posted == 1


def test_a_doubt_is_not_forgotten_by_a_second_try_that_did_not_happen() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer"), Retryable("rate limit")]
    kit.later()
    kit.later(attempt=2)
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.desk.holds = {MESSAGE_ID: "desk-9"}
    kit.handle(attempt=3)
    assert kit.posted == 2
    assert kit.metrics.total("found_at_desk") == 1


@pytest.mark.parametrize("held", [True, False])
def test_a_worker_that_died_over_a_message_leaves_it_to_be_read_back(held: bool) -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.ledger.threads[CONVERSATION.key] = Thread(desk="desk-1")
    kit.desk.holds = {MESSAGE_ID: "desk-1"} if held else {}
    kit.clock.advance(LEASE_S + 1)
    kit.handle(attempt=2)
    assert kit.desk.looked_for == [(MESSAGE_ID, "desk-1", START)]
    assert kit.posted == (0 if held else 1)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_a_retry_after_a_dead_worker_does_not_wait_for_another_lease() -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.clock.advance(LEASE_S + 1)
    kit.desk.answers = [Retryable("HTTP 429", 3)]
    assert kit.later(attempt=2).after_s == 3
    kit.handle(attempt=3)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_a_conflict_over_a_message_that_the_desk_holds_is_delivered() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409")]
    kit.desk.holds = {MESSAGE_ID: "desk-3"}
    kit.handle()
    assert kit.posted == 1
    assert kit.ledger.thread(CONVERSATION).desk == "desk-3"
    assert kit.metrics.totals() == {"delivered": 1}


def test_a_conflict_over_an_unknown_message_is_tried_once_more_then_taken_as_delivered() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409"), AlreadyThere("HTTP 409")]
    assert kit.later().after_s == DOUBT_S
    kit.handle(attempt=2)
    assert kit.posted == 2
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"
    assert kit.metrics.total("conflict_taken_as_delivered") == 1


def test_a_passing_conflict_is_delivered_at_the_second_try() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409"), "desk-5"]
    kit.later()
    kit.handle(attempt=2)
    assert kit.ledger.thread(CONVERSATION).desk == "desk-5"
    assert kit.metrics.total("conflict_taken_as_delivered") == 0


def test_a_refused_message_is_buried_and_a_replay_is_no_duplicate() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("other", "HTTP 400 bad.request")]
    kit.handle()
    assert kit.queue.buried == [(EVENT, "other: HTTP 400 bad.request")]
    assert kit.ledger.state(CONVERSATION, ITEM) == ""
    assert kit.metrics.totals() == {"dead_letter": 1}
    kit.handle()
    assert kit.posted == 2
    assert kit.metrics.total("delivered") == 1


def test_a_refused_message_that_cannot_be_buried_is_kept() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("other", "HTTP 400")]
    kit.queue.refuses = True
    kit.later()
    assert kit.metrics.total("dead_letter") == 0


def test_a_ledger_that_is_down_means_later_and_nothing_is_posted() -> None:
    kit = Kit(SAID)
    kit.ledger.down = True
    kit.later()
    assert kit.posted == 0


def test_a_post_whose_end_could_not_be_written_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(SAID)

    def down(*_: object) -> None:
        raise Retryable("table busy")

    with monkeypatch.context() as patch:
        patch.setattr(kit.ledger, "delivered", down)
        kit.later()
    kit.desk.holds = {MESSAGE_ID: "desk-conversation"}
    kit.clock.advance(LEASE_S + 1)
    kit.handle(attempt=2)
    assert kit.posted == 1
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_an_event_of_several_messages_goes_on_where_it_stopped() -> None:
    second = msgspec.structs.replace(SAID, id="message:mid-2", text="And the white one?")
    kit = Kit(SAID, second)
    kit.desk.answers = ["desk-1", Retryable("rate limit")]
    kit.later()
    kit.handle(attempt=2)
    assert [one.text for one in kit.desk.delivered] == [SAID.text, second.text, second.text]


# What is not posted


def test_an_ignored_event_is_counted_with_its_reason() -> None:
    kit = Kit(Ignored("instagram_read"))
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "instagram_read"})]
    assert kit.posted == 0
    assert kit.ledger.reads == 0


def test_an_event_of_an_unknown_account_is_parked_whole() -> None:
    kit = Kit(SAID)
    stranger = msgspec.structs.replace(EVENT, account="999")
    kit.handle(stranger)
    [(key, body)] = kit.shelf.kept.items()
    assert key == f"parked/unknown_account/instagram/2027-01-15/{stranger.dedup}"
    assert msgspec.json.decode(body, type=Event) == stranger
    assert kit.metrics.lines == [("parked", 1, {"reason": "unknown_account"})]
    assert kit.posted == 0


@pytest.mark.parametrize("identifier", [TIKTOK.id, PAGE.page])
def test_an_account_is_not_found_by_the_id_of_another_thing(identifier: str) -> None:
    kit = Kit(SAID)
    kit.handle(msgspec.structs.replace(EVENT, account=identifier))
    assert kit.metrics.total("parked", reason="unknown_account") == 1


def test_an_unreadable_event_is_parked_whole() -> None:
    kit = Kit()
    kit.says.error = Malformed("Instagram event: ValidationError")
    kit.handle()
    [(key, body)] = kit.shelf.kept.items()
    assert key == f"parked/unreadable/instagram/2027-01-15/{EVENT.dedup}"
    assert msgspec.json.decode(body, type=Event) == EVENT
    assert kit.metrics.lines == [("parked", 1, {"reason": "unreadable"})]


def test_an_event_that_waits_in_the_bucket_is_fetched_and_parked_with_its_bytes() -> None:
    kit = Kit()
    kit.shelf.kept["aside/instagram/x"] = b'{"big": 1}'
    light = msgspec.structs.replace(EVENT, raw=msgspec.Raw(b"null"), aside="aside/instagram/x")
    kit.handle(light)
    assert bytes(kit.says.given[0].raw) == b'{"big": 1}'
    kit.says.error = Malformed("unreadable")
    kit.handle(light)
    parked: Any = msgspec.json.decode(kit.shelf.kept[f"parked/unreadable/instagram/2027-01-15/{light.dedup}"])
    assert parked["raw"] == {"big": 1}


# Echoes

ECHO = Echo(id="mid-9", conversation=CONVERSATION, sent_ms=int(START) * 1000, text="It is, since Monday.")


def under_way(kit: Kit, text: str, item: str = "OUT#m#1", state: str = "leased") -> None:
    """A send that has begun and not ended."""
    kit.ledger.claim(CONVERSATION, item, kit.clock(), LEASE_S, digest(text))
    kit.ledger.claims[(CONVERSATION.key, item)].state = state


def test_our_own_echo_is_known_by_its_id() -> None:
    kit = Kit(ECHO)
    kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


@pytest.mark.parametrize("state", ["leased", "doubt"])
def test_an_echo_that_overtakes_its_send_ends_it(state: str) -> None:
    kit = Kit(ECHO)
    under_way(kit, ECHO.text, state=state)
    kit.handle()
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "done"
    assert kit.ledger.claims[(CONVERSATION.key, "OUT#m#1")].result == ECHO.id
    assert kit.ledger.is_ours(CONVERSATION, ECHO.id)
    assert kit.metrics.totals() == {"ignored": 1, "confirmed_by_echo": 1}


def test_two_sends_of_the_same_text_are_told_apart_by_two_echoes() -> None:
    kit = Kit(ECHO)
    under_way(kit, ECHO.text)
    under_way(kit, ECHO.text, "OUT#n#1")
    kit.handle()
    kit.handle()  # the same echo again
    assert sorted(work.state for work in kit.ledger.claims.values()) == ["done", "leased"]
    kit.says.happened = [msgspec.structs.replace(ECHO, id="mid-10")]
    kit.handle()
    assert [work.state for work in kit.ledger.claims.values()] == ["done", "done"]


def test_an_echo_of_another_text_waits_for_the_send_then_is_from_elsewhere() -> None:
    kit = Kit(ECHO)
    under_way(kit, "something else")
    for attempt in range(1, ECHO_ATTEMPTS):
        assert kit.later(attempt=attempt).after_s == ECHO_WAIT_S
    kit.handle(attempt=ECHO_ATTEMPTS)
    assert kit.metrics.total("echo_elsewhere") == 1
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "leased"


def test_an_echo_whose_send_ends_meanwhile_is_ours() -> None:
    kit = Kit(ECHO)
    under_way(kit, "the platform trimmed this text")
    kit.later()
    kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
    kit.handle(attempt=2)
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


def test_an_echo_whose_send_ends_between_the_two_looks_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(ECHO)

    def ended_just_now(*_: object) -> dict[str, str]:
        kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
        return {}

    monkeypatch.setattr(kit.ledger, "in_flight", ended_just_now)
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


def test_an_echo_while_nothing_is_under_way_is_from_elsewhere() -> None:
    kit = Kit(ECHO)
    kit.handle()
    assert kit.metrics.totals() == {"echo_elsewhere": 1, "ignored": 1}
    assert kit.metrics.total("ignored", reason="echo_no_open_conversation") == 1
    assert kit.posted == 0
    assert kit.ledger.claims == {}


def test_an_echo_does_not_end_a_send_of_another_conversation() -> None:
    kit = Kit(ECHO)
    other = Conversation("instagram", INSTAGRAM.id, "55502")
    kit.ledger.claim(other, "OUT#m#1", START, LEASE_S, digest(ECHO.text))
    kit.handle()
    assert kit.ledger.state(other, "OUT#m#1") == "leased"
    assert kit.metrics.total("echo_elsewhere") == 1


def test_an_echo_from_elsewhere_is_shown_in_an_open_conversation_once() -> None:
    kit = Kit(msgspec.structs.replace(ECHO, lines=(Line("echo_app", {"platform": "Instagram"}),)))
    kit.ledger.threads[CONVERSATION.key] = Thread(desk="desk-1")
    kit.handle()
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == [
        "[Sent from the Instagram app, not from here:]\nIt is, since Monday."
    ]
    assert kit.ledger.thread(CONVERSATION).customer_ms == 0


# Media

PICTURE = msgspec.structs.replace(
    SAID, text="", media=Media(kind="image", url="https://cdn.platform.example/1"), origin="mid-1"
)


def test_a_customers_picture_is_copied_and_shown_by_our_url() -> None:
    kit = Kit(PICTURE)
    kit.handle()
    [message] = kit.desk.delivered
    assert message.attachment is not None
    assert (message.text, message.attachment.kind, message.attachment.mime) == ("", "image", "image/png")
    assert message.attachment.url.startswith("https://bridge.example/v1/api/media/")
    assert list(kit.shelf.kept.values()) == [FakeFetch.PICTURE]


def test_a_picture_is_fetched_once_though_the_desk_refuses_at_first() -> None:
    kit = Kit(PICTURE)
    kit.desk.answers = [Retryable("rate limit")]
    kit.later()
    kit.handle(attempt=2)
    assert len(kit.fetch.asked) == 1
    assert kit.desk.delivered[0] == kit.desk.delivered[1]


@pytest.mark.parametrize("reason", ["media_gone", "media_too_big", "media_not_allowed", "media_type"])
def test_a_file_that_cannot_be_had_becomes_a_line_that_says_why(reason: str) -> None:
    kit = Kit(PICTURE)
    kit.fetch.answers = [Unfetched(reason)]
    kit.handle()
    [message] = kit.desk.delivered
    assert message.attachment is None
    assert message.text.startswith("[A file (image) that")
    assert kit.metrics.total("media", outcome=reason) == 1


def test_a_file_that_fails_in_passing_is_tried_again_then_told() -> None:
    kit = Kit(PICTURE)
    kit.fetch.answers = [Retryable("HTTP 503")] * FETCH_ATTEMPTS
    for attempt in range(1, FETCH_ATTEMPTS):
        kit.later(attempt=attempt)
    assert kit.posted == 0
    kit.handle(attempt=FETCH_ATTEMPTS)
    assert [one.text for one in kit.desk.delivered] == ["[A file (image) that could not be fetched]"]


@pytest.mark.parametrize("error", [TokenRefused("refused"), Uncertain("no answer"), Retryable("no connection")])
def test_a_platform_that_does_not_say_where_the_file_is_is_asked_again(error: Exception) -> None:
    kit = Kit(PICTURE)
    kit.client.source_error = error
    kit.later()
    assert kit.secrets.refreshed == ([INSTAGRAM.secret] if isinstance(error, TokenRefused) else [])
    assert kit.posted == 0


def test_a_file_that_the_desk_refuses_goes_as_a_link() -> None:
    kit = Kit(PICTURE)
    kit.desk.answers = [Refused("other", "HTTP 400 media")]
    kit.handle()
    refused, linked = kit.desk.delivered
    assert refused.attachment is not None
    assert (linked.id, linked.attachment, linked.text) == (refused.id, None, refused.attachment.url)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


# Who and what


def test_the_profile_names_the_customer_and_is_asked_for_once() -> None:
    kit = Kit(SAID)
    kit.client.profiles = [Profile(name="Ana Núñez", username="ana.n", avatar="https://a", followers=7, verified=True)]
    kit.handle()
    kit.says.happened = [msgspec.structs.replace(SAID, id="message:mid-2")]
    kit.handle()
    first, second = kit.desk.delivered
    assert (first.nickname, first.first_name, first.avatar) == ("Ana Núñez", "Ana", "https://a")
    assert (first.attributes["followers"], first.attributes["verified"]) == ("7", "true")
    assert first.attributes["profileUrl"] == "https://www.instagram.com/ana.n/"
    assert second.attributes["username"] == "ana.n"
    assert kit.client.asked_profiles == 1


@pytest.mark.parametrize("error", [Retryable("HTTP 429"), Refused("other", "10/1"), Uncertain("no answer")])
def test_a_profile_that_fails_delays_nothing_and_is_left_alone_for_a_minute(error: Exception) -> None:
    kit = Kit(SAID)
    kit.client.profiles = [error, Profile(name="Ana")]
    for number, wait in ((1, 0.0), (2, 59.0), (3, 2.0)):
        kit.clock.advance(wait)
        kit.says.happened = [msgspec.structs.replace(SAID, id=f"message:{number}")]
        kit.handle()
    assert [one.nickname for one in kit.desk.delivered] == ["", "", "Ana"]
    assert kit.metrics.total("profile_failed") == 1


def test_a_person_that_the_platform_does_not_tell_of_is_asked_for_again_in_an_hour() -> None:
    kit = Kit(SAID)
    kit.client.profiles = [None, Profile(name="Ana")]
    for number, wait in ((1, 0.0), (2, 3599.0), (3, 2.0)):
        kit.clock.advance(wait)
        kit.says.happened = [msgspec.structs.replace(SAID, id=f"message:{number}")]
        kit.handle()
    assert [one.nickname for one in kit.desk.delivered] == ["", "", "Ana"]
    assert kit.ledger.profile(CONVERSATION, START) == Profile(name="Ana")


def test_a_tap_comes_back_as_the_choice_that_was_offered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, text="Yes", tap=token("gen-1", 1)))
    tap = Tap(message="gen-1", type="QuickReply", text="Yes", payload="YES")
    kit.ledger.offer(CONVERSATION, offer_key("gen-1"), START, [msgspec.structs.replace(tap, text="No"), tap])
    kit.handle()
    assert kit.desk.delivered[0].tap == tap


@pytest.mark.parametrize("payload", ["ICE_HOURS", "", token("gen-2", 0)])
def test_a_tap_on_something_that_we_did_not_offer_is_a_text(payload: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text="Hours?", tap=payload))
    kit.handle()
    assert (kit.desk.delivered[0].text, kit.desk.delivered[0].tap) == ("Hours?", None)


def test_a_comment_is_remembered_for_its_answer_and_opens_no_window() -> None:
    kit = Kit(msgspec.structs.replace(SAID, comment="c-1", starts_window=False))
    kit.handle()
    thread = kit.ledger.thread(CONVERSATION)
    assert (thread.customer_ms, thread.comment, thread.comment_ms) == (0, "c-1", SAID.sent_ms)


def test_a_notice_that_nobody_can_answer_says_that_it_is_closed() -> None:
    kit = Kit(msgspec.structs.replace(SAID, starts_window=False))
    kit.handle()
    attributes = kit.desk.delivered[0].attributes
    assert (attributes["windowState"], attributes.get("windowExpiresAt")) == ("closed", None)


COMMENT = msgspec.structs.replace(
    SAID,
    comment="c-1",
    starts_window=False,
    lines=(Line("comment", {"url": "179"}),),
    attributes={"postId": "179", "adId": "7"},
)


def test_a_comments_post_is_told_by_its_address_which_is_asked_for_once() -> None:
    kit = Kit(COMMENT)
    kit.client.posts = ["https://www.instagram.com/p/179/", "https://elsewhere.example"]
    kit.handle()
    kit.says.happened = [msgspec.structs.replace(COMMENT, id="comment:c-2")]
    kit.handle()
    for message in kit.desk.delivered:
        assert message.text.splitlines()[0] == "[Commented on your post https://www.instagram.com/p/179/]"
        assert message.attributes["postUrl"] == "https://www.instagram.com/p/179/"
        assert message.attributes["adId"] == "7"
        assert "postId" not in message.attributes


@pytest.mark.parametrize("error", [Retryable("HTTP 429"), Refused("other", "10/1"), Uncertain("no answer")])
def test_a_post_that_cannot_be_asked_for_delays_nothing(error: Exception) -> None:
    kit = Kit(COMMENT)
    kit.client.posts = [error]
    kit.handle()
    assert kit.desk.delivered[0].text.splitlines()[0] == "[Commented on your post 179]"
    assert kit.desk.delivered[0].attributes["postId"] == "179"
    assert kit.metrics.total("post_failed") == 1


def test_an_ad_is_remembered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, from_ad=True))
    kit.handle()
    assert kit.ledger.thread(CONVERSATION).ad_ms == SAID.sent_ms


# Notes

NOTE = Note(
    id="reaction:mid-1",
    conversation=CONVERSATION,
    sent_ms=int(START) * 1000,
    kind="reaction",
    lines=(Line("reacted", {"emoji": "❤️"}),),
)


def test_a_note_is_shown_in_an_open_conversation_and_extends_no_window() -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = Thread(desk="desk-1", customer_ms=5)
    kit.handle()
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == ["[Reacted with ❤️ to a message]"]
    assert kit.ledger.thread(CONVERSATION).customer_ms == 5


@pytest.mark.parametrize("thread", [Thread(), Thread(desk="desk-1")])
def test_a_note_never_opens_a_conversation(thread: Thread) -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = thread
    kit.desk.open = False
    kit.handle()
    assert kit.posted == 0
    assert kit.metrics.lines == [("ignored", 1, {"reason": "reaction_no_open_conversation"})]


@pytest.mark.parametrize(("settings", "shown"), [({}, 0), ({"show_reads": False}, 0), ({"show_reads": True}, 1)])
def test_reads_are_shown_where_the_account_asks_for_them(settings: dict[str, bool], shown: int) -> None:
    kit = Kit(msgspec.structs.replace(NOTE, kind="read", lines=(Line("read"),)))
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, **settings)]
    kit.ledger.threads[CONVERSATION.key] = Thread(desk="desk-1")
    kit.handle()
    assert kit.posted == shown
    assert kit.metrics.total("ignored", reason="read") == 1 - shown


UNSENT = msgspec.structs.replace(
    NOTE, id="deleted:mid-1", kind="unsend", lines=(Line("unsent"),), removes="mid-1", prevents="message:mid-1"
)


def test_what_is_taken_back_takes_our_copies_along() -> None:
    kit = Kit(PICTURE)
    kit.handle()
    kit.says.happened = [UNSENT]
    kit.handle()
    assert (kit.shelf.kept, kit.shelf.files) == ({}, {})
    assert [one.text for one in kit.desk.delivered][1:] == ["[Took back a message]"]


def test_what_is_taken_back_before_it_came_is_never_shown_with_any_of_its_parts() -> None:
    kit = Kit(UNSENT)
    kit.handle()
    kit.says.happened = [SAID, msgspec.structs.replace(PICTURE, id="message:mid-1#1", part=1)]
    kit.handle()
    assert kit.posted == 0
    assert kit.fetch.asked == []
    assert kit.metrics.total("ignored", reason="unsent_before_shown") == 1


# What was only mentioned

MISSING = Unseen(id="message:mid-1", account=INSTAGRAM.id, origin="mid-1", sent_ms=int(START) * 1000)


def test_a_message_that_was_only_mentioned_is_looked_up_and_shown_once() -> None:
    kit = Kit(MISSING)
    kit.client.found = SAID
    kit.handle()
    kit.says.happened = [SAID]  # its own delivery comes late
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == ["Is it back?"]


@pytest.mark.parametrize("found", [None, Refused("wrong_person", "100/33")])
def test_a_mentioned_message_that_cannot_be_read_is_counted(found: Exception | None) -> None:
    kit = Kit(MISSING)
    kit.client.found = found
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "unseen_unreadable"})]


def test_a_lookup_that_fails_is_repeated_a_few_times() -> None:
    kit = Kit(MISSING)
    kit.client.found = Uncertain("no answer")
    for attempt in range(1, FETCH_ATTEMPTS):
        kit.later(attempt=attempt)
    kit.handle(attempt=FETCH_ATTEMPTS)
    assert kit.metrics.total("ignored", reason="unseen_unreadable") == 1


def test_a_withdrawn_authorisation_is_an_alarm() -> None:
    kit = Kit(Trouble("authorization_removed", "log the account in again"))
    kit.handle()
    assert kit.metrics.lines == [("account_stopped", 1, {"account": INSTAGRAM.id})]
