"""Who delivers a run's webhooks knows what nobody has taken yet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.chaos.processes.postmen import Postman

BODY = b'{"text": "10000001-says-0"}'


@pytest.fixture
def postman() -> Iterator[Postman]:
    """Of a good day."""
    made = Postman(Random(1), 0.0, 0.0, lambda: False, stubborn=False)
    yield made
    made.stop()


def posts(postman: Postman, status: int | None, monkeypatch: pytest.MonkeyPatch, *again_s: float) -> None:
    monkeypatch.setattr(postman, "_attempt", lambda job: [job.headers_for(), status][1])
    postman.post(
        "http://bridge.example",
        BODY,
        dict,
        timeout_s=1.0,
        retry_delays_s=again_s,
        retry_on=lambda answered: answered != 200,
    )


def test_what_a_process_died_over_is_owed_until_it_is_taken(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been read and answered by then, while no line tells where it came in."""
    owing = [postman.owing]
    posts(postman, 502, monkeypatch, 3600.0)
    owing.append(postman.owing)
    posts(postman, 200, monkeypatch)
    owing.append(postman.owing)
    assert owing == [False, True, False]


def test_what_is_given_up_is_owed_no_more(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    posts(postman, None, monkeypatch)
    assert postman.given_up() == {BODY}
    assert not postman.owing
