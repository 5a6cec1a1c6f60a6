"""Calls to the companies' own endpoints, whose addresses stand in the settings: over TLS, to the internet and nowhere
inside a network, once, and with one deadline for the whole of it.

As `fetching` it connects directly, whatever proxy the environment names, and to an address that was judged.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping, Sequence

from chalicelib.connections import Place, Timed, countdown, dial, place, tls
from chalicelib.errors import Misconfigured, Uncertain, Unreachable
from chalicelib.fetching import public
from chalicelib.protocols.asking import Reply

# An answer is a few words; whatever is longer is none.
LARGEST = 16 * 1024
ADVICE = (
    "the account's front names an https:// address at port 443 that leads to the internet, without a password in it"
)


class Endpoint:
    """Implements `protocols.asking.Post`."""

    def __init__(self, trusted: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """`trusted` are origins (`http://127.0.0.1:4001`) that may be called wherever they lie. `clock` answers seconds
        that never go back."""
        self._origins = {place(entry).origin for entry in trusted if "://" in entry}
        self._clock = clock

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, within_s: float) -> Reply:
        """See `protocols.asking.Post`."""
        left_s = countdown(within_s, self._clock)
        where = self._admitted(url)
        sent = False

        def note() -> None:
            nonlocal sent
            sent = True

        try:
            sock = dial(where.host, where.port, left_s, lambda addresses: self._judge(where, addresses))
            with Timed(sock, left_s, note) as timed:
                if where.scheme == "https":
                    tls().wrap_socket(timed, server_hostname=where.host.strip("[]"))
                return _exchange(timed, where, headers, body)
        except (OSError, http.client.HTTPException, UnicodeError) as error:  # TimeoutError among them
            kind = type(error).__name__
            if sent:
                raise Uncertain(f"no answer from {where.authority}: {kind}") from None
            raise Unreachable(f"nothing was sent to {where.authority}: {kind}") from None

    def _admitted(self, url: str) -> Place:
        try:
            where = place(url)
        except ValueError:  # its words may be the URL
            raise Misconfigured("an endpoint's address that is none", ADVICE) from None
        if where.origin not in self._origins and (where.scheme != "https" or where.port != 443):
            raise Misconfigured(f"an endpoint at {where.scheme}, port {where.port}", ADVICE)
        return where

    def _judge(self, where: Place, addresses: Sequence[str]) -> None:
        if where.origin not in self._origins and not all(public(address) for address in addresses):
            raise Misconfigured(f"{where.host} leads to an address that is not public", ADVICE)


def _exchange(sock: Timed, where: Place, headers: Mapping[str, str], body: bytes) -> Reply:
    connection = http.client.HTTPConnection(where.host, where.port)
    connection.sock = sock
    # an encoded body is not read: a small one may grow without end
    ours = {"Host": where.authority, "Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}
    connection.request("POST", where.target, body, {**headers, **ours, "User-Agent": "dmdesk"})
    with connection.getresponse() as answer:
        if answer.getheader("Content-Encoding", "identity").lower() != "identity":
            raise Uncertain(f"an encoded answer from {where.authority}")
        told = answer.read(LARGEST + 1)
        if len(told) > LARGEST:
            raise Uncertain(f"more than {LARGEST} bytes from {where.authority}")
        return Reply(answer.status, told)
