"""HTTP without a framework: requests that come in, and a session for those that go out."""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from chalicelib.errors import Retryable, Uncertain

if TYPE_CHECKING:
    import requests

CONNECT_S = 3.05
READ_S = 8.0
# Shorter than what load balancers keep an idle connection for.
IDLE_S = 15.0
LONGEST_CALL_S = CONNECT_S + READ_S
# However long a vendor asks us to stay away, we look in again after this.
LONGEST_WAIT_S = 3600.0
# A file of a customer or an agent has to be here by then, redirects included.
LONGEST_FETCH_S = 25.0


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
            wait = float(value) if value.isascii() and value.isdigit() else _date_s(value) - self._answered_s()
        except ValueError:
            return None
        return min(max(wait, 0.0), LONGEST_WAIT_S)

    def _answered_s(self) -> float:
        """When it was answered, by the clock of whoever names a date; by ours where they do not tell."""
        try:
            return _date_s(self.headers.get("date", ""))
        except ValueError:
            return time.time()


class Outgoing:
    """One pooled session. Never follows a redirect, never repeats a call, always has a deadline."""

    def __init__(self, read_s: float | None = None, clock: Callable[[], float] = time.time) -> None:
        """`read_s` is how long an answer may take (seconds, default READ_S), `clock` answers epoch seconds."""
        import requests  # 110 ms that the edge does not pay

        self._requests = requests
        self._clock = clock
        self._used_s = clock()
        self._read_s = READ_S if read_s is None else read_s
        self._session = requests.Session()
        # netrc would replace our Authorization header, and reading the environment costs time on each call
        self._session.trust_env = False
        self._session.proxies.update(urllib.request.getproxies())
        # one session serves every account: a vendor's cookie must not follow from one to the next
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        """POSTs the bytes. `read_s` is how long this answer may take (seconds, None: the session's).

        Raises Retryable where nothing was sent, Uncertain where no answer came.
        """
        return self._call("POST", url, headers, body, read_s)

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        """GETs the URL; otherwise as `post`."""
        return self._call("GET", url, headers, None, read_s)

    def _call(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, read_s: float | None = None
    ) -> Answer:
        self._leave_idle_connections()
        wait = self._read_s if read_s is None else read_s
        timeout = (min(CONNECT_S, wait), wait)  # a call that may take two seconds does not connect for three
        try:
            answer = self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            )
        except self._requests.exceptions.RequestException as error:
            host = url.partition("//")[2].partition("/")[0]
            kind = type(error).__name__
            if _never_left(error):
                raise Retryable(f"no connection to {host}: {kind}") from None
            raise Uncertain(f"no answer from {host}: {kind}") from None
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status_code, headers=lowered, body=answer.content)

    def _leave_idle_connections(self) -> None:
        """A frozen function does not see the other side close a connection; a call on it would break after it
        has left, with an outcome that nobody knows. The wall clock goes on while the function is frozen."""
        now = self._clock()
        if now - self._used_s > IDLE_S:
            self._session.close()
        self._used_s = now


def _date_s(value: str) -> float:
    """An HTTP date in epoch seconds. Raises ValueError where it is none."""
    from email.utils import parsedate_to_datetime  # the edge, which reads none, does not load it

    found = parsedate_to_datetime(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _never_left(error: requests.exceptions.RequestException) -> bool:
    """True where no byte of the request can have reached the other side."""
    import requests
    import urllib3

    never = requests.exceptions
    if isinstance(error, (never.ConnectTimeout, never.ProxyError)):
        return True
    if isinstance(error, (never.InvalidURL, never.InvalidSchema, never.MissingSchema)):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, urllib3.exceptions.SSLError):  # a certificate is judged before a byte is sent
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError))
