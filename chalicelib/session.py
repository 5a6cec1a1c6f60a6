"""A session of `requests`' adapter in which every wait ends with the call that it serves.

By themselves requests and urllib3 bound each wait, never the call: an answer that drips would not end. What their own
session adds to each call (cookies, redirects, netrc, settings that are merged anew) no call of ours may have.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, cast

# The package leaves it out (tools/package.py), of which requests would warn each time that it is loaded.
warnings.filterwarnings("ignore", "Unable to find acceptable character detection dependency")

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import LocationParseError, NewConnectionError
from urllib3.util import Url, parse_url

from chalicelib.connections import CONNECT_S, Left, Timed, countdown, dial, tls
from chalicelib.errors import Misconfigured

# Shorter than what load balancers keep an idle connection for.
IDLE_S = 15.0
_USUAL = {"Accept": "*/*", "Connection": "keep-alive"}
_OURS = {"Accept-Encoding": "gzip", "User-Agent": "dmdesk"}
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
        self._adapter = _Adapter(self.watch, clock)

    def request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, proxies: dict[str, str]
    ) -> BaseHTTPResponse:
        """The answer, of which nothing but the head has been read. Raises ValueError where the URL is none, and what
        `requests` raises."""
        answer: Any = self._adapter.send(_prepared(method, url, headers, body), stream=True, proxies=proxies)
        return cast("BaseHTTPResponse", answer)

    def close(self) -> None:
        """Leaves all connections that are not in use."""
        self._adapter.close()


def _prepared(method: str, url: str, headers: dict[str, str], body: bytes | None) -> PreparedRequest:
    """The request, with the headers that `requests` adds."""
    request = PreparedRequest()
    request.prepare_method(method)
    request.url = _written(url)
    request.headers = CaseInsensitiveDict({**_USUAL, **headers, **_OURS})
    request.prepare_body(body, None)
    return request


@lru_cache(256)
def _written(url: str) -> str | None:
    """The URL as `requests` writes it: the same few are called again and again."""
    request = PreparedRequest()
    request.prepare_url(url, None)
    return request.url


class _Adapter(HTTPAdapter):
    """Lets every pool make our connections."""

    def __init__(self, watch: Watch, clock: Callable[[], float]) -> None:
        self._made: dict[str, Any] = {
            "http": partial(_Plain, watch, clock),
            "https": partial(_Secure, watch, clock, ssl_context=tls()),
        }
        super().__init__()
        pools: Any = self.poolmanager
        pools.key_fn_by_scheme = dict.fromkeys(self._made, itemgetter("scheme", "host", "port"))  # all else is the same

    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **named)
        pool.ConnectionCls = self._made[pool.scheme]
        return pool

    def cert_verify(self, *_: object) -> None:
        """Nothing: it would let each connection read the authorities, which `tls` has done."""

    def request_url(self, request: PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """As `requests` does, which else looks for a proxy where there is none."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def build_response(self, _: PreparedRequest, answer: Any) -> Any:
        """The answer of urllib3: nobody reads the cookies, the encoding and the headers that `requests` looks for."""
        return answer


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


def proxies_of(url: str) -> dict[str, str]:
    """The environment's proxy for a URL, as requests takes it; {} where there is none, or it exempts the host.
    Raises Misconfigured."""
    proxy = select_proxy(url, get_environ_proxies(url))
    return {"all": _proxy(proxy)} if proxy else {}


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
