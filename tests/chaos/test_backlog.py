"""A backlog against the desk's limit. 20,000 messages: make chaos ARGS="--backlog 20000"."""

from __future__ import annotations

import pytest

from tests.chaos.backlog import LIMIT, played


@pytest.mark.parametrize(("people", "containers"), [(30, 4), (3, 2)])
def test_a_backlog_of_several_minutes_is_read_whole_in_order_and_fairly(people: int, containers: int) -> None:
    found = played(3 * LIMIT, people, containers=containers)
    assert found.faults == {}
    assert found.least <= found.minutes <= found.least + 3
    assert found.refused < found.messages / 5
    assert found.most_receives < 50
