"""Fetches files from the world outside: from known hosts, never from inside a network, never without end.

It connects directly, whatever proxy the environment names: behind one, the addresses could not be judged.
"""

from __future__ import annotations

import http.client
import ipaddress
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError

from chalicelib import connections
from chalicelib.connections import Left, Place, Timed, Tls, countdown, dial, tls
from chalicelib.errors import Retryable, TokenRefused, Unfetched
from chalicelib.vocabulary.messages import LED_TO, Fetched

# What a desk takes per attachment: its content.py has the source.
LARGEST = 25_000_000
WHOLE_S = 20.0
READ_S = 8.0
REDIRECTS = 5
_LONGEST_WAIT_S = 3600.0
_CHUNK = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
# Special by IANA's registries, and global to some versions of Python's `ipaddress`: protocol assignments, the relays of
# 6to4, documentation. iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
_SPECIAL = [ipaddress.ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")]


class Fetcher:
    """Implements `pipeline.ports.Fetch`."""

    def __init__(self, trusted: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """`trusted` adds to every call's hosts: an origin with its scheme (`http://127.0.0.1:4001`) is taken
        wherever it lies, a bare host like any other. `clock` answers seconds that never go back."""
        self._origins = {place(entry).origin for entry in trusted if "://" in entry}
        self._hosts = tuple(entry.lower() for entry in trusted if entry and "://" not in entry)
        self._clock = clock

    @cached_property
    def _tls(self) -> Tls:
        return tls()

    def __call__(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        """GETs the file, at most LARGEST bytes within WHOLE_S seconds; see `pipeline.ports.Fetch`."""
        left_s = countdown(WHOLE_S, self._clock)
        here = place(url)
        admitted = [host for host in hosts if not host.startswith(LED_TO)]
        for _ in range(REDIRECTS + 1):
            self._admit(here, admitted)
            answer = self._get(here, headers, left_s)
            if isinstance(answer, Fetched):
                return answer
            there = _next(here, answer)
            if there.origin != here.origin:  # a header may be a key: it stays with the host that it is for
                headers = {}
            here = there
            admitted = [host.removeprefix(LED_TO) for host in hosts]
        raise Unfetched("media_failed", f"{here.host}: more than {REDIRECTS} redirects")

    def _admit(self, where: Place, hosts: Sequence[str]) -> None:
        if where.origin in self._origins:
            return
        known = any(_within(where.host, host.lower()) for host in (*hosts, *self._hosts) if host)
        if not known or where.scheme != "https" or where.port != 443:
            raise Unfetched("media_not_allowed", f"{where.scheme}, host {where.host}, port {where.port}")

    def _get(self, where: Place, headers: Mapping[str, str], left_s: Left) -> Fetched | str:
        """The file, or where it has gone."""
        try:
            with self._connect(where, left_s) as sock:
                return _exchange(sock, where, headers)
        except UnicodeError:  # a label of the host is too long for the resolver
            raise Unfetched("media_not_allowed", "not a host name") from None
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(f"no file from {where.host}: {type(error).__name__}") from None

    def _connect(self, where: Place, left_s: Left) -> Timed:
        """A connection to an address that was judged: a name that resolves otherwise later changes nothing."""

        def admit(addresses: Sequence[str]) -> None:
            if where.origin not in self._origins and not all(public(address) for address in addresses):
                raise Unfetched("media_not_allowed", f"{where.host} leads to an address that is not public")

        sock = dial(where.host, where.port, left_s, admit)
        timed = Timed(sock, lambda: min(left_s(), READ_S))
        if where.scheme == "https":
            self._tls.wrap_socket(timed, server_hostname=where.host.strip("[]"))
        return timed


def place(url: str) -> Place:
    """Where the URL leads. Raises Unfetched where it has user information, or leads nowhere by HTTP."""
    try:
        return connections.place(url)
    except LocationParseError:  # its words are the URL
        raise Unfetched("media_not_allowed", "not a URL") from None
    except ValueError as error:
        raise Unfetched("media_not_allowed", str(error)) from None


def public(address: str) -> bool:
    """Whether the IP address is one that anybody on the internet reaches."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or ip in _NAT64:  # the last four bytes are where it really leads
            return public(str(ipaddress.IPv4Address(ip.packed[-4:])))
        usual = ip in _UNICAST and ip.sixtofour is None
    else:
        usual = not (ip.is_multicast or ip.is_reserved)
    return usual and ip.is_global and not any(ip in special for special in _SPECIAL)


def _next(here: Place, location: str) -> Place:
    base = f"{here.scheme}://{here.host}:{here.port}{here.target}"
    try:
        return place(urljoin(base, location))
    except ValueError:
        raise Unfetched("media_not_allowed", f"{here.host} leads to what is no URL") from None


def _exchange(sock: Timed, where: Place, headers: Mapping[str, str]) -> Fetched | str:
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
        _judge(answer, where.host, keyed=bool(headers))
        return Fetched(body=_body(answer, where.host), mime=_mime(answer))


def _within(host: str, allowed: str) -> bool:
    return host == allowed or host.endswith("." + allowed)


def _judge(answer: http.client.HTTPResponse, host: str, *, keyed: bool) -> None:
    """Raises unless the answer is a file that may be read; `keyed` tells that it was asked for with a key."""
    status = answer.status
    if status == 401 and keyed:
        raise TokenRefused(f"{host}: 401")
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
