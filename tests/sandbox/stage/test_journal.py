"""The stream of what happens: what a follower gets, from where, and when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

import pytest
import requests

from sandbox.stage.journal import Journal
from sandbox.stage.web import Answer, Stream, WebServer
from tests.sandbox.conftest import WAIT_S, until


def numbers(stream: Iterator[bytes], pieces: int = 1) -> list[int]:
    """The ids in the next pieces of a stream that has begun."""
    text = b"".join(islice(stream, pieces)).decode()
    return [int(line.removeprefix("id: ")) for line in text.splitlines() if line.startswith("id: ")]


def begun(journal: Journal, after: int = 0) -> Iterator[bytes]:
    stream = journal.follow(after, heartbeat_s=0.01)
    assert next(stream) == b"retry: 1000\n\n"
    return stream


def filled(count: int, kept: int = 100) -> Journal:
    journal = Journal(kept)
    for number in range(1, count + 1):
        journal.put("road", {"n": number})
    return journal


def test_an_event_is_one_number_one_name_and_one_line_of_json() -> None:
    journal = Journal()
    journal.put("customer", {"text": "two\nlines, ¡olé!"})
    assert next(begun(journal)).decode() == 'id: 1\nevent: customer\ndata: {"text":"two\\nlines, ¡olé!"}\n\n'


def test_a_follower_gets_what_was_before_and_then_what_comes() -> None:
    journal = filled(2)
    stream = begun(journal)
    assert numbers(stream) == [1, 2]
    journal.put("road", {})
    assert numbers(stream) == [3]


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, [1, 2, 3]), (2, [3]), (7, [1, 2, 3])],
    ids=["from the beginning", "after what was seen", "after another sandbox's number"],
)
def test_a_follower_resumes(after: int, expected: list[int]) -> None:
    assert numbers(begun(filled(3), after)) == expected


def test_only_the_newest_are_kept() -> None:
    assert numbers(begun(filled(7, kept=5))) == [3, 4, 5, 6, 7]


def test_many_hops_push_out_no_message_and_the_order_is_that_of_their_coming() -> None:
    journal = Journal(kept=1000)
    for number in range(1000):
        journal.put("customer", {"n": number})
        for _ in range(9):
            journal.put("road", {})
        journal.put("desk", {"n": number})
    text = b"".join(islice(begun(journal), 15)).decode()
    found = [block.splitlines() for block in text.split("\n\n") if block]
    kept = {name: [one[2] for one in found if one[1] == f"event: {name}"] for name in ("customer", "desk", "road")}
    assert kept["customer"] == kept["desk"] == [f'data: {{"n":{number}}}' for number in range(1000)]
    assert len(kept["road"]) == 1000
    assert [int(one[0][4:]) for one in found] == sorted(int(one[0][4:]) for one in found)


def test_a_long_past_comes_in_pieces_and_whole() -> None:
    assert numbers(begun(filled(1000, kept=5000)), pieces=5) == list(range(1, 1001))


def test_a_silent_stream_shows_that_it_lives() -> None:
    assert next(begun(Journal())) == b": still here\n\n"


def test_a_reset_forgets_and_says_so_and_numbers_go_on() -> None:
    journal = filled(3)
    journal.reset()
    assert next(begun(journal, after=3)) == b"id: 4\nevent: reset\ndata: {}\n\n"


def test_who_begins_with_nothing_is_not_told_to_forget_what_they_begin_meanwhile() -> None:
    journal = filled(3)
    journal.reset()
    stream = begun(journal)
    assert next(stream) == b": still here\n\n"
    journal.put("customer", {})
    assert numbers(stream) == [5]


def test_half_an_emoji_does_not_break_the_stream() -> None:
    journal = Journal()
    journal.put("customer", {"text": "\ud83d"})
    assert b'"?"' in next(begun(journal))


def test_closing_ends_a_stream_that_waits() -> None:
    journal = Journal()
    stream = journal.follow(heartbeat_s=WAIT_S)
    next(stream)
    threading.Timer(0.01, journal.close).start()
    assert next(stream, b"") in {b"", b": still here\n\n"}
    assert next(stream, None) is None


def test_who_listens_is_counted_until_they_leave() -> None:
    journal = Journal()
    web = WebServer(lambda call: Answer(200, Stream(journal.follow(heartbeat_s=0.01))))
    web.start()
    try:
        with requests.get(web.url, stream=True, timeout=WAIT_S) as answer:
            next(answer.iter_content(1))
            assert journal.followed
        until(lambda: not journal.followed)
    finally:
        journal.close()
        web.stop()
