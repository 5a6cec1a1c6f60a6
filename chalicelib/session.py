"""Pools of urllib3 in which every wait ends with the call that it serves.

By itself urllib3 bounds each wait, never the call: an answer that drips would not end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote
from urllib.request import getproxies

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import LocationParseError, NewConnectionError
from urllib3.util import Url, make_headers, parse_url

from chalicelib.connections import CONNECT_S, Left, Timed, countdown, dial, tls
from chalicelib.errors import Misconfigured

# Shorter than what load balancers keep an idle connection for.
IDLE_S = 15.0
_PROXY_ADVICE = "http_proxy and https_proxy name an http:// address"


class Watch(threading.local):
    """The call that this thread makes: how long it may still wait, and whether a byte of it has left."""

    def __init__(self) -> None:
        self.begin(countdown(CONNECT_S), CONNECT_S)

    def begin(self, left_s: Left, wait_s: float) -> None:
        """A call begins: it ends with `left_s`, and no single wait of it is longer than `wait_s` (seconds)."""
        self._left_s = left_s
        self._wait_s = wait_s
        self.sent = False

    def left_s(self) -> float:
        """How long the next wait may be (seconds). Raises TimeoutError where nothing is left."""
        return min(self._left_s(), self._wait_s)

    def note(self) -> None:
        """Bytes have left."""
        self.sent = True

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Until the connection stands, waits are shorter, and what leaves is not the call's."""
        wait_s, self._wait_s = self._wait_s, min(self._wait_s, CONNECT_S)
        try:
            yield
        finally:
            self._wait_s, self.sent = wait_s, False


class Session:
    """Never follows a redirect, never repeats a call, keeps no cookie. `watch` has to begin before each call."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` answers epoch seconds."""
        self.watch = Watch()
        self._clock = clock
        self._direct = _Pools(self._connection, **_POOLS)
        self._by_proxy: dict[str, _ProxyPools] = {}

    def request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, proxy: str
    ) -> BaseHTTPResponse:
        """The answer, whose body is still to be read; `proxy` is the one to go by, "" for none. Raises what urllib3
        does, and ValueError for a URL that is none."""
        pools = self._proxied(proxy) if proxy else self._direct
        given: dict[str, Any] = {"headers": {"Accept": "*/*"} | headers, "body": body, "timeout": None}
        return pools.urlopen(
            method, url, redirect=False, retries=False, preload_content=False, decode_content=False, **given
        )

    def close(self) -> None:
        """Leaves all connections that are not in use."""
        for pools in (self._direct, *self._by_proxy.values()):
            pools.clear()

    def _proxied(self, proxy: str) -> _ProxyPools:
        if proxy not in self._by_proxy:
            account = unquote(parse_url(proxy).auth or "")
            headers = {name.title(): value for name, value in make_headers(proxy_basic_auth=account or None).items()}
            made = _ProxyPools(self._connection, proxy_url=proxy, proxy_headers=headers, **_POOLS)
            self._by_proxy.setdefault(proxy, made)
        return self._by_proxy[proxy]

    def _connection(self, scheme: str) -> Any:
        """What makes connections of ours: reading the authorities takes its time, and only TLS needs them."""
        if scheme == "https":
            return partial(_Secure, self.watch, self._clock, ssl_context=tls())
        return partial(_Plain, self.watch, self._clock)


# as many connections to one host as threads may call it
_POOLS: dict[str, Any] = {"num_pools": 10, "maxsize": 10, "block": False, "cert_reqs": "CERT_REQUIRED"}


class _Pools(PoolManager):
    """Lets every pool make our connections."""

    def __init__(self, connection: Callable[[str], Any], **named: Any) -> None:
        self._connection = connection
        super().__init__(**named)

    def _new_pool(self, scheme: str, host: str, port: int, request_context: Any = None) -> Any:
        pool: Any = super()._new_pool(scheme, host, port, request_context)
        pool.ConnectionCls = self._connection(scheme)
        return pool


class _ProxyPools(_Pools, ProxyManager):
    """The same by way of a proxy."""


class _Plain(HTTPConnection):
    """A connection that goes from call to call, and from thread to thread."""

    def __init__(self, watch: Watch, clock: Callable[[], float], **named: Any) -> None:
        super().__init__(**named)
        self._watch = watch
        self._clock = clock
        self._used_s = clock()

    @property
    def is_connected(self) -> bool:
        """Whether it may serve another call. A frozen function does not see the other side close a connection; a
        call on it would break after it has left, with an outcome that nobody knows. The wall clock goes on while
        the function is frozen."""
        return super().is_connected and self._clock() - self._used_s <= IDLE_S

    def connect(self) -> None:
        with self._watch.connecting():
            super().connect()

    def getresponse(self) -> Any:
        if not self._watch.sent:  # urllib3 reads on where sending has failed; nobody answers what was not asked
            raise ConnectionAbortedError
        self._used_s = self._clock()
        return super().getresponse()

    def _new_conn(self) -> Any:
        try:
            sock = dial(self.host, self.port, self._watch.left_s)
        except OSError as error:  # as itself urllib3 could take it for one of sending
            raise NewConnectionError(self, "no connection") from error
        return Timed(sock, self._watch.left_s, self._watch.note)


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS."""


def proxy_of(url: str) -> str:
    """The environment's proxy for a URL, "" where there is none, or it exempts the host. Raises Misconfigured."""
    if not getproxies():
        return ""
    # who is exempted is a long story, which requests tells; it takes 30 ms to load
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    return _proxy(proxy) if proxy else ""


def _proxy(address: str) -> str:
    try:
        there = parse_url(address if "://" in address else f"http://{address}")
    except LocationParseError:
        there = Url()
    if there.scheme != "http" or not there.host:
        raise Misconfigured("a proxy that does not speak HTTP", _PROXY_ADVICE)
    # a name without a password is an account, too (RFC 7617, section 2), which requests would leave out
    account = there.auth if there.auth is None or ":" in there.auth else f"{there.auth}:"
    return Url("http", account, there.host, there.port).url
