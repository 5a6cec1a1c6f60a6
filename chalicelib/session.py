"""A session of requests whose every connection keeps the deadline of the call that it serves."""

from __future__ import annotations

import socket
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from chalicelib.connections import CONNECT_S, Left, Timed, countdown, dial

FAILURES: tuple[type[Exception], ...] = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)
"""What a call may end with, beside what sockets and http.client raise."""


class Watch(threading.local):
    """The call that this thread makes: how long it may still take, and whether a byte of it has left."""

    def __init__(self) -> None:
        self.begin(countdown(CONNECT_S), CONNECT_S)

    def begin(self, left_s: Left, wait_s: float) -> None:
        """A call begins: it ends with `left_s`, and no single wait of it is longer than `wait_s` (seconds)."""
        self._left_s = left_s
        self.wait_s = wait_s
        self.sent = False

    def left_s(self) -> float:
        """How long may still be waited (seconds); raises TimeoutError where nothing is left."""
        return min(self._left_s(), self.wait_s)


class _Watched(Timed):
    """A connection's socket, which goes from one call to the next."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._watch = watch
        super().__init__(sock, watch.left_s, CONNECT_S)

    def begin(self, left_s: Left, wait_s: float) -> None:
        self._left_s = left_s

    def tick(self) -> None:
        self._sock.settimeout(self._left_s())

    def noted(self) -> None:
        self._watch.sent = True

    def settimeout(self, seconds: float | None) -> None:
        """The call's own time stands over urllib3's."""

    def fileno(self) -> int:
        return self._sock.fileno()


def open_session() -> tuple[requests.Session, Watch]:
    """A session, and the watch that has to begin before each call of it."""
    watch = Watch()
    session = requests.Session()
    adapter = _Adapter(watch)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # netrc would replace our Authorization header, and reading the environment costs time on each call
    session.trust_env = False
    # one session serves every account: a vendor's cookie must not follow from one to the next
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session, watch


class _Adapter(HTTPAdapter):
    """Makes its pools of our connections."""

    def __init__(self, watch: Watch) -> None:
        self._pools = _pools(watch)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*args, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self._dns_host, self.port or self.default_port, watch.left_s)

        def connect(self) -> None:
            super().connect()
            self.sock: Any = _Watched(self.sock, watch)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self._dns_host, self.port or self.default_port, watch.left_s)

        def connect(self) -> None:
            super().connect()
            self.sock: Any = _Watched(self.sock, watch)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
