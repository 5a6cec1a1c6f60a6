"""HTTP without a framework: requests that come in, and a session for those that go out."""

from __future__ import annotations

import http.client
import json
import re
import time
import zlib
from collections.abc import Callable
from datetime import UTC
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from urllib3.exceptions import HTTPError

from chalicelib.connections import CONNECT_S, Place, countdown, place
from chalicelib.errors import Misconfigured, Retryable, Uncertain, Unreachable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from chalicelib.session import Session

READ_S = 8.0
# No call takes longer as a whole: name, connection, handshake, request and answer.
LONGEST_CALL_S = 20.0
# One that is given no time of its own ends sooner.
USUAL_CALL_S = CONNECT_S + READ_S
# However long a vendor asks us to stay away, we look in again after this.
LONGEST_WAIT_S = 3600.0
# A file of a customer or an agent has to be here by then, redirects included.
LONGEST_FETCH_S = 25.0
# An answer's body, unpacked: several times what any call of ours is answered with.
LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # and zlib's word for each
_HEADER = re.compile(r"([!-~][\t -~]*)?")
_ADDRESS_ADVICE = "the vendors' addresses in the settings begin with https:// and name a host (DMDESK_GENESYS_API, …)"
_HEADER_ADVICE = (
    "a token or key in the secret that this call is signed with holds a line break or a foreign character: store it "
    "again, as one line of plain characters"
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in. Header names are lower case; `body` is the exact bytes.

    `repeated` holds the header names that came more than once; `id` is API Gateway's, as in its access log.
    """

    method: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    repeated: frozenset[str] = frozenset()
    id: str = ""

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

    # the request was refused before anything was done with it: RFC 9110 (408, 421), 8470 (425), 6585 (429)
    NOT_PROCESSED: ClassVar[frozenset[int]] = frozenset({408, 421, 425, 429})

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def retry_after_s(self) -> float | None:
        """Seconds until the Retry-After header, a number or a date, lets us come back, from 0 to an hour; None
        where it is absent or neither. RFC 9110, section 10.2.3."""
        value = self.headers.get("retry-after", "").strip()
        try:
            wait = float(value) if value.isascii() and value.isdigit() else _date_s(value) - self.answered_s()
        except ValueError:
            return None
        return min(max(wait, 0.0), LONGEST_WAIT_S)

    def answered_s(self) -> float:
        """When it was answered, by the clock of whoever names a date; by ours where they do not tell."""
        try:
            return _date_s(self.headers.get("date", ""))
        except ValueError:
            return time.time()


Sign = Callable[[str, str, str, str, bytes], dict[str, str]]
"""Signs a call to a service of AWS with the function's own role: makes the headers of the service's name, the region,
the method, the URL and the JSON body. Raises Misconfigured where there are no credentials."""


def _nobody(service: str, region: str, method: str, url: str, body: bytes) -> dict[str, str]:
    raise Misconfigured(f"nobody signs calls to {service} here", "give this process what signs for AWS")


class Outgoing:
    """One pooled session. Never follows a redirect, never repeats a call, keeps no cookie, and always has a deadline
    and a limit. Several threads may call at once."""

    def __init__(
        self,
        read_s: float | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        sign: Sign = _nobody,
    ) -> None:
        """`read_s` is how long an answer may take (seconds, default READ_S), `clock` answers epoch seconds,
        `steady` seconds that never go back; `sign` is for those who call services of AWS."""
        self._clock = clock
        self._steady = steady
        self._sign = sign
        self._read_s = READ_S if read_s is None else read_s

    def open(self) -> None:
        """Makes ready what the first call needs: `requests` and the authorities' certificates, which take 25 ms."""
        _ = self._session, self._proxies  # made by being asked for

    @cached_property
    def _session(self) -> Session:
        from chalicelib.session import Session  # loaded by who calls

        return Session(self._clock)

    @cached_property
    def _proxies(self) -> Callable[[str], dict[str, str]]:
        from chalicelib.session import proxies_of

        return cache(proxies_of)  # read on each call, the environment would cost time

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        """POSTs the bytes. `read_s` is how long this answer may take (seconds, None: the session's); connecting
        comes on top, and the whole ends after LONGEST_CALL_S at the latest.

        Raises Unreachable where nothing was sent (Misconfigured where the address or the headers cannot be), Uncertain
        where no answer came that can be read: none, one too late, or one of more than LARGEST_ANSWER bytes.
        """
        return self._call("POST", url, headers, body, read_s)

    def patch(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        """PATCHes the URL; otherwise as `post`."""
        return self._call("PATCH", url, headers, body, read_s)

    def put(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        """PUTs the bytes; otherwise as `post`."""
        return self._call("PUT", url, headers, body, read_s)

    def delete(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        """DELETEs the URL; otherwise as `post`."""
        return self._call("DELETE", url, headers, None, read_s)

    def signed(
        self,
        service: str,
        region: str,
        method: str,
        url: str,
        body: bytes,
        read_s: float | None = None,
        within_s: float | None = None,
    ) -> Answer:
        """Calls a service of AWS with a JSON body, signed with the function's own role; all of it `within_s` (seconds),
        connecting included, where that is given. Otherwise as `post`."""
        return self._call(method, url, self._sign(service, region, method, url, body), body, read_s, within_s)

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        """GETs the URL; otherwise as `post`."""
        return self._call("GET", url, headers, None, read_s)

    def close(self) -> None:
        """Leaves all connections that are not in use."""
        if "_session" in vars(self):
            self._session.close()

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        read_s: float | None = None,
        whole_s: float | None = None,
    ) -> Answer:
        wait_s = self._read_s if read_s is None else read_s
        where = _destination(url)
        sent = _sendable(headers, body)
        proxies = self._proxies(f"{where.scheme}://{where.authority}")
        session = self._session
        watch = session.watch
        # a call that may take two seconds does not connect for three
        longest_s = min(CONNECT_S, wait_s) + wait_s if whole_s is None else whole_s
        watch.begin(countdown(min(longest_s, LONGEST_CALL_S), self._steady), wait_s)
        try:
            return _answer(session.request(method, url, sent, body, proxies))
        except _FAILURES as error:  # what breaks before the first byte has left was not sent
            if watch.sent:
                raise Uncertain(f"no answer from {where.authority}: {_kind(error)}") from None
            if isinstance(error, ValueError):
                raise Misconfigured(f"an address that is none: {where.authority}", _ADDRESS_ADVICE) from None
            raise Unreachable(f"nothing was sent to {where.authority}: {_kind(error)}") from None


class _Unreadable(ValueError):
    """An answer that came, and cannot be read."""


# those of requests are OSErrors
_FAILURES = (OSError, HTTPError, http.client.HTTPException, ValueError, zlib.error)


@lru_cache(256)
def _destination(url: str) -> Place:
    """Where the URL leads; the same few are called again and again. Raises Misconfigured: whatever stands behind a
    vendor's address is escaped."""
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


def _answer(answer: BaseHTTPResponse) -> Answer:
    """The whole answer; never more of its body is held than LARGEST_ANSWER and a chunk."""
    try:
        lowered = {name.lower(): value for name, value in answer.headers.itermerged()}
        coding = (lowered.get("content-encoding") or "identity").strip().lower()
        if coding != "identity" and coding not in _PACKED:
            raise _Unreadable(f"content encoding {coding[:20]}")
        unpack = zlib.decompressobj(_PACKED[coding]) if coding in _PACKED else None
        body = bytearray()
        came = False
        while chunk := answer.read(_CHUNK, decode_content=False):
            came = True
            body += unpack.decompress(chunk, LARGEST_ANSWER + 1 - len(body)) if unpack else chunk
            if len(body) > LARGEST_ANSWER:
                raise _Unreadable(f"more than {LARGEST_ANSWER} bytes")
        if unpack and came and not unpack.eof:
            raise _Unreadable("broke off")
        return Answer(status=answer.status, headers=lowered, body=bytes(body))
    finally:  # what was not read to its end serves no other call
        answer.close()
        answer.release_conn()


def _date_s(value: str) -> float:
    """An HTTP date in epoch seconds. Raises ValueError where it is none."""
    from email.utils import parsedate_to_datetime  # the edge, which reads none, does not load it

    date = parsedate_to_datetime(value)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _kind(error: BaseException) -> str:
    """What it was in the beginning: requests and urllib3 wrap what they are told."""
    if isinstance(error, _Unreadable):
        return str(error)
    while inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = inner
    return type(error).__name__
