"""Hundreds of messages both ways while whatever can fail does: none is lost, doubled, out of order or untold."""

from __future__ import annotations

import io
import logging
from dataclasses import replace

import pytest

from chalicelib.observability import log
from tests.chaos.storm import Storm, Weather, reads, tally, untraced

STORMS = {
    "the vendors fail": Weather(seed=11),
    "AWS fails": Weather(seed=12, http=0.0, aws=0.1, kills=0),
    "everything fails": Weather(seed=13, aws=0.1),
    "no echoes come": Weather(seed=14, echoes=False),
    "few people write much": Weather(seed=15, people=8, lasts_s=300),
    "everybody writes at once": Weather(seed=16, lasts_s=60, http=0.05),
}


@pytest.mark.parametrize("name", STORMS)
def test_a_storm_loses_doubles_and_disorders_nothing(name: str) -> None:
    storm = Storm(STORMS[name])
    storm.run()
    found = tally(storm)
    assert found.faults == {}, f"{storm.weather}\n{found}"
    assert found.inbound.sent == found.outbound.sent == storm.weather.messages / 2
    assert storm.lab.kills == storm.weather.kills


READING = {
    name: replace(weather, people=20, reads=0.8, ends=0.3, skew_s=0.0)  # a clock that is behind tells other times
    for name, weather in {
        "the vendors fail": Weather(seed=21),
        "everything fails": Weather(seed=22, aws=0.1, http=0.05),
        "only workers die": Weather(seed=23, http=0.0, kills=30),
    }.items()
}


@pytest.mark.parametrize("name", READING)
def test_what_customers_have_read_is_shown_once_in_order_and_opens_nothing(name: str) -> None:
    storm = Storm(READING[name])
    storm.run()
    read, shown, *wrong = reads(storm).values()
    assert wrong == [0, 0, 0, 0], reads(storm)
    assert read / 3 < shown < read
    # whose conversation has been ended meanwhile reads of no failure
    assert tally(storm).faults.keys() <= {"to customers: untold"}


def test_a_storm_leaves_a_whole_trace_of_every_message_and_no_words_and_no_tokens_in_the_log() -> None:
    logging.disable(logging.NOTSET)
    lines = io.StringIO()
    before = log.write_to(lines)
    try:
        storm = Storm(Weather(seed=17, messages=120, people=20, aws=0.1))
        storm.run()
    finally:
        log.write_to(before)
    written = lines.getvalue()
    assert untraced(storm, written.splitlines()) == []
    assert len(untraced(storm, [])) == storm.weather.messages
    words = {" says ", "to-70", "welcome", "<picture>", '"ig"', '"tt"', "webhook-secret"}
    assert not [one for one in words if one in written]
