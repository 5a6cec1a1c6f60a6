"""Fetches files from the world outside: from known hosts, never from inside a network, never without end.

It connects directly, whatever proxy the environment names: behind one, the addresses could not be judged.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urljoin

import certifi
from urllib3.util import Url, parse_url

from chalicelib.errors import Retryable, Unfetched
from chalicelib.messages import Fetched

# Genesys Cloud takes 25 MB per attachment: help.genesys.cloud, "Supported content profiles"
LARGEST = 25_000_000
WHOLE_S = 20.0
CONNECT_S = 3.05
READ_S = 8.0
REDIRECTS = 5
_LONGEST_WAIT_S = 3600.0
_CHUNK = 64 * 1024
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")


class Place(NamedTuple):
    """Where a URL leads: an origin, and the target of the request."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header, as a browser would send it."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"


class Fetcher:
    """Implements `pipeline.ports.Fetch`."""

    def __init__(self, trusted: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """`trusted` adds to every call's hosts: an origin with its scheme (`http://127.0.0.1:4001`) is taken
        wherever it lies, a bare host like any other. `clock` answers seconds that never go back."""
        self._origins = {place(entry).origin for entry in trusted if "://" in entry}
        self._hosts = tuple(entry.lower() for entry in trusted if entry and "://" not in entry)
        self._clock = clock

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=certifi.where())

    def __call__(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        """GETs the file, at most LARGEST bytes within WHOLE_S seconds; see `pipeline.ports.Fetch`."""
        deadline = self._clock() + WHOLE_S
        here = place(url)
        for _ in range(REDIRECTS + 1):
            self._admit(here, hosts)
            found = self._get(here, headers, deadline)
            if isinstance(found, Fetched):
                return found
            there = _next(here, found)
            if there.origin != here.origin:  # a header may be a key: it stays with the host that it is for
                headers = {}
            here = there
        raise Unfetched("media_failed", f"{here.host}: more than {REDIRECTS} redirects")

    def _admit(self, where: Place, hosts: Sequence[str]) -> None:
        if where.origin in self._origins:
            return
        known = any(_within(where.host, host.lower()) for host in (*hosts, *self._hosts) if host)
        if not known or where.scheme != "https" or where.port != 443:
            raise Unfetched("media_not_allowed", f"{where.scheme}, host {where.host}, port {where.port}")

    def _get(self, where: Place, headers: Mapping[str, str], deadline: float) -> Fetched | str:
        """The file, or where it has gone."""
        try:
            with self._connect(where, deadline) as sock:
                return _exchange(sock, where, headers)
        except UnicodeError:  # a label of the host is too long for the resolver
            raise Unfetched("media_not_allowed", "not a host name") from None
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(f"no file from {where.host}: {type(error).__name__}") from None

    def _connect(self, where: Place, deadline: float) -> _Timed:
        """A connection to an address that was judged: a name that resolves otherwise later changes nothing."""

        def left_s() -> float:
            left = deadline - self._clock()
            if left <= 0:
                raise TimeoutError
            return left

        sock = _dial(where, where.origin not in self._origins, left_s)
        timed = _Timed(sock, left_s)
        if where.scheme == "https":
            timed.wrap(self._tls, where.host)
        return timed


class _Timed:
    """As much of a socket as http.client uses; every wait ends with the deadline, however slowly bytes come."""

    def __init__(self, sock: socket.socket, left_s: Callable[[], float]) -> None:
        """`left_s` answers how long may still be waited (seconds), or raises TimeoutError."""
        self._sock = sock
        self._left_s = left_s

    def __enter__(self) -> _Timed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wrap(self, tls: ssl.SSLContext, host: str) -> None:
        """Speaks TLS from here on; the certificate has to be the host's."""
        try:
            self.tick()  # a handshake has to end within it as a whole
            self._sock = tls.wrap_socket(self._sock, server_hostname=host)
        except BaseException:
            self._sock.close()
            raise

    def tick(self) -> None:
        """Allows the next wait what is left. Raises TimeoutError where nothing is."""
        self._sock.settimeout(min(self._left_s(), READ_S))

    def sendall(self, data: bytes) -> None:
        self.tick()
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._sock.makefile("rb", buffering=0)))

    def close(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    """Reads from a timed socket, and keeps it open until it is closed itself."""

    def __init__(self, timed: _Timed, raw: io.RawIOBase) -> None:
        self._timed = timed
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        self._timed.tick()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def place(url: str) -> Place:
    """Where the URL leads. Raises Unfetched where it has user information, or leads nowhere by HTTP."""
    try:
        parsed: Url = parse_url(url)
    except ValueError:
        raise Unfetched("media_not_allowed", "not a URL") from None
    scheme, host = parsed.scheme or "", parsed.host or ""
    if scheme not in _PORTS or not host or parsed.auth is not None:
        raise Unfetched("media_not_allowed", f"scheme {scheme[:10]}, host {host[:100]}")
    return Place(scheme, host, _PORTS[scheme] if parsed.port is None else parsed.port, parsed.request_uri)


def public(address: str) -> bool:
    """Whether the IP address is one that anybody on the internet reaches."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or ip in _NAT64:  # the last four bytes are where it really leads
            return public(str(ipaddress.IPv4Address(ip.packed[-4:])))
        return ip in _UNICAST and ip.is_global and ip.sixtofour is None
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _next(here: Place, location: str) -> Place:
    base = f"{here.scheme}://{here.host}:{here.port}{here.target}"
    try:
        return place(urljoin(base, location))
    except ValueError:
        raise Unfetched("media_not_allowed", f"{here.host} leads to what is no URL") from None


def _exchange(sock: _Timed, where: Place, headers: Mapping[str, str]) -> Fetched | str:
    """Asks for the file; answers it, or where it has gone."""
    connection = http.client.HTTPConnection(where.host, where.port)
    connection.sock = sock
    # an encoded body is refused: a small one may grow without end
    ours = {"Host": where.authority, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
    connection.request("GET", where.target, headers={**headers, **ours})
    with connection.getresponse() as answer:
        moved = answer.getheader("Location", "")
        if answer.status in {301, 302, 303, 307, 308} and moved:
            return moved
        _judge(answer, where.host)
        return Fetched(body=_body(answer, where.host), mime=_mime(answer))


def _dial(where: Place, guarded: bool, left_s: Callable[[], float]) -> socket.socket:
    """Connects to the host. Raises OSError, or Unfetched where one of its addresses is not public."""
    found = socket.getaddrinfo(where.host.strip("[]"), where.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if guarded and not all(public(address) for address in addresses):
        raise Unfetched("media_not_allowed", f"{where.host} leads to an address that is not public")
    problem: OSError = OSError("no address")
    for address in dict.fromkeys(addresses):
        try:
            return socket.create_connection((address, where.port), min(CONNECT_S, left_s()))
        except OSError as error:
            problem = error
    raise problem


def _within(host: str, allowed: str) -> bool:
    return host == allowed or host.endswith("." + allowed)


def _judge(answer: http.client.HTTPResponse, host: str) -> None:
    """Raises unless the answer is a file that may be read."""
    status = answer.status
    if status in {408, 425, 429} or status >= 500:
        after = answer.getheader("Retry-After", "")
        wait = min(float(after), _LONGEST_WAIT_S) if after.isascii() and after.isdigit() else None
        raise Retryable(f"{host}: {status}", wait)
    if status in {403, 404, 410}:
        raise Unfetched("media_gone", f"{host}: {status}")
    if status != 200:
        raise Unfetched("media_failed", f"{host}: {status}")
    if answer.getheader("Content-Encoding", "identity").lower() != "identity":
        raise Unfetched("media_failed", f"{host}: an encoded body")
    if answer.length is not None and answer.length > LARGEST:
        raise Unfetched("media_too_big", f"{host}: {answer.length} bytes")


def _body(answer: http.client.HTTPResponse, host: str) -> bytes:
    announced = answer.length
    body = bytearray()
    while chunk := answer.read(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise Unfetched("media_too_big", f"{host}: more than {LARGEST} bytes")
    if announced is not None and len(body) < announced:
        raise Retryable(f"{host}: the file broke off")
    return bytes(body)


def _mime(answer: http.client.HTTPResponse) -> str:
    return answer.getheader("Content-Type", "").partition(";")[0].strip().lower()
