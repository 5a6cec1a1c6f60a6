"""What X's plain messages and what stands around them become: from the fixture through the edge's split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.x.renderings import RENDERINGS
from chalicelib.channels.x.translate import TRANSLATOR
from chalicelib.channels.x.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed
from chalicelib.rules.catalogue import TEXTS
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Line,
    Media,
    Note,
    Sealed,
    Trouble,
)
from chalicelib.vocabulary.records import Conversation, Event, Profile

FIXTURES = Path(__file__).parents[2] / "fixtures" / "x"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
BRAND, ANA, BEN = "1111111111111111111", "2222222222222222222", "3333333333333333333"
GROUP = "g1582103724607971328"
SENT_MS, RECEIVED_MS = 1_799_999_990_000, 1_800_000_000_000
WITH_ANA = Conversation("x", BRAND, ANA)
BY_APP = Line("echo_app", {"platform": "X"})


def delivery(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def events(told: Any) -> list[Event]:
    return events_of(WEBHOOK, json.dumps(told).encode(), RECEIVED_MS / 1000)


def happened(name: str) -> list[CustomerEvent]:
    return [one for event in events(delivery(name)) for one in TRANSLATOR.parse(event)]


def messages(name: str) -> list[CustomerMessage]:
    found = happened(name)
    assert all(isinstance(one, CustomerMessage) for one in found)
    return [one for one in found if isinstance(one, CustomerMessage)]


def changed(name: str, **data: Any) -> list[CustomerEvent]:
    """What the fixture becomes whose message holds something else."""
    told = delivery(name)
    told["data"]["payload"]["direct_message_events"][0]["message_create"]["message_data"] |= data
    [event] = events(told)
    return TRANSLATOR.parse(event)


def test_a_message_is_the_customers() -> None:
    [said] = messages("dm_received__text")
    assert (said.id, said.origin) == ("dm:2100000000000001001", "2100000000000001001")
    assert (said.conversation, said.sent_ms, said.text) == (WITH_ANA, SENT_MS, "Is the oolong back?")
    assert (said.lines, said.media, said.part, said.starts_window, said.platform_thread) == ((), None, 0, True, "dm")
    assert (said.username, said.profile_url) == ("ana_diaz", "https://x.com/ana_diaz")


@pytest.mark.parametrize(
    ("name", "followers"),
    [("dm_received__text", 5502), ("account_activity__text", 22)],
    ids=["second API", "first API"],
)
def test_who_wrote_is_told_by_the_delivery_in_the_words_of_either_api(name: str, followers: int) -> None:
    [said] = messages(name)
    avatar = "https://pbs.twimg.com/profile_images/2222/ana_diaz_normal.jpg"
    assert said.profile == Profile(
        name="Ana Díaz", username="ana_diaz", avatar=avatar, followers=followers, verified=False
    )


def test_what_a_delivery_tells_of_nobody_is_not_made_up() -> None:
    [said] = messages("dm_received__no_users")
    assert (said.profile, said.username, said.profile_url) == (None, "", "")
    [odd] = messages("dm_received__odd_fields")
    assert odd.profile == Profile(username="ana_diaz")


def test_words_come_before_their_file_and_both_in_order() -> None:
    words, file = messages("dm_received__photo_with_words")
    assert (words.text, words.media, words.part) == ("👋 Look https://tea.example/pot", None, 0)
    assert (file.text, file.lines, file.part) == ("", (), 1)
    assert file.media is not None
    assert file.media.kind == "image"
    assert file.media.url.startswith("https://ton.twitter.com/1.1/ton/data/dm/")
    assert (words.id, file.id) == ("dm:2100000000000006006", "dm:2100000000000006006#1")
    assert words.origin == file.origin == "2100000000000006006"
    assert (words.profile, words.platform_thread) == (file.profile, file.platform_thread)


@pytest.mark.parametrize("name", ["dm_received__photo", "account_activity__photo"])
def test_a_photo_alone_has_no_words(name: str) -> None:
    [file] = messages(name)
    assert (file.text, file.media and file.media.kind) == ("", "image")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("animated_gif", "https://video.twimg.com/dm_gif/1/2/abc.mp4"),
        ("video", "https://video.twimg.com/dm_video/3/vid/1280x720/a.mp4"),
        ("video_long", "https://video.twimg.com/dm_video/4/vid/640x360/b.mp4"),
    ],
)
def test_of_a_film_the_best_form_is_taken_that_is_small_enough(name: str, url: str) -> None:
    [film] = messages(f"dm_received__{name}")
    assert film.media == Media(kind="video", url=url)


@pytest.mark.parametrize("duration", [10**9, 10**400, 1e308])
def test_a_film_of_which_no_form_is_small_enough_is_the_smallest(duration: float) -> None:
    told = delivery("dm_received__video_long")
    data = told["data"]["payload"]["direct_message_events"][0]["message_create"]["message_data"]
    data["attachment"]["media"]["video_info"]["duration_millis"] = duration
    [said] = changed("dm_received__video_long", attachment=data["attachment"])
    assert isinstance(said, CustomerMessage)
    assert said.media == Media(kind="video", url="https://video.twimg.com/dm_video/4/vid/640x360/b.mp4")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("photo_gone", [Line("media_gone", {"kind": "image"})]),
        ("video_gone", [Line("media_gone", {"kind": "video"})]),
        ("coordinate", [Line("location", {"place": "37.613600, -122.507812"})]),
        ("new_attachment", [Line("unknown", {"kind": "voice_note"})]),
        ("new_media", [Line("unknown", {"kind": "hologram"})]),
        ("new_field", [Line("unknown", {"kind": "sticker"})]),
        ("nothing", [Line("unsupported", {"platform": "X"})]),
        ("no_list", [Line("unsupported", {"platform": "X"})]),
        ("place", [Line("location", {"title": "Boulder, CO"})]),
    ],
)
def test_what_cannot_be_shown_is_told(name: str, lines: list[Line]) -> None:
    assert list(messages(f"dm_received__{name}")[-1].lines) == lines


@pytest.mark.parametrize("point", [[10**400, 1], [1e308, 1], [None, 1], [1], "1,2", [[1], [2]]])
def test_a_point_that_is_nowhere_is_not_told(point: object) -> None:
    where = {"type": "shared_coordinate", "shared_coordinate": {"coordinates": {"coordinates": point}}}
    [said] = changed("dm_received__coordinate", attachment={"type": "location", "location": where})
    assert isinstance(said, CustomerMessage)
    assert said.lines == (Line("location"),)


def test_words_stand_before_what_is_unknown() -> None:
    words, unknown = messages("dm_received__new_attachment")
    assert (words.text, words.lines, unknown.text) == ("With it:", (), "")


def test_a_tap_carries_what_was_offered_and_its_label_is_the_text() -> None:
    [said] = messages("dm_received__quick_reply")
    assert (said.tap, said.text, said.lines) == ("ours:3f9a", "The green one", ())


@pytest.mark.parametrize(
    ("name", "writer", "words"),
    [
        ("dm_received__group", "Ana Díaz (@ana_diaz)", "Who has the pot?"),
        ("dm_received__group_beside_the_list", "Ben (@ben_in_oslo)", "I do"),
    ],
)
def test_a_group_is_one_conversation_in_which_each_is_named(name: str, writer: str, words: str) -> None:
    [said] = messages(name)
    assert said.conversation == Conversation("x", BRAND, GROUP)
    assert (said.lines, said.text) == ((Line("in_group", {"name": writer}),), words)
    assert (said.profile, said.username, said.profile_url, said.platform_thread) == (None, "", "", "dm")


def test_who_is_not_told_by_the_delivery_is_named_by_their_id_in_a_group() -> None:
    [said] = messages("dm_received__group_without_id")
    assert said.lines == (Line("in_group", {"name": BEN}),)


@pytest.mark.parametrize(
    ("name", "lines", "text"),
    [
        ("dm_sent__text", (BY_APP,), "It is, since Monday."),
        ("dm_sent__link", (BY_APP,), "Here: https://tea.example/"),
        ("dm_sent__photo", (BY_APP, Line("app_media", {"kind": "image"})), "The pot"),
        ("dm_sent__choices", (BY_APP, Line("buttons", {"choices": "Green | Black | Shop"})), "Which?"),
        ("dm_sent__location", (BY_APP, Line("location", {"title": "Boulder, CO"})), ""),
    ],
)
def test_what_the_account_sent_is_an_echo(name: str, lines: tuple[Line, ...], text: str) -> None:
    [sent] = happened(name)
    assert isinstance(sent, Echo)
    assert sent.conversation == WITH_ANA
    assert (sent.lines, sent.text, sent.sent_ms) == (lines, text, SENT_MS)
    assert sent.id.isdigit()  # X's own, as a send is answered


def test_a_file_of_ours_is_an_echo_without_words() -> None:
    """X puts a link of its own behind a file: an echo is told from others by the words alone."""
    told = delivery("dm_sent__photo")
    data = told["data"]["payload"]["direct_message_events"][0]["message_create"]["message_data"]
    link = data["entities"]["urls"][0]
    moved = link | {"indices": [1, 1 + len(link["url"])]}
    [sent] = changed("dm_sent__photo", text=f" {link['url']}", entities={"urls": [moved]})
    assert isinstance(sent, Echo)
    assert sent.text == ""


@pytest.mark.parametrize(
    ("name", "kind", "line", "about"),
    [
        ("dm_read__listed", "read", "read", "2100000000000000777"),
        ("dm_read__bare", "read", "read", "2100000000000000778"),
        ("account_activity__read", "read", "read", "2100000000000000779"),
        ("dm_indicate_typing__listed", "typing", "typing", ""),
        ("dm_indicate_typing__bare", "typing", "typing", ""),
    ],
)
def test_what_the_customer_does_is_a_note(name: str, kind: str, line: str, about: str) -> None:
    [note] = happened(name)
    assert isinstance(note, Note)
    assert note.conversation == WITH_ANA
    assert (note.kind, note.lines, note.about, note.text) == (kind, (Line(line),), about, "")


@pytest.mark.parametrize("name", ["user_event__revoke", "oauth_revoke__account"])
def test_a_permission_that_is_withdrawn_stops_the_account(name: str) -> None:
    [event] = events(delivery(name))
    [trouble] = TRANSLATOR.parse(event)
    assert isinstance(trouble, Trouble)
    assert (event.account, event.party, trouble.reason) == (BRAND, "", "authorization_removed")
    assert event.sent_ms == 1_799_999_990_000
    assert "log in again" in trouble.advice


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("replay_job_status__complete", ["x_replay_complete"]),
        ("replay_job_status__incomplete", ["x_replay_incomplete"]),
        ("replay_job_status__new_state", ["x_replay_status"]),
        ("chat_conversation_join__group", ["x_conversation_join"]),
        ("chat_conversation_join__alias", ["x_conversation_join"]),
        ("dm_received__self", ["x_self"]),
        ("dm_received__new_type", ["event_reaction_create"]),
        ("dm_indicate_typing__own", ["x_own"]),
        ("dm_read__nobody", ["x_nobody"]),
        ("unknown__event", ["event_post_create"]),
        ("unknown__odd_name", ["event_unknown"]),
        ("user_event__new", ["event_user_event"]),
        ("account_activity__new_list", ["event_direct_message_poll_events"]),
        (
            "account_activity__posts_and_likes",
            ["event_tweet_create_events", "event_tweet_create_events", "event_favorite_events", "event_follow_events"],
        ),
    ],
)
def test_what_is_not_for_agents_is_counted_by_its_name(name: str, reasons: list[str]) -> None:
    assert happened(name) == [Ignored(reason) for reason in reasons]


def test_a_message_is_shown_though_likes_come_with_it() -> None:
    said, *others = happened("account_activity__likes_beside_a_message")
    assert isinstance(said, CustomerMessage)
    assert (said.text, others) == ("Me too", [Ignored("event_favorite_events"), Ignored("event_block_events")])


@pytest.mark.parametrize(
    ("name", "thread", "own", "silent"),
    [
        ("chat_received__text", f"{BRAND}:{ANA}", False, False),
        ("chat_received__hyphen", f"{BRAND}:{ANA}", False, False),
        ("chat_received__group", "g1582103724607971500", False, False),
        ("chat_received__typing", f"{BRAND}:{ANA}", False, True),
        ("chat_received__cut_off", f"{BRAND}:{ANA}", False, False),
        ("chat_sent__text", f"{BRAND}:{ANA}", True, False),
    ],
)
def test_what_is_encrypted_stays_sealed(name: str, thread: str, own: bool, silent: bool) -> None:
    told = delivery(name)
    [event] = events(told)
    [sealed] = TRANSLATOR.parse(event)
    assert isinstance(sealed, Sealed)
    assert (sealed.id, sealed.thread, sealed.own, sealed.silent) == (event.id, thread, own, silent)
    assert sealed.conversation == Conversation("x", BRAND, event.party)
    assert json.loads(sealed.body) == told


@pytest.mark.parametrize(
    "name",
    [
        "dm_received__nobody",
        "dm_received__no_payload",
        "dm_sent__to_nobody",
        "chat_received__nobody",
        "unknown__no_type",
    ],
)
def test_what_names_nobody_is_malformed(name: str) -> None:
    [event] = events(delivery(name))
    with pytest.raises(Malformed):
        TRANSLATOR.parse(event)


def test_what_has_no_time_has_that_of_its_arrival() -> None:
    [said] = messages("dm_received__no_time")
    assert said.sent_ms == RECEIVED_MS


# --- the rows


def told_rows() -> set[str]:
    """The catalogue's keys and the reasons that the fixtures lead to."""
    found: set[str] = set()
    for name in NAMES:
        for event in events(delivery(name)):
            try:
                shown = TRANSLATOR.parse(event)
            except Malformed:
                continue
            for one in shown:
                if isinstance(one, (Ignored, Trouble)):
                    found.add(one.reason)
                elif not isinstance(one, Sealed):
                    found |= {line.key for line in getattr(one, "lines", ())}
    return found


def test_every_row_of_what_is_not_encrypted_is_shown_by_a_fixture() -> None:
    rows = {name: row for name, row in RENDERINGS.items() if not name.startswith("chat:") and name != "event"}
    wanted = {row.line or row.reason for row in rows.values()} - {""}
    assert wanted <= told_rows()


def test_every_row_has_its_words_or_its_reason() -> None:
    for row in RENDERINGS.values():
        assert not row.line or row.line in TEXTS
        assert (row.shows == "ignored") == bool(row.reason)


@given(st.sampled_from([name for name in NAMES if name.startswith("dm_received")]), st.data())
def test_any_field_may_hold_anything(name: str, data: st.DataObject) -> None:
    told = delivery(name)
    holders: list[Any] = [told]
    for holder in holders:
        inner = holder.values() if isinstance(holder, dict) else holder
        holders += [one for one in inner if isinstance(one, dict | list)]
    holder = data.draw(st.sampled_from([one for one in holders if one]))
    key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = data.draw(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
                            | st.just([]) | st.just({}) | st.just([None, {"type": 1}]))  # fmt: skip
    try:
        found = events(told)
    except Malformed:
        return
    for event in found:
        try:
            shown = TRANSLATOR.parse(event)
        except Malformed:
            continue
        assert shown
