"""What customers say in encrypted conversations is read, whoever sent the key how late, and by nobody's leave else."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.channels.x.keyring import KEYS_S, Key
from chalicelib.channels.x.translate import TRANSLATOR
from chalicelib.channels.x.unsealing import open_unsealing
from chalicelib.channels.x.webhook import WEBHOOK
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.protocols.unsealing import NoKeys, Unopened
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Kind,
    Line,
    Media,
    Note,
    Sealed,
)
from chalicelib.vocabulary.records import Account, Conversation, Event
from tests.channels.x.chat_server import API, ChatServer
from tests.channels.x.phones import Phone, Talk, decoded, delivery, nested, number_of, text
from tests.fakes import FakeClock, FakeMemory, answer

BRAND, ANA = "1111111111111111111", "2222222222222222222"
ACCOUNT = Account(channel="x", id=BRAND, integration="int-x", secret="s/x", name="teashop")
CONVERSATION = Conversation("x", BRAND, ANA)
RANDOM = random.Random(7)


class Road:
    """A conversation, X's servers, and the bridge's side of it."""

    def __init__(self, group: str = "") -> None:
        self.brand, self.ana = Phone(BRAND, "1700000000001"), Phone(ANA, "1700000000002")
        self.bea = Phone("333", "1700000000003")
        people = [self.brand, self.ana, self.bea] if group else [self.brand, self.ana]
        self.talk = Talk(*people, group=group)
        self.server = ChatServer(self.brand, self.talk)
        self.clock = FakeClock()
        self.memory = FakeMemory(self.clock)
        self.secrets: dict[str, Any] = {"access_token": "act", "x_keys": self.brand.identity}
        self.restart()

    def restart(self) -> None:
        """A new container."""
        settings = {"x_api": API, "x_secret": "dmdesk/x"}
        self.unsealing = open_unsealing(
            self.server, lambda name: self.secrets, settings.__getitem__, self.memory, self.clock
        )

    def sealed(self, event: str, change: str = "", *, own: bool = False, **more: str) -> list[CustomerEvent]:
        """What the edge and the translator make of its delivery."""
        body = delivery(self.talk, event, change, brand=BRAND, own=own, **more)
        (piece,) = WEBHOOK.split(body)
        return TRANSLATOR.parse(
            Event(
                source="x",
                account=piece.account,
                party=piece.party,
                id=piece.id,
                section=piece.section,
                sent_ms=piece.sent_ms,
                received_ms=piece.sent_ms,
                raw=msgspec.Raw(piece.raw),
            )
        )

    def read(self, event: str, change: str = "", *, own: bool = False, **more: str) -> list[CustomerEvent]:
        (sealed,) = self.sealed(event, change, own=own, **more)
        assert isinstance(sealed, Sealed)
        return self.unsealing.opened(ACCOUNT, sealed)

    def begins(self, words: str, conversation_token: str = "") -> list[CustomerEvent]:
        """Ana makes a key, and writes under it."""
        change = self.talk.change_key(self.ana)
        event = self.talk.say(self.ana, words)
        return self.read(event, change, conversation_token=conversation_token)

    def texts(self, event: str, change: str = "") -> list[str]:
        return [one.text for one in self.read(event, change) if isinstance(one, CustomerMessage)]


@pytest.fixture
def road() -> Road:
    return Road()


# --- keys


def test_a_delivery_that_brings_its_key_is_read_without_asking_for_it(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    assert road.texts(road.talk.say(road.ana, "Hello"), change) == ["Hello"]
    assert [call.url.split("?")[0].rpartition("/")[2] for call in road.server.calls] == ["public_keys"]


def test_a_key_once_seen_opens_what_comes_without_it_in_any_container(road: Road) -> None:
    road.begins("one")
    road.server.calls.clear()
    road.restart()
    assert road.texts(road.talk.say(road.ana, "two")) == ["two"]
    assert road.server.calls == []


def test_every_version_is_kept(road: Road) -> None:
    first = road.talk.change_key(road.ana)
    old = road.talk.say(road.ana, "old")
    second = road.talk.change_key(road.ana)
    assert road.texts(road.talk.say(road.ana, "new"), second) == ["new"]
    with pytest.raises(Retryable):
        road.texts(old)
    assert road.texts(old, first) == ["old"]
    assert road.texts(road.talk.say(road.ana, "newer")) == ["newer"]


def test_a_key_that_no_delivery_brings_is_in_the_conversations_history(road: Road) -> None:
    road.server.changes = [road.talk.change_key(road.ana)]
    assert road.texts(road.talk.say(road.ana, "Hello")) == ["Hello"]
    assert len(road.server.asked("/events")) == 1


def test_a_key_that_is_nowhere_yet_is_asked_for_once_each_time(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    event = road.talk.say(road.ana, "Hello")
    for asked in (1, 2):
        with pytest.raises(Retryable, match="no_key"):
            road.texts(event)
        assert len(road.server.asked("/events")) == asked
    road.server.changes = [change]
    assert road.texts(event) == ["Hello"]


def test_keys_that_ana_made_anew_are_asked_for_once(road: Road) -> None:
    road.begins("one")
    new = Phone(ANA, "1700000000009")
    event = road.talk.say(new, "from my new phone")
    road.server.calls.clear()
    with pytest.raises(Retryable, match="no_signer"):
        road.texts(event)
    assert len(road.server.asked("/public_keys")) == 1
    road.server.rows[ANA] = [road.ana.row, new.row]
    assert road.texts(event) == ["from my new phone"]


def test_a_change_by_keys_that_ana_made_anew_is_verified_by_those(road: Road) -> None:
    road.begins("one")
    new = Phone(ANA, "1700000000009")
    road.server.rows[ANA] = [road.ana.row, new.row]
    road.talk.people[1] = new
    change = road.talk.change_key(new)
    road.server.calls.clear()
    assert road.texts(road.talk.say(new, "from my new phone"), change) == ["from my new phone"]
    assert len(road.server.asked("/public_keys")) == 1
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    assert road.unsealing._keyrings.ring(safe, CONVERSATION).trusts(road.talk.version)


def test_two_conversations_may_have_keys_of_one_version(road: Road) -> None:
    other = Road()
    other.ana, other.memory, other.brand, other.secrets = (
        Phone("444", "1700000000004"),
        road.memory,
        road.brand,
        road.secrets,
    )
    other.talk = Talk(road.brand, other.ana)
    other.server = ChatServer(road.brand, other.talk)
    other.restart()
    road.talk.version = other.talk.version = "1795728359529"
    road.talk.key, other.talk.key = bytes(range(32)), bytes(range(32, 64))
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    for one, talk in ((CONVERSATION, road.talk), (Conversation("x", BRAND, "444"), other.talk)):
        ring = road.unsealing._keyrings.ring(safe, one)
        road.unsealing._keyrings.add(safe, one, ring, talk.version, Key(talk.key, verified=True))
    assert road.texts(road.talk.say(road.ana, "hers")) == ["hers"]
    (sealed,) = other.sealed(other.talk.say(other.ana, "his"))
    assert isinstance(sealed, Sealed)
    (said,) = other.unsealing.opened(ACCOUNT, sealed)
    assert isinstance(said, CustomerMessage)
    assert (said.text, said.conversation.customer) == ("his", "444")


def test_a_key_that_nobody_signed_for_opens_and_gives_way_to_one_that_is_signed(road: Road) -> None:
    """A change of keys of somebody who is gone, or forged: its key opens what is signed itself, and nothing is sent
    under it (test_chats.py)."""
    change = road.talk.change_key(road.ana)
    event = road.talk.say(road.ana, "Hello")
    body = bytearray(decoded(change))
    at = body.rindex(b"\x0b\0\x01\0\0\0") + 7  # the signature's text
    body[at : at + 4] = b"AAAA"
    forged = base64.b64encode(bytes(body)).decode()
    assert road.texts(event, forged) == ["Hello"]
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    held = road.unsealing._keyrings.ring(safe, CONVERSATION)
    assert not held.trusts(road.talk.version)
    road.unsealing._keyrings.learn(ACCOUNT, safe, CONVERSATION, held, [change])
    assert road.unsealing._keyrings.ring(safe, CONVERSATION).trusts(road.talk.version)
    road.unsealing._keyrings.learn(ACCOUNT, safe, CONVERSATION, held, [forged])
    assert road.unsealing._keyrings.ring(safe, CONVERSATION).trusts(road.talk.version)


def test_a_change_of_keys_that_comes_by_itself_is_kept(road: Road) -> None:
    assert road.read(road.talk.change_key(road.ana)) == [Ignored("x_key_change")]
    assert road.texts(road.talk.say(road.ana, "Hello")) == ["Hello"]
    assert road.server.asked("/events") == []


def test_what_is_kept_is_of_no_use_to_whoever_reads_the_table(road: Road) -> None:
    road.begins("marzipan", conversation_token="eyJ.token")
    held = repr(road.memory.held)
    for secret in (road.talk.key, b"marzipan", b"eyJ.token"):
        assert all(
            secret not in value and base64.b64encode(secret) not in value for value, _ in road.memory.held.values()
        )
    assert "marzipan" not in held
    names = {name for _, name in road.memory.held}
    assert any(name.startswith("ring/key/") for name in names)
    other = Phone(BRAND, "1700000000001")
    road.secrets["x_keys"] = other.identity
    with pytest.raises(Retryable):
        road.read(road.talk.say(road.ana, "again"))


def test_former_keys_of_the_account_open_what_is_old(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    old = road.talk.say(road.ana, "old")
    new = Phone(BRAND, "1700000000008")
    road.secrets = {"access_token": "act", "x_keys": new.identity, "x_keys_former": [road.brand.identity]}
    assert road.texts(old, change) == ["old"]


def test_who_has_no_keys_loads_no_cryptography() -> None:
    code = "import tests.channels.x.plain_account as one; print(one.loaded())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "False"


def test_keys_are_forgotten_when_nobody_has_needed_them_for_long(road: Road) -> None:
    road.begins("one")
    road.clock.advance(KEYS_S + 1)
    with pytest.raises(Retryable):
        road.texts(road.talk.say(road.ana, "two"))


def test_an_account_without_keys_says_so(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    event = road.talk.say(road.ana, "Hello")
    del road.secrets["x_keys"]
    with pytest.raises(NoKeys, match="x-keys create"):
        road.read(event, change)


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        {"user_id": BRAND, "version": "1", "identity": "AAAA"},
        {"user_id": BRAND, "version": "1", "identity": "*"},
        {"user_id": BRAND, "version": "1", "identity": base64.b64encode(bytes(64)).decode()},
        {"user_id": "", "version": "x", "identity": base64.b64encode(bytes(range(64))).decode()},
    ],
)
def test_keys_that_are_none_wait_for_whoever_imports_them(road: Road, broken: Any) -> None:
    change = road.talk.change_key(road.ana)
    event = road.talk.say(road.ana, "Hello")
    road.secrets["x_keys"] = broken
    with pytest.raises(Misconfigured) as caught:
        road.read(event, change)
    assert "x-keys" in caught.value.advice
    assert "AAAA" not in str(caught.value)


# --- forged, torn, foreign


def test_a_replay_is_the_same_event_whatever_nobody_signs_says(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    made = road.ana.chat.encrypt_message(road.talk.id, "once", **road.talk.sealing)
    road.talk.at_ms += 1
    (first,) = road.read(road.talk.sent(road.ana, made), change)
    road.talk.at_ms += 60_000
    (second,) = road.read(road.talk.sent(road.ana, made))
    assert isinstance(first, CustomerMessage)
    assert isinstance(second, CustomerMessage)
    assert (first.id, first.text) == (second.id, second.text)
    assert first.sent_ms != second.sent_ms


def test_another_senders_or_another_conversations_message_is_refused(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    made = road.ana.chat.encrypt_message(road.talk.id, "mine", **road.talk.sealing)
    forged = Phone(ANA, road.ana.version)
    with pytest.raises(Unopened, match="forged"):
        road.read(road.talk.sent(forged, forged.chat.encrypt_message(road.talk.id, "no", **road.talk.sealing)), change)
    detail = nested(1, decoded(made.encrypted_content)) + b"\0"
    other = road.talk.event(
        road.ana, "00000000-0000-0000-0000-000000000000", detail, decoded(made.encoded_event_signature)
    )
    with pytest.raises(Unopened, match="forged"):
        road.read(other)
    road.talk.people[1] = road.bea
    outsider = road.talk.say(road.bea, "I am not in it")
    with pytest.raises(Unopened, match="foreign"):
        road.read(outsider)


def test_whoever_has_no_number_is_nobody() -> None:
    """An event that nobody signs may name anybody as its sender, and X is asked by that name."""
    road = Road(group="g9001")
    road.bea.user = "1/../2/users/me?x="
    with pytest.raises(Unopened, match="foreign"):
        road.read(road.talk.event(road.bea, "t-1", nested(6, b"\0") + b"\0"))
    assert road.server.calls == []


def test_what_is_not_sealed_is_nobodys_word(road: Road) -> None:
    content = text(100, "plain") + b"\0"
    event = road.talk.event(road.ana, "m-1", nested(1, content) + b"\0")
    with pytest.raises((Unopened, Retryable)):
        road.read(event)


def test_odd_events_end_as_what_nobody_can_open(road: Road) -> None:
    change = road.talk.change_key(road.ana)
    whole = bytearray(decoded(road.talk.say(road.ana, "Hello")))
    for _ in range(600):
        body = bytearray(whole)
        for _ in range(RANDOM.randint(1, 4)):
            kind = RANDOM.random()
            at = RANDOM.randrange(len(body))
            if kind < 0.6:
                body[at] = RANDOM.randrange(256)
            elif kind < 0.8:
                del body[at : at + RANDOM.randint(1, 40)]
            else:
                body[at:at] = RANDOM.randbytes(RANDOM.randint(1, 9))
        odd = Sealed(
            id="chat:1", conversation=CONVERSATION, sent_ms=1, thread=road.talk.id,
            body=delivery(road.talk, base64.b64encode(bytes(body)).decode(), change, brand=BRAND),
        )  # fmt: skip
        with suppress(Unopened, Retryable):
            road.unsealing.opened(ACCOUNT, odd)


# --- what they say


def opened(road: Road, event: str, **more: Any) -> CustomerEvent:
    (one,) = road.read(event, **more)
    return one


@pytest.fixture
def keyed(road: Road) -> Road:
    """Everybody has the key."""
    road.begins("first")
    return road


def test_a_message_says_what_the_pipeline_needs(keyed: Road) -> None:
    made = keyed.ana.chat.encrypt_message(keyed.talk.id, "Hello <b> 👩‍👩‍👧 مرحبا", **keyed.talk.sealing)
    assert opened(keyed, keyed.talk.sent(keyed.ana, made)) == CustomerMessage(
        id=f"chat:{made.message_id}",
        conversation=CONVERSATION,
        sent_ms=keyed.talk.at_ms,
        text="Hello <b> 👩‍👩‍👧 مرحبا",
        origin=made.message_id,
        platform_thread=keyed.talk.id,
        sealed=True,
    )


def files(*names: tuple[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "attachment_type": "media", "media_hash_key": name, "media_type": kind, "width": 2, "height": 2,
            "filesize_bytes": 9, "filename": f"{name}.x",
        }
        for name, kind in names
    ]  # fmt: skip


def test_ten_pictures_are_ten_messages_behind_the_words(keyed: Road) -> None:
    event = keyed.talk.say(keyed.ana, "look", attachments=files(*((f"Pic{n}", 1 + n % 3) for n in range(10))))
    said = [one for one in keyed.read(event) if isinstance(one, CustomerMessage)]
    assert [one.text for one in said] == ["look"] + [""] * 10
    assert [one.media and one.media.kind for one in said][1:] == ["image", "image", "video"] * 3 + ["image"]
    assert said[1].media == Media(kind="image", handle=f"chat:{keyed.talk.version}:Pic0")
    assert len({one.id for one in said}) == 11
    assert [one.part for one in said] == list(range(11))
    assert {one.origin for one in said} == {said[0].origin}


@pytest.mark.parametrize(
    ("number", "kind"), [(1, "image"), (2, "image"), (3, "video"), (4, "audio"), (5, "file"), (6, "file")]
)
def test_a_file_without_words_is_the_message(keyed: Road, number: int, kind: Kind) -> None:
    said = opened(keyed, keyed.talk.say(keyed.ana, "", attachments=files(("Pic", number))))
    assert isinstance(said, CustomerMessage)
    assert said.media == Media(kind=kind, handle=f"chat:{keyed.talk.version}:Pic")
    assert (said.text, said.lines) == ("", ())


def test_a_file_whose_name_is_a_path_is_not_fetched(keyed: Road) -> None:
    said = opened(keyed, keyed.talk.say(keyed.ana, "", attachments=files(("../../users/me", 1))))
    assert isinstance(said, CustomerMessage)
    assert (said.media, said.lines) == (None, (Line("media_gone", {"kind": "image"}),))


def test_nothing_at_all_is_told_as_such(keyed: Road) -> None:
    said = opened(keyed, keyed.talk.say(keyed.ana, " "))
    assert isinstance(said, CustomerMessage)
    assert said.lines == (Line("unsupported", {"platform": "X"}),)


def test_a_tap_comes_back_with_its_token(keyed: Road) -> None:
    reply = {"response": {"options": {"request_id": "r", "metadata": "token-1", "selected_option_id": "o"}}}
    said = opened(keyed, keyed.talk.say(keyed.ana, "Yes", quick_reply=reply))
    assert isinstance(said, CustomerMessage)
    assert (said.text, said.tap) == ("Yes", "token-1")


def about(keyed: Road) -> tuple[str, str]:
    """A message of Ana's that was shown: its count, and its signed id."""
    made = keyed.ana.chat.encrypt_message(keyed.talk.id, "a lovely mug", **keyed.talk.sealing)
    event = keyed.talk.sent(keyed.ana, made)
    keyed.read(event)
    return number_of(event), made.message_id


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("add", Line("reacted_words", {"emoji": "👍", "words": "a lovely mug"})),
        ("remove", Line("unreacted_words", {"emoji": "👍", "words": "a lovely mug"})),
    ],
)
def test_a_reaction_is_a_note_that_names_its_message(keyed: Road, how: str, line: Line) -> None:
    target, _ = about(keyed)
    react = keyed.ana.chat.encrypt_add_reaction if how == "add" else keyed.ana.chat.encrypt_remove_reaction
    made = react(emoji="👍", conversation_id=keyed.talk.id, target_message_sequence_id=target, **keyed.talk.sealing)
    note = opened(keyed, keyed.talk.sent(keyed.ana, made))
    assert isinstance(note, Note)
    assert (note.kind, note.lines, note.about, note.sealed) == ("reaction", (line,), target, True)


def test_an_edit_is_a_note_with_the_new_words(keyed: Road) -> None:
    target, _ = about(keyed)
    made = keyed.ana.chat.encrypt_edit(
        updated_text="two mugs", conversation_id=keyed.talk.id, target_message_sequence_id=target, **keyed.talk.sealing
    )
    note = opened(keyed, keyed.talk.sent(keyed.ana, made))
    assert isinstance(note, Note)
    assert (note.kind, note.text) == ("edit", "two mugs")
    assert note.lines == (Line("edited_words", {"words": "a lovely mug"}),)
    assert note.edit == keyed.talk.at_ms


def test_what_is_taken_back_goes_with_its_files(keyed: Road) -> None:
    first, message = about(keyed)
    event = keyed.talk.action(keyed.ana, keyed.ana.chat.prepare_message_delete(keyed.talk.id, [first, "404"], True))
    known, unknown = keyed.read(event)
    assert isinstance(known, Note)
    assert isinstance(unknown, Note)
    assert (known.removes, known.prevents) == (message, f"chat:{message}")
    assert known.lines == (Line("unsent_words", {"words": "a lovely mug"}),)
    assert (unknown.removes, unknown.prevents, unknown.lines) == ("", "", (Line("unsent"),))
    assert known.id != unknown.id


def test_what_somebody_hides_from_themselves_is_no_news(keyed: Road) -> None:
    first, _ = about(keyed)
    event = keyed.talk.action(keyed.ana, keyed.ana.chat.prepare_message_delete(keyed.talk.id, [first], False))
    assert keyed.read(event) == [Ignored("x_hidden")]


def test_nobody_takes_back_anothers_message(keyed: Road) -> None:
    made = keyed.brand.chat.encrypt_message(keyed.talk.id, "ours", **keyed.talk.sealing)
    event = keyed.talk.sent(keyed.brand, made)
    keyed.read(event, own=True)
    deleted = keyed.talk.action(
        keyed.ana, keyed.ana.chat.prepare_message_delete(keyed.talk.id, [number_of(event)], True)
    )
    note = opened(keyed, deleted)
    assert isinstance(note, Note)
    assert (note.removes, note.prevents) == ("", "")


def test_a_quote_is_named_by_what_is_remembered_and_not_by_what_it_says(keyed: Road) -> None:
    target, _ = about(keyed)
    quoted = keyed.ana.chat.encrypt_reply(
        keyed.talk.id, "this one", reply_to_sequence_id=target, reply_to_sender_id=int(ANA),
        reply_to_text="you owe me", **keyed.talk.sealing,
    )  # fmt: skip
    said = opened(keyed, keyed.talk.sent(keyed.ana, quoted))
    assert isinstance(said, CustomerMessage)
    assert (said.text, said.lines) == ("this one", (Line("quotes_words", {"words": "a lovely mug"}),))


def test_reads_and_typing_are_notes_and_need_no_key(road: Road) -> None:
    typing = road.talk.event(road.ana, "t-1", nested(6, b"\0") + b"\0")
    note = opened(road, typing)
    assert isinstance(note, Note)
    assert (note.kind, note.id) == ("typing", "chat:t-1/typing")
    signed = f"MarkConversationReadEvent,r-1,{ANA},{road.talk.id},77,88"
    signature = base64.b64encode(road.ana.chat.sign(signed.encode())).decode().rstrip("=")
    detail = nested(12, text(1, "77") + b"\x0a\0\x02" + (88).to_bytes(8, "big") + b"\0") + b"\0"
    read = opened(
        road,
        road.talk.event(road.ana, "r-1", detail, text(1, signature) + text(2, road.ana.version) + text(3, "7") + b"\0"),
    )
    assert isinstance(read, Note)
    assert read.kind == "read"


@pytest.mark.parametrize(
    ("field", "reason"),
    [(5, "x_failure"), (8, "x_conversation_deleted"), (13, "x_marked_unread"), (14, "x_group_change")],
)
def test_other_events_are_ignored_by_name_and_missed_by_nobody(road: Road, field: int, reason: str) -> None:
    inside = b"\x08\0\x01\0\0\0\x06\0" if field == 5 else b"\0"
    (sealed,) = road.sealed(road.talk.event(road.ana, "e-1", nested(field, inside) + b"\0"))
    assert isinstance(sealed, Sealed)
    assert sealed.silent
    try:
        assert road.unsealing.opened(ACCOUNT, sealed) == [Ignored(reason)]
    except (Unopened, Retryable):
        assert field in {8, 13}  # those are signed


def test_what_the_brand_sent_is_an_echo_by_its_signed_id(keyed: Road) -> None:
    made = keyed.brand.chat.encrypt_message(
        keyed.talk.id, "From the app", attachments=files(("Pic", 1)), **keyed.talk.sealing
    )
    assert opened(keyed, keyed.talk.sent(keyed.brand, made), own=True) == Echo(
        id=made.message_id,
        conversation=CONVERSATION,
        sent_ms=keyed.talk.at_ms,
        text="From the app",
        lines=(Line("echo_app", {"platform": "X"}), Line("app_media", {"kind": "image"})),
    )
    mine = keyed.brand.chat.encrypt_add_reaction(
        emoji="x", conversation_id=keyed.talk.id, target_message_sequence_id="1", **keyed.talk.sealing
    )
    assert keyed.read(keyed.talk.sent(keyed.brand, mine), own=True) == [Ignored("x_own")]


def test_in_a_group_it_is_told_who_writes() -> None:
    road = Road(group="g9001")
    road.server.answers["/users/333"] = [answer(200, {"data": {"name": "Bea", "username": "bea"}})]
    change = road.talk.change_key(road.ana)
    for words in ("one", "two"):
        said = opened(road, road.talk.say(road.bea, words), change=change)
        assert isinstance(said, CustomerMessage)
        assert said.conversation.customer == "g9001"
        assert said.lines == (Line("in_group", {"name": "Bea (@bea)"}),)
    assert len(road.server.asked("/users/333")) == 1
    road.server.answers["/users/" + ANA] = [Retryable("away")]
    other = opened(road, road.talk.say(road.ana, "three"))
    assert isinstance(other, CustomerMessage)
    assert other.lines == (Line("in_group", {"name": ANA}),)


STEPS = st.lists(st.sampled_from(["hers", "ours", "say", "say", "say", "restart"]), min_size=1, max_size=14)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.randoms(use_true_random=False), st.booleans())
def test_every_message_is_read_whatever_order_they_and_their_keys_come_in(
    steps: list[str], shuffles: random.Random, attached: bool
) -> None:
    """Whoever changes the key how often: all that was said is read, each time it comes, under its own key."""
    road = Road()
    changes: dict[str, str] = {}
    said: list[tuple[str, str, str]] = []
    road.server.changes = [road.talk.change_key(road.ana)]
    changes[road.talk.version] = road.server.changes[0]
    for number, step in enumerate(steps):
        if step in {"hers", "ours"}:
            before = road.talk.version
            change = road.talk.change_key(road.ana if step == "hers" else road.brand)
            if road.talk.version == before:  # X's clock does not stand still for two of them
                return
            changes[road.talk.version] = change
            road.server.changes.append(change)
        elif step == "say":
            words = f"number {number}"
            said.append((words, road.talk.say(road.ana, words), changes[road.talk.version]))
    deliveries = [*said, *said]
    shuffles.shuffle(deliveries)
    for words, event, change in deliveries:
        if "restart" in steps:
            road.restart()
        assert road.texts(event, change if attached else "") == [words]
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    found = road.unsealing._keyrings.ring(safe, CONVERSATION).to_send()
    read = [version for version, change in changes.items() if any(change == one for _, _, one in said)]
    assert (found[0] if found else "") == max(read if attached else (changes if said else []), key=int, default="")
