"""HTTP without a framework: requests that come in, and a session for those that go out."""

from __future__ import annotations

import base64
import http.client
import json
import re
import time
import urllib.request
import weakref
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec

from chalicelib.connections import CONNECT_S, Left, Place, Timed, countdown, dial, place, tls
from chalicelib.errors import Misconfigured, Retryable, Uncertain

READ_S = 8.0
# Shorter than what load balancers keep an idle connection for.
IDLE_S = 15.0
# No call takes longer as a whole: name, connection, handshake, request and answer.
LONGEST_CALL_S = 20.0
# One that is given no time of its own ends sooner.
USUAL_CALL_S = CONNECT_S + READ_S
# A file of a customer or an agent has to be here by then, redirects included.
LONGEST_FETCH_S = 25.0
# An answer's body, unpacked: several times what any call of ours is answered with.
LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # and zlib's word for each
_HEADER = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ADDRESS_ADVICE = "the vendors' addresses in the settings begin with https:// and name a host (DMDESK_GENESYS_API, …)"
_HEADER_ADVICE = (
    "a token or key in the secret that this call is signed with holds a line break or a foreign character: store it "
    "again, as one line of plain characters"
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in. Header names are lower case; `body` is the exact bytes.

    `repeated` holds the header names that came more than once.
    """

    method: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    repeated: frozenset[str] = frozenset()

    def header(self, name: str) -> str | None:
        """The header's value, None where it is absent."""
        return self.headers.get(name)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side answered. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def retry_after_s(self) -> float | None:
        """Seconds of the Retry-After header, None where it is absent or a date."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isascii() and value.isdigit() else None


class Outgoing:
    """Connections that are used again. Never follows a redirect, never repeats a call, keeps no cookie, and always
    has a deadline. Several threads may call at once."""

    def __init__(
        self,
        read_s: float | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read_s` is how long an answer may take (seconds, default READ_S), `clock` answers epoch seconds,
        `steady` seconds that never go back."""
        self._clock = clock
        self._steady = steady
        self._read_s = READ_S if read_s is None else read_s
        # made and read once: on each call they would cost time
        self._tls = tls()
        self._proxies = urllib.request.getproxies()
        self._idle: _Idle = defaultdict(list)
        weakref.finalize(self, _leave, self._idle)

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        """POSTs the bytes. `read_s` is how long this answer may take (seconds, None: the session's); connecting
        comes on top, and the whole ends after LONGEST_CALL_S at the latest.

        Raises Retryable where nothing was sent (Misconfigured where the address or the headers cannot be), Uncertain
        where no answer came that can be read: none, one too late, or one of more than LARGEST_ANSWER bytes.
        """
        return self._call("POST", url, headers, body, read_s)

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        """GETs the URL; otherwise as `post`."""
        return self._call("GET", url, headers, None, read_s)

    def close(self) -> None:
        """Leaves all connections that are not in use."""
        _leave(self._idle)

    def _call(self, method: str, url: str, headers: dict[str, str], body: bytes | None, read_s: float | None) -> Answer:
        wait_s = self._read_s if read_s is None else read_s
        left_s = countdown(min(CONNECT_S + wait_s, LONGEST_CALL_S), self._steady)
        where = _destination(url)
        ours = {"Host": where.authority, "Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "dmdesk"}
        sent = ours | _sendable(headers, body)
        line = self._waiting(where) or self._connected(where, left_s)
        line.timed.begin(left_s, wait_s)
        try:
            answer = line.ask(method, where, sent, body)
        except _FAILURES as error:  # what breaks before the first byte has left was not sent
            line.close()
            if line.timed.sent:
                raise Uncertain(f"no answer from {where.authority}: {_kind(error)}") from None
            raise Retryable(f"nothing was sent to {where.authority}: {_kind(error)}") from None
        if line.sock is not None:
            self._idle[where.origin].append((line, self._clock()))
        return answer

    def _waiting(self, where: Place) -> _Line | None:
        """A connection that an earlier call has left. A frozen function does not see the other side close one; a
        call on it would break after it has left, with an outcome that nobody knows. The wall clock goes on while
        the function is frozen."""
        idle = self._idle[where.origin]
        while True:
            try:
                line, used_s = idle.pop()
            except IndexError:
                return None
            if self._clock() - used_s <= IDLE_S and not line.timed.spoken():
                return line
            line.close()

    def _connected(self, where: Place, left_s: Left) -> _Line:
        """A new connection, through the environment's proxy where it names one. Raises Retryable."""
        proxy = self._proxy(where)
        there = proxy.place if proxy else where
        try:
            timed = Timed(dial(there.host, there.port, left_s), left_s, CONNECT_S)
            if where.scheme == "http":
                return _Line(timed, proxy)
            if proxy:
                proxy.lead(timed, where)
            timed.wrap(self._tls, where.host)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Retryable(f"no connection to {where.authority}: {_kind(error)}") from None
        return _Line(timed, None)

    def _proxy(self, where: Place) -> _Proxy | None:
        url = self._proxies.get(where.scheme) or self._proxies.get("all")
        if not url or urllib.request.proxy_bypass(where.host):
            return None
        return _Proxy(url)


class _Line(http.client.HTTPConnection):
    """A connection, over which one call goes at a time."""

    def __init__(self, timed: Timed, proxy: _Proxy | None) -> None:
        """`proxy` is set where it reads the requests itself."""
        super().__init__("")
        self.sock: Any = timed
        self.timed = timed
        self._through = proxy

    def ask(self, method: str, where: Place, headers: dict[str, str], body: bytes | None) -> Answer:
        """The whole answer. Raises one of _FAILURES; the connection is of no more use then."""
        target = where.target
        if self._through:
            target, headers = f"{where.scheme}://{where.authority}{target}", headers | self._through.headers
        self.request(method, target, body, headers)
        with self.getresponse() as answer:
            lowered = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=lowered, body=_content(answer))


_Idle = defaultdict[tuple[str, str, int], list[tuple[_Line, float]]]
"""By origin: connections, and since when (epoch s) they wait for a call."""


def _leave(idle: _Idle) -> None:
    while idle:
        for line, _ in idle.popitem()[1]:
            line.close()


class _Proxy:
    """An HTTP proxy of the environment. Raises Misconfigured where it is none."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.rpartition("://")
        account, _, address = rest.rpartition("@")
        if scheme not in {"", "http"}:
            raise Misconfigured(
                "a proxy that does not speak HTTP", "http_proxy and https_proxy name an http:// address"
            )
        try:
            self.place = place(f"http://{address}")
        except ValueError:
            raise Misconfigured("a proxy without an address", "correct http_proxy and https_proxy") from None
        basic = base64.b64encode(unquote(account).encode()).decode()
        self.headers = {"Proxy-Authorization": f"Basic {basic}"} if account else {}

    def lead(self, timed: Timed, where: Place) -> None:
        """Lets the proxy connect us to the place. Raises OSError, HTTPException."""
        told = {"Host": f"{where.host}:{where.port}", **self.headers}
        lines = [f"CONNECT {where.host}:{where.port} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
        source: Any = timed
        answer = http.client.HTTPResponse(source, method="CONNECT")
        try:
            timed.sendall("\r\n".join([*lines, "", ""]).encode())
            answer.begin()
            if answer.status != 200:
                raise ConnectionRefusedError
        except BaseException:
            timed.close()
            raise
        finally:
            answer.close()


class _Unreadable(Exception):
    """An answer that came, and cannot be read."""


_FAILURES = (OSError, http.client.HTTPException, ValueError, zlib.error, _Unreadable)


def _destination(url: str) -> Place:
    """Raises Misconfigured: whatever stands behind a vendor's address is escaped."""
    try:
        return place(url)
    except ValueError:  # its words may be the URL, whose query may be a key
        raise Misconfigured("an address that is none", _ADDRESS_ADVICE) from None


def _sendable(headers: dict[str, str], body: bytes | None) -> dict[str, str]:
    """The headers. Raises Misconfigured or Retryable where HTTP cannot carry them or the body."""
    for name, value in headers.items():
        if not (isinstance(value, str) and _HEADER.fullmatch(value)):
            raise Misconfigured(f"the header {name} cannot be sent", _HEADER_ADVICE)
    if not isinstance(body, bytes | None):
        raise Retryable(f"a body that cannot be sent: {type(body).__name__}")
    return headers


def _content(answer: http.client.HTTPResponse) -> bytes:
    """The body, unpacked; never more of it is held than LARGEST_ANSWER and a chunk."""
    coding = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    if coding != "identity" and coding not in _PACKED:
        raise _Unreadable(f"content encoding {coding[:20]}")
    unpack = zlib.decompressobj(_PACKED[coding]) if coding in _PACKED else None
    body = bytearray()
    came = False
    while chunk := answer.read(_CHUNK):
        came = True
        body += unpack.decompress(chunk, LARGEST_ANSWER + 1 - len(body)) if unpack else chunk
        if len(body) > LARGEST_ANSWER:
            raise _Unreadable(f"more than {LARGEST_ANSWER} bytes")
    if answer.length or (unpack and came and not unpack.eof):
        raise _Unreadable("broke off")
    return bytes(body)


def _kind(error: Exception) -> str:
    return str(error) if isinstance(error, _Unreadable) else type(error).__name__
