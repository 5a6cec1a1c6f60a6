"""How a thing is measured against its floor: the same calls, bare."""

from __future__ import annotations

import copy
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec

if TYPE_CHECKING:
    import requests

Replay = Callable[[], object]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared: `ours` and its `floor` are given what `make` makes of a number that never comes twice.

    Making is not measured. `messages` is how many messages one run carries, `calls` how many network calls it makes.
    """

    name: str
    make: Callable[[int], Any]
    ours: Callable[[Any], object]
    floor: Callable[[Any], object]
    messages: int
    calls: int
    goal: float | None = None
    most_calls: float | None = None


def plain() -> requests.Session:
    """A session as anybody would write it, that looks for no proxy on this machine."""
    import requests

    session = requests.Session()
    session.trust_env = False
    return session


@contextmanager
def listening(to_aws: Callable[[Any, str, Any], object], to_http: Callable[..., object]) -> Iterator[None]:
    """Meanwhile both are told of each call before it is made: of the client, the operation and what is asked; of the
    method, the URL, the headers and the body."""
    from botocore.client import BaseClient

    from chalicelib.http import Outgoing

    aws: Any = vars(BaseClient)["_make_api_call"]
    call = Outgoing._call

    def by_aws(client: Any, operation: str, asked: Any) -> Any:
        to_aws(client, operation, asked)
        return aws(client, operation, asked)

    def by_http(session: Any, method: str, url: str, headers: dict[str, str], body: bytes | None, *rest: Any) -> Any:
        to_http(method, url, headers, body)
        return call(session, method, url, headers, body, *rest)

    with patch.object(BaseClient, "_make_api_call", by_aws), patch.object(Outgoing, "_call", by_http):
        yield


@contextmanager
def recorded() -> Iterator[list[Replay]]:
    """Collects every call that the AWS client, the HTTP session and the fetcher make, ready to be made again.

    The same AWS clients with the same connections make them again; every other call goes by one plain session of
    `requests`, as anybody would write it.
    """
    from botocore import xform_name

    from chalicelib.fetching import Fetcher

    calls: list[Replay] = []
    bare, fetch = plain(), Fetcher.__call__

    def by_aws(client: Any, operation: str, asked: Any) -> None:
        made, given = getattr(client, xform_name(operation)), copy.deepcopy(asked)
        calls.append(lambda: made(**given))

    def by_http(method: str, url: str, headers: dict[str, str], body: bytes | None) -> None:
        calls.append(lambda: _json(bare.request(method, url, data=body, headers=headers, timeout=10)))

    def by_fetch(fetcher: Any, url: str, *rest: Any) -> Any:
        calls.append(lambda: bare.get(url, timeout=10).content)
        return fetch(fetcher, url, *rest)

    with listening(by_aws, by_http), patch.object(Fetcher, "__call__", by_fetch):
        yield calls


def _json(answer: Any) -> object:
    """What was answered; an upload is answered by nothing."""
    return answer.json() if answer.content else None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Medians of CPU time per message (µs, user and system), and of the rounds' ratios."""

    name: str
    ours_us: float
    floor_us: float
    ratio: float
    calls: float
    goal: float | None
    most_calls: float | None


def cpu(subjects: Sequence[Subject], rounds: int, block_s: float = 0.06) -> list[Result]:
    """Ours and the floor in turn, so that what slows the machine slows both."""
    results = []
    for subject in subjects:
        runs = _runs(subject, block_s)
        pairs = []
        for turn in range(1, rounds + 1):
            given = [subject.make(turn * 1_000_000 + number) for number in range(runs)]
            pairs.append((_timed(subject.ours, given), _timed(subject.floor, given)))
        share = 1e6 / (runs * subject.messages)
        results.append(
            Result(
                name=subject.name,
                ours_us=statistics.median(ours for ours, _ in pairs) * share,
                floor_us=statistics.median(floor for _, floor in pairs) * share,
                ratio=statistics.median(ours / floor for ours, floor in pairs),
                calls=subject.calls / subject.messages,
                goal=subject.goal,
                most_calls=subject.most_calls,
            )
        )
    return results


def warm(subject: Subject, runs: int = 5) -> None:
    """Caches filled, connections open."""
    for number in range(900_000, 900_000 + runs):
        given = subject.make(number)
        subject.ours(given)
        subject.floor(given)


def _runs(subject: Subject, block_s: float) -> int:
    """How many runs take about so long."""
    warm(subject)
    once = _timed(subject.ours, [subject.make(number) for number in range(950_000, 950_005)]) / 5
    return max(3, int(block_s / once))


def _timed(work: Callable[[Any], object], given: Sequence[Any]) -> float:
    gc.collect()
    start = time.process_time()
    for one in given:
        work(one)
    return time.process_time() - start
