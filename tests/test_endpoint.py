"""Calls to the companies' own endpoints: to the internet only, once, and over with their deadline whatever drips."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from chalicelib.endpoint import LARGEST, Endpoint
from chalicelib.errors import Misconfigured, Retryable, Uncertain, Unreachable
from chalicelib.protocols.asking import Reply
from tests.test_fetching import dialled, resolves
from tests.test_http import WAIT_S, no_proxy, raw_server, read_request
from tests.test_http_limits import Steady, answering, head

__all__ = ["dialled", "no_proxy"]
BODY = b'{"customerId": "secret words"}'  # for which `read_request` waits
WITHIN_S = 0.8


def ask(url: str, *, trusted: bool = True, clock: Callable[[], float] | None = None, within_s: float = WAIT_S) -> Reply:
    origins = [url] if trusted else []
    made = Endpoint(origins, clock) if clock else Endpoint(origins)
    return made(url + "/dm?x=1", {"webhook-id": "7"}, BODY, within_s)


def said(body: bytes, *lines: str) -> bytes:
    return head(f"Content-Length: {len(body)}", *lines) + body


def test_a_call_and_its_answer() -> None:
    heard: list[bytes] = []

    def deal(connection: socket.socket) -> None:
        while BODY not in b"".join(heard):
            heard.append(connection.recv(65536))
        connection.sendall(said(b'{"tier": "gold"}'))

    with raw_server(deal) as url:
        assert ask(url) == Reply(200, b'{"tier": "gold"}')
    text = b"".join(heard).decode()
    assert text.startswith("POST /dm?x=1 HTTP/1.1\r\n")
    assert "\r\nwebhook-id: 7\r\n" in text
    assert json.loads(text.rpartition("\r\n\r\n")[2]) == json.loads(BODY)


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary Redirect", "401 No", "503 Busy"])
def test_no_redirect_is_followed_and_nothing_is_tried_twice(status: str) -> None:
    answer = said(b"").replace(b"200 OK", status.encode()).replace(b"\r\n\r\n", b"\r\nLocation: /elsewhere\r\n\r\n")
    with raw_server(answering(answer)) as url:  # which accepts once
        assert ask(url).status == int(status[:3])


@pytest.mark.parametrize(
    ("begins", "drip"),
    [
        (head(), b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-More: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (head("Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
        (head("Content-Length: 16000"), b"x"),
    ],
    ids=["body", "headers", "a header", "not yet", "chunks", "announced"],
)
def test_an_answer_that_drips_ends_with_the_deadline(begins: bytes, drip: bytes) -> None:
    """Each byte comes in time, the whole does not: the clock goes on by a fortieth of the deadline with each."""
    steady = Steady()

    def deal(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(begins)
        for _ in range(90):
            steady.now += WITHIN_S / 40
            connection.sendall(drip)

    with raw_server(deal) as url, pytest.raises(Uncertain, match="TimeoutError"):
        ask(url, clock=steady, within_s=WITHIN_S)


def test_who_says_nothing_is_waited_for_until_the_deadline() -> None:
    def deal(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)  # until the other side hangs up

    with raw_server(deal) as url, pytest.raises(Uncertain, match="TimeoutError"):
        ask(url, within_s=0.05)


def test_a_handshake_that_never_comes_sent_nothing() -> None:
    def deal(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(1)

    with raw_server(deal) as url, pytest.raises(Unreachable, match="nothing was sent"):
        ask(url.replace("http://", "https://"), within_s=0.05)


@pytest.mark.parametrize(
    "answer",
    [
        said(b"x" * (LARGEST + 1)), head("Connection: close") + b"x" * (LARGEST + 1),
        said(b"x", "Content-Encoding: gzip"), b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    ],
    ids=["too large", "unannounced", "packed", "nothing", "nonsense", "many headers", "a long header"],
)  # fmt: skip
def test_what_cannot_be_read_is_no_answer(answer: bytes) -> None:
    with raw_server(answering(answer)) as url, pytest.raises(Uncertain):
        ask(url)


def test_an_answer_as_large_as_it_may_be() -> None:
    with raw_server(answering(said(b"x" * LARGEST))) as url:
        assert len(ask(url).body) == LARGEST


# Where it may lead


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/dm", "https://crm.example:8443/dm", "https://user:secret@crm.example/dm", "ftp://crm.example",
        "https://", "", "crm.example", "https://[", "file:///etc/passwd", "//crm.example",
    ],
)  # fmt: skip
def test_what_may_not_be_called_is_not(url: str, dialled: list[tuple[str, int]]) -> None:
    with pytest.raises(Misconfigured) as told:
        Endpoint()(url, {}, BODY, 1.0)
    assert dialled == []
    assert "secret" not in told.value.reason
    assert "https://" in told.value.advice


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_name_leads_inside_a_network(
    address: str, monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[str, int]]
) -> None:
    resolves(monkeypatch, "157.240.0.1", address)
    with pytest.raises(Misconfigured, match="not public"):
        Endpoint()("https://crm.example/dm", {}, BODY, 1.0)
    assert dialled == []


def test_a_public_address_is_dialled_as_it_was_judged(
    monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[str, int]]
) -> None:
    resolves(monkeypatch, "157.240.0.1")
    with pytest.raises(Retryable, match=r"nothing was sent to crm\.example"):
        Endpoint()("https://crm.example/dm", {}, BODY, 1.0)
    assert dialled == [("157.240.0.1", 443)]


def test_another_origin_on_this_machine_is_not_trusted(dialled: list[tuple[str, int]]) -> None:
    with pytest.raises(Misconfigured):
        Endpoint(["http://127.0.0.1:4001"])("http://127.0.0.1:4002/", {}, BODY, 1.0)
    assert dialled == []
