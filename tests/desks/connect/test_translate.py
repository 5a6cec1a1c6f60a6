"""What Connect streams, in the bridge's words: the kinds of events are the goldens'; here is what holds for all."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desks.connect.content import EVENT, interactive
from chalicelib.desks.connect.translate import TRANSLATOR
from chalicelib.desks.connect.webhook import WEBHOOK
from chalicelib.errors import Malformed
from chalicelib.vocabulary.messages import Ignored
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage, DeskEnded, DeskEvent

CONTACT = "3d1b7a52-64c8-4f0e-9b1d-7c2a5e9f4410"
ITEM: dict[str, Any] = {
    "AbsoluteTime": "2027-01-15T08:00:00.466Z", "Content": "Hello", "ContentType": "text/plain", "Id": "item-1",
    "Type": "MESSAGE", "ParticipantId": "p", "DisplayName": "Agent", "ParticipantRole": "AGENT",
    "InitialContactId": CONTACT, "ContactId": CONTACT,
}  # fmt: skip


def notice(item: Any, visibility: str = "ALL") -> bytes:
    told = {"MessageVisibility": visibility} if visibility else {}
    return json.dumps({"message": json.dumps(item), "attributes": told}).encode()


def parsed(visibility: str = "ALL", **changes: Any) -> DeskEvent:
    item = {name: value for name, value in (ITEM | changes).items() if value is not None}
    [piece] = WEBHOOK.split(notice(item, visibility))
    raw = msgspec.Raw(piece.raw)
    return TRANSLATOR.parse(Event(source="connect", account="", party=piece.party, id=piece.id, received_ms=0, raw=raw))


def test_a_reply_is_its_initial_contacts_whatever_it_was_transferred_to() -> None:
    before, after = parsed(), parsed(ContactId="another")
    assert isinstance(before, AgentMessage)
    assert isinstance(after, AgentMessage)
    assert before.desk_conversation == after.desk_conversation == CONTACT
    assert (before.id, before.text, before.author) == ("item-1", "Hello", "human")
    assert (before.customer, before.integration) == ("", "")


@pytest.mark.parametrize("role", ["AGENT", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR", "A_NEW_ONE", None])
@pytest.mark.parametrize("visibility", ["AGENT", "SUPERVISOR", "all"])
def test_nothing_that_is_not_for_the_customer_reaches_them(role: str | None, visibility: str) -> None:
    assert parsed(visibility, ParticipantRole=role) == Ignored("connect_not_for_customers")


@pytest.mark.parametrize("visibility", ["ALL", "CUSTOMER", ""])
@pytest.mark.parametrize("kind", ["MESSAGE", "EVENT", "ATTACHMENT"])
def test_a_customers_own_never_comes_back_to_them(visibility: str, kind: str) -> None:
    told = parsed(visibility, ParticipantRole="CUSTOMER", Type=kind, Attachments=[{"Status": "APPROVED"}])
    assert told == Ignored("connect_own")


@pytest.mark.parametrize("role", ["AGENT", "SUPERVISOR", "SYSTEM", "CUSTOM_BOT", None])
def test_who_leaves_ends_nothing_but_the_customer(role: str | None) -> None:
    left = "application/vnd.amazonaws.connect.event.participant.left"
    assert isinstance(parsed(Type="EVENT", ContentType=left, ParticipantRole=role), Ignored)


@pytest.mark.parametrize("visibility", ["ALL", "CUSTOMER", "AGENT", ""])
@pytest.mark.parametrize("role", ["AGENT", None])
def test_an_end_is_one_whoever_may_see_it(visibility: str, role: str | None) -> None:
    ended = "application/vnd.amazonaws.connect.event.chat.ended"
    told = parsed(visibility, Type="EVENT", ContentType=ended, ParticipantRole=role, DisplayName=None)
    assert told == DeskEnded(desk_conversation=CONTACT)


def test_the_whole_of_an_answer_is_no_duplicate_of_its_chunks() -> None:
    chunks = [
        notice(ITEM | {"MessageMetadata": {"ChunkNumber": number, "MessageCompleted": number == 3}})
        for number in (1, 2, 3)
    ]
    ids = [piece.id for chunk in chunks for piece in WEBHOOK.split(chunk)]
    assert len(set(ids)) == 3
    assert ids[2] == "item-1"
    assert parsed(MessageMetadata={"ChunkNumber": 1, "MessageCompleted": False}) == Ignored("connect_unfinished")


def test_the_same_item_is_the_same_event_in_whichever_notification_it_comes() -> None:
    [first] = WEBHOOK.split(notice(ITEM))
    [again] = WEBHOOK.split(notice(dict(reversed(ITEM.items()))))
    assert (first.id, first.party, first.sent_ms) == (again.id, again.party, again.sent_ms)
    assert first.sent_ms == 1_800_000_000_466


@pytest.mark.parametrize("moment", ["", "yesterday", "-5", "9999-99-99", "0001-01-01T00:00:00+23:59"])
def test_a_time_that_is_none_is_none(moment: str) -> None:
    assert WEBHOOK.split(notice(ITEM | {"AbsoluteTime": moment}))[0].sent_ms == 0


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from([*ITEM, "Attachments", "MessageMetadata"]), values, max_size=4))
def test_an_item_with_odd_fields_is_read_or_malformed(changes: dict[str, Any]) -> None:
    try:
        told = parsed(**changes)
    except Malformed:
        return
    assert told is not None


# Interactive messages

titles = st.text("abcdef ", min_size=1, max_size=12).map(str.strip).filter(bool)
pictures = st.sampled_from(["", "https://tea.example/x.png", "data:image/png;base64,AA"])


def element(title: str, subtitle: str, picture: str) -> dict[str, str]:
    return {"title": title, "subtitle": subtitle, "imageType": "URL", "imageData": picture}


elements = st.builds(element, titles, titles, pictures)


@given(
    kind=st.sampled_from(["ListPicker", "Panel", "QuickReply"]),
    head=elements,
    many=st.lists(elements, min_size=1, max_size=6),
)
def test_all_that_a_list_says_is_said_and_each_tap_answers_with_its_title(
    kind: str, head: dict[str, str], many: list[dict[str, str]]
) -> None:
    text = json.dumps({"templateType": kind, "version": "1.0", "data": {"content": head | {"elements": many}}})
    found = interactive(text, str)
    choices = [*found.choices, *(choice for card in found.cards for choice in card.choices)]
    assert [choice.payload for choice in choices] == [one["title"] for one in many]
    words = "\n".join(
        [*found.lines, *(f"{card.title}\n{card.description}" for card in found.cards), *(one.text for one in choices)]
    )
    for one in [head, *many]:
        assert one["title"] in words
        assert one["subtitle"] in words
    shown = [card.image for card in found.cards if card.image]
    assert shown == [one["imageData"] for one in [head, *many] if one["imageData"].startswith("https:")]
    assert found.unread == ""


def test_a_carousels_tap_says_which_list_it_was_in() -> None:
    nested = {
        "templateIdentifier": "c-1", "templateType": "Panel", "version": "1.0",
        "data": {"content": {"title": "Green", "elements": [{"title": "Buy"}]}},
    }  # fmt: skip
    text = json.dumps({"templateType": "Carousel", "data": {"content": {"title": "Teas", "elements": [nested]}}})
    [card] = interactive(text, str).cards
    answer = {"templateIdentifier": "c-1", "listTitle": "Green", "selectionText": "Buy"}
    assert json.loads(card.choices[0].payload) == answer


@pytest.mark.parametrize(
    ("stamp", "offset", "shown"),
    [
        ("2027-02-01T09:00+00:00", 60, "2027-02-01T10:00+01:00"),
        ("2027-02-01T09:00+00:00", -330, "2027-02-01T03:30-05:30"),
        ("2027-02-01T09:00+00:00", None, "2027-02-01T09:00+00:00"),
        ("2027-02-01T09:00+00:00", 10**9, "2027-02-01T09:00+00:00"),
        ("2027-02-01T09:00", 60, "2027-02-01T09:00"),
        ("soon", 60, "soon"),
        ("0001-01-01T00:00+00:00", -60, "0001-01-01T00:00+00:00"),
    ],
)
def test_a_time_is_shown_in_its_zone_and_answered_as_it_was_given(stamp: str, offset: Any, shown: str) -> None:
    content = {"title": "When?", "timeZoneOffset": offset, "timeslots": [{"date": stamp, "duration": 60}]}
    [choice] = interactive(json.dumps({"templateType": "TimePicker", "data": {"content": content}}), str).choices
    assert (choice.text, choice.payload, choice.type) == (shown, stamp, "DatePicker")


def test_a_page_is_turned_by_what_the_list_says() -> None:
    content = {"title": "Teas", "listId": "l", "preIndex": 0, "nextIndex": 6, "referenceId": "r",
               "elements": [{"title": "More", "actionDetail": "SHOW_MORE"}]}  # fmt: skip
    [choice] = interactive(json.dumps({"templateType": "ListPicker", "data": {"content": content}}), str).choices
    told = json.loads(choice.payload.removeprefix(EVENT))
    assert choice.payload.startswith(EVENT)
    assert told["action"] == told["data"]["actionName"] == "SHOW_MORE"
    assert (told["data"]["listId"], told["data"]["nextIndex"], told["data"]["referenceId"]) == ("l", 6, "r")


@given(values)
def test_an_odd_template_is_read_or_named(value: Any) -> None:
    for name in ("ListPicker", "Panel", "QuickReply", "TimePicker", "Carousel", "ViewResource"):
        found = interactive(json.dumps({"templateType": name, "data": {"content": value}}), str)
        assert found.unread or found.lines or found.choices or found.cards
    assert interactive(json.dumps(value), str).unread
