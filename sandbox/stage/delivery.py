"""Webhook delivery over real HTTP, with each platform's own retry rule."""

from __future__ import annotations

import http.client
import itertools
import socket
import threading
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sandbox.stage.lanes import Lane

_LANES = 16
_OVERTAKEN_S = 1.5


@dataclass(frozen=True)
class Attempt:
    """How one delivery went: the HTTP status, or None when there was no answer."""

    status: int | None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass
class _Job:
    url: str
    body: bytes
    headers_for: Callable[[], dict[str, str]]
    timeout_s: float
    delays_s: list[float]  # what is left of the retry rule
    retry_on: Callable[[int | None], bool]
    on_failure: Callable[[int | None], None] | None
    lane: Lane[_Job]
    epoch: int


class Deliveries:
    """Delivers webhooks: those of one `key` in order, those of different keys without waiting for each other.

    Headers are made anew for each attempt, because some platforms sign the time of the attempt.
    What is posted may be asked to misbehave: `duplicates` delivers each webhook a second time, `reorders` holds
    every other one back, so that the next overtakes it, `loses` delivers none, as if nobody had ever told of it.
    """

    def __init__(self) -> None:
        self.duplicates = self.reorders = self.loses = False
        self._lost: list[_Job] = []
        self._posted = itertools.count()
        self._given_up: set[bytes] = set()
        self._stopping = threading.Event()
        self._epoch = 0  # of the jobs that still count: each cancel() begins another
        self._lock = threading.Lock()
        self._sockets: set[socket.socket | None] = set()
        self._lanes = [Lane(self._run) for _ in range(_LANES)]

    def post(
        self,
        url: str,
        body: bytes,
        headers_for: Callable[[], dict[str, str]],
        *,
        timeout_s: float,
        retry_delays_s: Sequence[float],
        retry_on: Callable[[int | None], bool],
        on_failure: Callable[[int | None], None] | None = None,
        key: str = "",
    ) -> Attempt:
        """Deliver now and wait for the first attempt's answer; retries follow in the background. One that is held
        back, or lost, has no answer.

        `retry_delays_s`: seconds before each retry. `retry_on(status or None)`: whether to retry at all.
        `on_failure(last status)`: called when the last attempt was not answered 2xx.
        """
        lane = self._lane(key)
        job = _Job(url, body, headers_for, timeout_s, list(retry_delays_s), retry_on, on_failure, lane, self._epoch)
        if self._lose(job):
            return Attempt(None)
        if self.duplicates:
            lane.push(_OVERTAKEN_S / 2, replace(job, delays_s=list(job.delays_s)))
        if self.reorders and next(self._posted) % 2 == 0:
            lane.push(_OVERTAKEN_S, job)
            return Attempt(None)
        return self._run(job)

    def send(
        self,
        url: str,
        body: bytes,
        headers_for: Callable[[], dict[str, str]],
        *,
        timeout_s: float,
        retry_delays_s: Sequence[float],
        retry_on: Callable[[int | None], bool],
        on_failure: Callable[[int | None], None] | None = None,
        key: str = "",
    ) -> None:
        """Like post, with the first attempt in the background too."""
        lane = self._lane(key)
        job = _Job(url, body, headers_for, timeout_s, list(retry_delays_s), retry_on, on_failure, lane, self._epoch)
        if not self._lose(job):
            lane.push(0.0, job)

    def _lose(self, job: _Job) -> bool:
        with self._lock:
            if self.loses:
                self._lost.append(job)
            return self.loses

    def deliver_lost(self) -> int:
        """Deliver after all what was lost, in its order; how much that was."""
        with self._lock:
            lost, self._lost = self._lost, []
        for job in lost:
            self._run(job)
        return len(lost)

    def cancel(self) -> None:
        """Forget what is still to be delivered, and what nobody took; returns when no lane delivers any more."""
        with self._lock:
            self._epoch += 1
            self.loses = False
            self._lost.clear()
        for lane in self._lanes:
            lane.clear()
        with self._lock:
            self._given_up.clear()

    def given_up(self) -> set[bytes]:
        """The bodies that nobody took, after the last attempt."""
        with self._lock:
            return set(self._given_up)

    def stop(self) -> None:
        """Forget what is still to be delivered, cut what is being delivered, and wait for the threads."""
        self._stopping.set()
        with self._lock:
            for connected in filter(None, self._sockets):
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)
        for lane in self._lanes:
            lane.stop()

    def _lane(self, key: str) -> Lane[_Job]:
        return self._lanes[zlib.crc32(key.encode()) % _LANES]

    def _run(self, job: _Job) -> Attempt:
        attempt = Attempt(self._attempt(job))
        if self._over(job):
            return attempt
        if job.delays_s and job.retry_on(attempt.status):
            job.lane.push(job.delays_s.pop(0), job)
        elif not attempt.accepted:
            with self._lock:
                self._given_up.add(job.body)
            if job.on_failure:
                job.on_failure(attempt.status)
        return attempt

    def _over(self, job: _Job) -> bool:
        return self._stopping.is_set() or job.epoch != self._epoch

    def _attempt(self, job: _Job) -> int | None:
        parts = urlsplit(job.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=job.timeout_s)
        connected: socket.socket | None = None
        try:
            connection.connect()
            connected = connection.sock
            with self._lock:
                if self._over(job):
                    return None
                self._sockets.add(connected)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, job.body, job.headers_for() | {"Connection": "close"})
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            with self._lock:
                self._sockets.discard(connected)
            connection.close()
