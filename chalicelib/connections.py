"""Connections on which every wait ends with a deadline, however slowly names, handshakes or bytes come."""

from __future__ import annotations

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import certifi
from urllib3.util import Url, parse_url
from urllib3.util.wait import wait_for_read

# One address has to answer by then; a name may have several.
CONNECT_S = 3.05
PORTS = {"https": 443, "http": 80}
# The largest record of TLS (RFC 8446, 5.1): one that was not written whole is read by nobody.
_RECORD = 16 * 1024

Left = Callable[[], float]
"""How long may still be waited (seconds, more than 0); raises TimeoutError where nothing is left."""


def countdown(seconds: float, clock: Callable[[], float] = time.monotonic) -> Left:
    """What is left of so many seconds from now; `clock` answers seconds that never go back."""
    end = clock() + seconds

    def left_s() -> float:
        left = end - clock()
        if left <= 0:
            raise TimeoutError
        return left

    return left_s


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
        return self.host if self.port == PORTS[self.scheme] else f"{self.host}:{self.port}"


def place(url: str) -> Place:
    """Where the URL leads. Raises ValueError where it has user information, or leads nowhere by HTTP."""
    parsed: Url = parse_url(url)
    scheme, host = parsed.scheme or "", parsed.host or ""
    if scheme not in PORTS or not host or parsed.auth is not None:
        raise ValueError(f"scheme {scheme[:10]}, host {host[:100]}")
    return Place(scheme, host, PORTS[scheme] if parsed.port is None else parsed.port, parsed.request_uri)


@cache
def tls() -> ssl.SSLContext:
    """How we speak TLS: certificates are judged, and have to be the host's."""
    return ssl.create_default_context(cafile=certifi.where())


def dial(
    host: str, port: int, left_s: Left, admit: Callable[[Sequence[str]], None] = lambda addresses: None
) -> socket.socket:
    """Connects to the first of the host's addresses that answers, all of which `admit` has seen before.

    Raises OSError, UnicodeError where the host is no name, and whatever `admit` raises.
    """
    addresses = _addresses(host.strip("[]"), port, left_s)
    admit(addresses)
    problem: OSError = OSError("no address")
    for address in dict.fromkeys(addresses):
        try:
            sock = socket.create_connection((address, port), min(CONNECT_S, left_s()))
        except OSError as error:
            problem = error
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a body never waits for its head's receipt
            return sock
    raise problem


def _addresses(host: str, port: int, left_s: Left) -> list[str]:
    """The system's resolver knows no deadline, so it is asked beside."""
    answer: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([str(entry[4][0]) for entry in found])
        except Exception as error:
            answer.put(error)

    threading.Thread(target=look, daemon=True).start()
    try:
        addresses = answer.get(timeout=left_s())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(addresses, Exception):
        raise addresses
    return addresses


class Timed:
    """As much of a socket as http.client uses; every wait ends with the deadline of the call that it serves."""

    def __init__(self, sock: socket.socket, left_s: Left, wait_s: float) -> None:
        self._sock = sock
        self.begin(left_s, wait_s)

    def __enter__(self) -> Timed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, left_s: Left, wait_s: float) -> None:
        """A call begins: it ends with `left_s`, and no single wait of it is longer than `wait_s` (seconds)."""
        self._left_s = left_s
        self._wait_s = wait_s
        self.sent = False

    def wrap(self, context: ssl.SSLContext, host: str) -> None:
        """Speaks TLS from here on; the certificate has to be the host's."""
        try:
            self.tick()  # a handshake has to end within it as a whole
            self._sock = context.wrap_socket(self._sock, server_hostname=host.strip("[]"))
        except BaseException:
            self._sock.close()
            raise

    def tick(self) -> None:
        """Allows the next wait what is left. Raises TimeoutError where nothing is."""
        self._sock.settimeout(min(self._left_s(), self._wait_s))

    def sendall(self, data: bytes) -> None:
        """Sends the bytes. `sent` tells from then on that some of them may have arrived."""
        rest = memoryview(data)
        while rest:
            self.tick()
            count = self._sock.send(rest[:_RECORD])
            self.noted()
            rest = rest[count:]

    def noted(self) -> None:
        """Some bytes may have arrived."""
        self.sent = True

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._sock.makefile("rb", buffering=0)))

    def spoken(self) -> bool:
        """Whether something came without being asked for: most often, that the other side has closed."""
        return wait_for_read(self._sock, timeout=0)

    def close(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    """Reads from a timed socket, and keeps it open until it is closed itself."""

    def __init__(self, timed: Timed, raw: io.RawIOBase) -> None:
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
