"""Hundreds of messages both ways while whatever can fail does: none is lost, doubled, out of order or untold."""

from __future__ import annotations

import io
import logging

import pytest

from chalicelib.observability import log
from tests.chaos.storm import Storm, Weather, tally, untraced

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
