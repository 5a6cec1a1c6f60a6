"""How a thing is measured against its floor: the same calls, bare."""

from __future__ import annotations

import copy
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast
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


def stock_client(service: str) -> Any:
    """A client of AWS as botocore makes it, with the bridge's limits."""
    from botocore.session import get_session

    from chalicelib.aws.calls import CONFIG

    return get_session().create_client(service, config=CONFIG)


def plain() -> requests.Session:
    """A session as anybody would write it, that looks for no proxy on this machine."""
    import requests

    session = requests.Session()
    session.trust_env = False
    return session


@contextmanager
def around_aws(work: Callable[[Any, str, Any, Callable[[Any], Any]], Any]) -> Iterator[None]:
    """Meanwhile each call to AWS is given to `work`: its client, its operation, what is asked, and what makes it."""
    from botocore.client import BaseClient

    from chalicelib.aws.short import Short

    whole, shortly = (cast("Any", kind)._make_api_call for kind in (BaseClient, Short))

    def by_botocore(client: Any, operation: str, asked: Any) -> Any:
        if isinstance(client, Short):  # it has been given
            return whole(client, operation, asked)
        return work(client, operation, asked, partial(whole, client, operation))

    def by_us(client: Any, operation: str, asked: Any) -> Any:
        return work(client, operation, asked, partial(shortly, client, operation))

    with patch.object(BaseClient, "_make_api_call", by_botocore), patch.object(Short, "_make_api_call", by_us):
        yield


@contextmanager
def listening(to_aws: Callable[[Any, str, Any], object], to_http: Callable[..., object]) -> Iterator[None]:
    """Meanwhile both are told of each call before it is made: of the client, the operation and what is asked; of the
    method, the URL, the headers and the body."""
    from chalicelib.http import Outgoing

    call = Outgoing._call

    def by_aws(client: Any, operation: str, asked: Any, go_on: Callable[[Any], Any]) -> Any:
        to_aws(client, operation, asked)
        return go_on(asked)

    def by_http(session: Any, method: str, url: str, headers: dict[str, str], body: bytes | None, *rest: Any) -> Any:
        to_http(method, url, headers, body)
        return call(session, method, url, headers, body, *rest)

    with around_aws(by_aws), patch.object(Outgoing, "_call", by_http):
        yield


@contextmanager
def recorded() -> Iterator[list[Replay]]:
    """Collects every call that the AWS client, the HTTP session and the fetcher make, ready to be made again.

    The same AWS clients with the same connections make them again, in botocore's own way; every other call goes by one
    plain session of `requests`, as anybody would write it.
    """
    from botocore.client import BaseClient

    from chalicelib.fetching import Fetcher

    calls: list[Replay] = []
    bare, fetch, whole = plain(), Fetcher.__call__, cast("Any", BaseClient)._make_api_call

    def by_aws(client: Any, operation: str, asked: Any) -> None:
        calls.append(partial(whole, client, operation, copy.deepcopy(asked)))

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
