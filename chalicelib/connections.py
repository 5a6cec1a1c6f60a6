"""Connections on which every wait ends with a deadline, however slowly names, handshakes or bytes come."""

from __future__ import annotations

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import certifi
from urllib3.util import Url, parse_url

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


class Tls(ssl.SSLContext):
    """How we speak TLS: certificates are judged, and have to be the host's."""

    _read: frozenset[str] = frozenset()

    def wrap_socket(self, sock: Any, *args: Any, **named: Any) -> Any:
        """Speaks TLS over a Timed socket from here on, and answers it; the handshake ends with its call. A socket of
        somebody else's (botocore's) is wrapped as ever."""
        if not isinstance(sock, Timed):
            return super().wrap_socket(sock, *args, **named)
        sock.wrap(partial(super().wrap_socket, *args, **named))
        return sock

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        """Reads the authorities of a file once: botocore asks for it with each connection."""
        if cafile is None or cafile not in self._read:
            super().load_verify_locations(cafile, capath, cadata)
            self._read |= {cafile} if cafile else set()

    def set_alpn_protocols(self, *_: object) -> None:
        """Nothing: urllib3 sets the same for each connection, while another thread's handshake may read them."""


@cache
def tls() -> Tls:
    """The one context of this process: reading the authorities takes 20 ms."""
    context = Tls(ssl.PROTOCOL_TLS_CLIENT)  # judges by itself: verify_mode, check_hostname
    context.load_verify_locations(certifi.where())
    return context


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
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([str(entry[4][0]) for entry in entries])
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
    """As much of a socket as http.client and urllib3 use; every wait ends with the deadline of the call it serves."""

    def __init__(self, sock: socket.socket, left_s: Left, noted: Callable[[], None] = lambda: None) -> None:
        """`left_s` answers for whatever call uses it, and `noted` hears when some bytes of it may have arrived."""
        self._sock = sock
        self._left_s = left_s
        self._noted = noted

    def __enter__(self) -> Timed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wrap(self, wrapped: Callable[[socket.socket], socket.socket]) -> None:
        """Goes on over another socket, which is made of this one and has to be there within the call's time."""
        try:
            self.tick()
            self._sock = wrapped(self._sock)
        except BaseException:
            self._sock.close()
            raise

    def tick(self) -> None:
        """Allows the next wait what is left. Raises TimeoutError where nothing is."""
        self._sock.settimeout(self._left_s())

    def settimeout(self, seconds: float | None) -> None:
        """Nothing: what is left of the call stands above what urllib3 would grant each wait."""

    def sendall(self, data: bytes) -> None:
        """Sends the bytes; what has left when it breaks off was noted."""
        rest = memoryview(data)
        while rest:
            self.tick()
            count = self._sock.send(rest[:_RECORD])
            self._noted()
            rest = rest[count:]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._sock.makefile("rb", buffering=0)))

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    """Reads from a timed socket, and keeps it open until it is closed itself."""

    def __init__(self, timed: Timed, raw: io.RawIOBase) -> None:
        self._timed = timed
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # io hands over no other buffer
        self._timed.tick()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
