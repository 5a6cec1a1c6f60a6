"""What agents say in encrypted conversations: sealed once, under a key to be trusted, and sent again as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.channels.x import enclosures
from chalicelib.channels.x.api import Api
from chalicelib.channels.x.chats import open_chats
from chalicelib.channels.x.client import open_client
from chalicelib.channels.x.keyring import Key, Ring
from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, Uncertain, Unfetched
from chalicelib.vocabulary.messages import CustomerMessage, Echo, Line, Note, Sealed
from chalicelib.vocabulary.records import Conversation
from chalicelib.vocabulary.replies import Choice, ChoicesPart, MediaPart, Recipient, TextPart
from tests.channels.x.phones import Phone, decoded, number_of
from tests.channels.x.test_unsealing import ACCOUNT, ANA, BRAND, CONVERSATION, Road, files
from tests.fakes import answer

WORDS = TextPart("Your mug is on its way 🫖")
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x14\x08\x02\0\0\0" + bytes(range(256)) * 40


class Sending(Road):
    """The same, with what sends."""

    def restart(self) -> None:
        super().restart()
        settings = {"x_api": "https://api.x.example", "x_secret": "dmdesk/x"}
        self.client = open_client(self.server, lambda name: self.secrets, settings.__getitem__, self.memory, self.clock)
        api = Api(self.server, lambda name: self.secrets, settings.__getitem__, self.memory, self.clock)
        self.chats = open_chats(api, self.memory, self.clock)

    def to(self, mark: str = "m1") -> Recipient:
        return Recipient(customer=ANA, thread=self.talk.id, mark=mark)

    def seen_by_ana(self, number: int = -1) -> str:
        """What her phone shows of what was passed on."""
        told = self.ana.chat.decrypt_event(
            self.server.events[number],
            {self.talk.version: self.talk.key},
            [
                {
                    "user_id": BRAND,
                    "public_key_version": self.brand.version,
                    "public_key": self.brand.row["signing_public_key"],
                    "identity_public_key": self.brand.row["public_key"],
                    "identity_public_key_signature": self.brand.row["identity_public_key_signature"],
                }
            ],
        )
        assert told["verified"] is True
        return str(told["content"]["text"])


@pytest.fixture
def road() -> Sending:
    """Ana has written, so that there is a key."""
    road = Sending()
    road.begins("Hello", conversation_token="eyJ.token")
    road.server.calls.clear()
    return road


def never(identifier: str) -> bool:
    return False


def test_ana_reads_it_and_its_echo_is_known_by_what_send_answers(road: Sending) -> None:
    sent = road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.seen_by_ana() == WORDS.text
    (posted,) = road.server.passed
    assert posted["message_id"] == sent
    assert posted["conversation_token"] == "eyJ.token"
    (echo,) = road.read(road.server.events[-1], own=True)
    assert isinstance(echo, Echo)
    assert (echo.id, echo.text) == (sent, WORDS.text)


def test_what_is_about_ours_names_it(road: Sending) -> None:
    road.client.send(ACCOUNT, road.to(), WORDS)
    target = number_of(road.server.events[-1])
    made = road.ana.chat.encrypt_add_reaction(
        emoji="👍", conversation_id=road.talk.id, target_message_sequence_id=target, **road.talk.sealing
    )
    (note,) = road.read(road.talk.sent(road.ana, made))
    assert isinstance(note, Note)
    assert note.lines == (Line("reacted_words", {"emoji": "👍", "words": WORDS.text}),)


@pytest.mark.parametrize("trouble", [RateLimited("429", 5.0), Retryable("refused connection")])
def test_what_is_known_not_to_have_gone_out_goes_with_the_same_bytes(road: Sending, trouble: Exception) -> None:
    road.server.answers["/messages"] = [trouble]
    with pytest.raises(type(trouble)):
        road.client.send(ACCOUNT, road.to(), WORDS)
    road.restart()
    road.client.send(ACCOUNT, road.to(), WORDS)
    first, second = (call.body for call in road.server.asked("/messages"))
    assert first == second
    road.client.send(ACCOUNT, road.to("m2"), WORDS)
    assert road.server.asked("/messages")[2].body != first


def test_of_two_who_seal_one_part_at_once_one_message_goes_out(road: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    get, looked = road.memory.get, [True, True]

    def beside(of: Conversation, name: str) -> bytes | None:
        """Both look before either has kept anything."""
        return None if name.startswith("out/") and looked and looked.pop() else get(of, name)

    monkeypatch.setattr(road.memory, "get", beside)
    assert road.client.send(ACCOUNT, road.to(), WORDS) == road.client.send(ACCOUNT, road.to(), WORDS)
    first, second = road.server.asked("/messages")
    assert first.body == second.body


def test_a_send_that_nobody_answered_is_found_by_its_id(road: Sending) -> None:
    assert road.client.arrived(ACCOUNT, road.to(), WORDS, road.clock(), never) is None
    road.server.answers["/messages"] = [Uncertain("timeout")]
    with pytest.raises(Uncertain):
        road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.client.arrived(ACCOUNT, road.to(), WORDS, road.clock(), never) is None
    sent = road.client.send(ACCOUNT, road.to(), WORDS)  # as if it had gone out the first time
    assert road.client.arrived(ACCOUNT, road.to(), WORDS, road.clock(), never) == sent


def test_a_history_that_does_not_reach_back_says_nothing(road: Sending) -> None:
    road.server.answers["/messages"] = [Uncertain("timeout")]
    with pytest.raises(Uncertain):
        road.client.send(ACCOUNT, road.to(), WORDS)
    road.server.events, road.server.more = [road.talk.say(road.ana, "and?")], True
    since_s = road.talk.at_ms / 1000
    assert road.client.arrived(ACCOUNT, road.to(), WORDS, since_s + 1, never) is None
    with pytest.raises(Refused, match="reach back"):
        road.client.arrived(ACCOUNT, road.to(), WORDS, since_s - 1, never)


def test_a_second_copy_that_x_refuses_is_there_if_its_history_has_it(road: Sending) -> None:
    road.client.send(ACCOUNT, road.to(), WORDS)
    road.server.answers["/messages"] = [answer(400, {"title": "Invalid"})]
    assert road.client.send(ACCOUNT, road.to(), WORDS) == road.server.passed[0]["message_id"]
    road.server.answers["/messages"] = [answer(400, {"title": "Invalid"})]
    with pytest.raises(Refused):
        road.client.send(ACCOUNT, road.to("m2"), WORDS)


@pytest.mark.parametrize("event", [None, "AAAA", 7, "", "!"])
def test_what_x_has_taken_is_sent_whatever_its_answer_looks_like(road: Sending, event: object) -> None:
    road.server.answers["/messages"] = [answer(201, {"data": {"encoded_message_event": event}})]
    assert road.client.send(ACCOUNT, road.to(), WORDS)


def test_a_memory_that_is_away_after_the_send_does_not_send_again(
    road: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = road.memory.keep_first

    def breaks(of: object, name: str, value: bytes, for_s: float) -> bytes:
        if name.startswith("said/"):
            raise Retryable("table busy")
        return keep(CONVERSATION, name, value, for_s)

    monkeypatch.setattr(road.memory, "keep_first", breaks)
    assert road.client.send(ACCOUNT, road.to(), WORDS) == road.server.passed[0]["message_id"]


# --- under which key


def test_nothing_is_sent_under_a_key_that_nobody_signed_for() -> None:
    road = Sending()
    forger = Phone(BRAND, "1700000000077")  # X knows no such row of the brand's
    change = road.talk.change_key(forger)
    road.server.rows[BRAND], road.server.events = [road.brand.row], ["x"]
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    ring = road.unsealing._keyrings.ring(safe, CONVERSATION)
    road.unsealing._keyrings.learn(ACCOUNT, safe, CONVERSATION, ring, [change])
    assert list(ring.held) == [road.talk.version]
    with pytest.raises(Refused, match="trusted"):
        road.client.send(ACCOUNT, road.to(), WORDS)
    # Ana signs something under it: so she holds it
    road.read(road.talk.say(road.ana, "Hello"))
    road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.seen_by_ana() == WORDS.text


def test_it_goes_under_the_newest_key_by_its_number_and_not_by_its_text(road: Sending) -> None:
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    ring = road.unsealing._keyrings.ring(safe, CONVERSATION)
    road.talk.version, road.talk.key = "10000000000000", bytes(range(32))
    road.unsealing._keyrings.add(safe, CONVERSATION, ring, road.talk.version, Key(road.talk.key, verified=True))
    road.unsealing._keyrings.add(safe, CONVERSATION, ring, "9999999999999", Key(bytes(32), verified=True))
    road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.seen_by_ana() == WORDS.text


def test_a_key_that_is_too_old_by_now_gives_way_to_the_newest(road: Sending) -> None:
    road.server.changes = [road.talk.change_key(road.ana)]
    road.server.failure = 6
    road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.seen_by_ana() == WORDS.text
    first, second = road.server.asked("/messages")
    assert first.json()["message_id"] != second.json()["message_id"]
    road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.server.asked("/messages")[2].body == second.body


def test_a_newer_key_that_has_not_come_is_waited_for(road: Sending) -> None:
    road.server.failure = 6
    with pytest.raises(Retryable):
        road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.server.passed == []
    road.server.failure = 6
    road.server.changes = [road.talk.change_key(road.ana)]
    road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.seen_by_ana() == WORDS.text


def test_where_ana_has_other_keys_by_now_another_key_is_handed_out(road: Sending) -> None:
    new = Phone(ANA, "1700000000009")
    road.server.rows[ANA] = [road.ana.row, new.row]
    road.server.failure = 8
    road.client.send(ACCOUNT, road.to(), WORDS)
    (handed,) = road.server.handed_out
    wrapped = {one["user_id"]: one for one in handed["conversation_participant_keys"]}
    assert wrapped[ANA]["public_key_version"] == new.version
    road.talk.version = handed["conversation_key_version"]
    road.talk.key = bytes(new.chat.decrypt_conversation_key(wrapped[ANA]["encrypted_conversation_key"]))
    assert road.seen_by_ana() == WORDS.text


def test_who_is_first_makes_the_key_and_nobody_else_does() -> None:
    road = Sending()
    road.client.send(ACCOUNT, road.to(), WORDS)
    (handed,) = road.server.handed_out
    theirs = next(one for one in handed["conversation_participant_keys"] if one["user_id"] == ANA)
    road.talk.version = handed["conversation_key_version"]
    road.talk.key = bytes(road.ana.chat.decrypt_conversation_key(theirs["encrypted_conversation_key"]))
    assert road.seen_by_ana() == WORDS.text
    (signed,) = handed["action_signatures"]
    change = road.talk.action(
        road.brand, {"message_id": signed["message_id"], **signed["message_event_signature"],
                     "encoded_message_event_detail": signed["encoded_message_event_detail"]},
    )  # fmt: skip
    assert road.texts(road.talk.say(road.ana, "Who is it?"), change) == ["Who is it?"]
    road.client.send(ACCOUNT, road.to("m2"), WORDS)
    assert len(road.server.handed_out) == 1


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda road: road.server.rows.update({ANA: []}), Refused),
        (lambda road: road.server.rows.update({BRAND: [Phone(BRAND, "1700000000055").row]}), AccountStopped),
        (
            lambda road: road.server.rows[ANA][0].update(
                identity_public_key_signature=road.brand.row["identity_public_key_signature"]
            ),
            Refused,
        ),
        (lambda road: road.server.events.append("AAAA"), Refused),
    ],
)
def test_no_key_is_made_for_who_cannot_be_told_for_sure(
    spoil: Callable[[Sending], None], error: type[Exception]
) -> None:
    road = Sending()
    spoil(road)
    with pytest.raises(error):
        road.client.send(ACCOUNT, road.to(), WORDS)
    assert road.server.handed_out == []
    assert road.server.passed == []


# --- what X says instead


@pytest.mark.parametrize(
    ("number", "error", "reason"),
    [
        (3, Refused, "too_long"),
        (4, RateLimited, ""),
        (12, RateLimited, ""),
        (5, AccountStopped, "account_disconnected"),
        (13, AccountStopped, "account_disconnected"),
        (16, AccountStopped, "account_disconnected"),
        (7, Refused, "person_unavailable"),
        (11, Refused, "rejected_content"),
        (2, Retryable, ""),
        (18, Refused, "other"),
    ],
)
def test_a_failure_that_comes_as_an_event_is_one(
    road: Sending, number: int, error: type[Exception], reason: str
) -> None:
    road.server.failure = number
    with pytest.raises(error) as caught:
        road.client.send(ACCOUNT, road.to(), WORDS)
    assert getattr(caught.value, "reason", "") == reason or not reason
    assert road.server.passed == []


def test_without_keys_nothing_is_sent_and_somebody_is_told(road: Sending) -> None:
    del road.secrets["x_keys"]
    with pytest.raises(AccountStopped) as caught:
        road.client.send(ACCOUNT, road.to(), WORDS)
    assert "x-keys" in caught.value.advice
    assert road.server.calls == []


def test_what_can_be_tapped_is_not_sent(road: Sending) -> None:
    with pytest.raises(Refused, match="tap"):
        road.client.send(ACCOUNT, road.to(), ChoicesPart(text="?", choices=(Choice(text="Yes"),)))


# --- typing and reads


def test_typing_and_reads_are_shown(road: Sending) -> None:
    road.client.act(ACCOUNT, road.to(), "typing")
    newest = road.talk.say(road.ana, "and?")
    road.read(newest)
    older = road.talk.sequence - 1
    made = road.ana.chat.encrypt_message(road.talk.id, "late", **road.talk.sealing)
    road.read(road.talk.sent(road.ana, made, sequence=str(older)))
    road.client.act(ACCOUNT, road.to(), "seen")
    typing, read = road.server.asked("/typing") + road.server.asked("/read")
    assert typing.body == b""
    assert read.json() == {"seen_until_sequence_id": number_of(newest)}


def test_nothing_is_read_where_nothing_came() -> None:
    road = Sending()
    road.client.act(ACCOUNT, road.to(), "seen")
    assert road.server.calls == []


# --- files


def picture(body: bytes = PICTURE, mime: str = "image/png") -> MediaPart:
    return MediaPart(kind="image", mime=mime, name="mug.png", body=body)


def test_a_file_is_sealed_uploaded_in_pieces_and_named_in_the_message(
    road: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosures, "PIECE", 4096)
    road.client.send(ACCOUNT, road.to(), picture())
    assert road.ana.chat.decrypt_stream(road.server.finished["Hash0"], road.talk.key) == PICTURE
    assert len(road.server.asked("/append")) > 1
    assert road.server.asked("/finalize")[0].json()["num_parts"] == str(len(road.server.asked("/append")))
    (echo,) = road.read(road.server.events[-1], own=True)
    assert isinstance(echo, Echo)
    assert Line("app_media", {"kind": "image"}) in echo.lines
    told = road.ana.chat.decrypt_event(
        road.server.events[-1], {road.talk.version: road.talk.key},
        [road.unsealing._keyrings.rows(ACCOUNT, CONVERSATION, Ring(), BRAND)[0]],
    )  # fmt: skip
    (attached,) = told["attachments"]
    assert attached["dimensions"] == {"width": 32, "height": 20}
    assert (attached["filesize_bytes"], attached["filename"]) == (len(PICTURE), "mug.png")


def test_a_file_that_x_has_is_not_uploaded_again(road: Sending) -> None:
    road.server.answers["/messages"] = [Retryable("no connection")]
    with pytest.raises(Retryable):
        road.client.send(ACCOUNT, road.to(), picture())
    road.restart()
    road.client.send(ACCOUNT, road.to(), picture())
    assert list(road.server.finished) == ["Hash0"]


def test_an_upload_that_breaks_begins_again_whole(road: Sending) -> None:
    road.server.answers["/finalize"] = [Uncertain("timeout")]
    with pytest.raises(Retryable):
        road.client.send(ACCOUNT, road.to(), picture())
    road.client.send(ACCOUNT, road.to(), picture())
    assert list(road.server.finished) == ["Hash0", "Hash1"]
    assert road.ana.chat.decrypt_stream(road.server.finished["Hash1"], road.talk.key) == PICTURE


def test_a_file_is_sealed_anew_under_another_key(road: Sending) -> None:
    road.server.changes = [road.talk.change_key(road.ana)]
    road.server.failure = 6
    road.client.send(ACCOUNT, road.to(), picture())
    assert road.ana.chat.decrypt_stream(road.server.finished["Hash1"], road.talk.key) == PICTURE


def test_a_link_goes_in_the_place_of_a_file_that_x_refuses_with_its_message(road: Sending) -> None:
    road.server.answers["/messages"] = [answer(403, {"detail": "You are not permitted to attach this media"})]
    with pytest.raises(Refused) as caught:
        road.client.send(ACCOUNT, road.to(), picture())
    assert caught.value.reason == "media_refused"
    road.client.send(ACCOUNT, road.to(), TextPart("https://bridge.example/mug"))
    assert road.seen_by_ana() == "https://bridge.example/mug"
    assert len(road.server.passed) == 1


def test_an_empty_file_is_none(road: Sending) -> None:
    with pytest.raises(Refused, match="empty"):
        road.client.send(ACCOUNT, road.to(), picture(b""))


def sent_by_ana(road: Sending) -> CustomerMessage:
    (said,) = road.read(road.talk.say(road.ana, "", attachments=files(("Pic_1-a", 1))))
    assert isinstance(said, CustomerMessage)
    return said


def test_a_customers_file_is_opened_where_it_is_copied(road: Sending) -> None:
    said = sent_by_ana(road)
    source = road.client.source(ACCOUNT, said)
    assert source.url == f"https://api.x.example/2/chat/media/{BRAND}-{ANA}/Pic_1-a"
    assert source.headers == {"Authorization": "Bearer act"}
    assert source.hosts == ("api.x.example",)
    assert source.opened is not None
    sealed = road.ana.chat.encrypt_stream(PICTURE, road.talk.key)
    assert source.opened(sealed) == PICTURE
    for torn in (sealed[:-17], sealed[:-1], sealed[:24], b"", b"<html>", bytes(len(sealed)), PICTURE):
        with pytest.raises(ValueError, match=r"."):
            source.opened(torn)


def test_a_file_whose_key_is_gone_is_not_asked_for(road: Sending) -> None:
    said = sent_by_ana(road)
    road.memory.held.clear()
    with pytest.raises(Unfetched):
        road.client.source(ACCOUNT, said)
    del road.secrets["x_keys"]
    with pytest.raises(Unfetched):
        road.client.source(ACCOUNT, said)


def test_no_key_of_a_kept_value_is_another_names(road: Sending) -> None:
    """Whoever writes into the table moves no key to another version."""
    safe = road.unsealing._safes.of(ACCOUNT)
    assert safe is not None
    shut = safe.shut(CONVERSATION, "key/1", b"one")
    assert safe.unshut(CONVERSATION, "key/1", shut) == b"one"
    assert safe.unshut(CONVERSATION, "key/2", shut) is None
    assert decoded("YQ") == b"a"
    assert isinstance(road.sealed(road.talk.say(road.ana, "x"))[0], Sealed)
