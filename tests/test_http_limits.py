"""What bounds a call that goes out: its time as a whole, its answer's size, and what is known where it breaks."""

from __future__ import annotations

import gc
import gzip
import io
import socket
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import connections
from chalicelib.connections import CONNECT_S, Timed, Tls, tls
from chalicelib.errors import Misconfigured, Retryable, Uncertain, Unreachable
from chalicelib.http import LARGEST_ANSWER, LONGEST_CALL_S, READ_S, Answer, Outgoing
from tests import test_fetching
from tests.test_fetching import speaking_tls
from tests.test_http import WAIT_S, no_proxy, raw_server, read_request

__all__ = ["no_proxy"]
BODY = b'{"text": "secret words"}'


class Steady:
    """Seconds that pass only when a test says so."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def ask(url: str, steady: Callable[[], float] | None = None, read_s: float | None = WAIT_S) -> Answer:
    session = Outgoing(read_s=read_s, steady=steady) if steady else Outgoing(read_s=read_s)
    try:
        return session.post(url + "/path", headers={"Authorization": "Bearer token-1"}, body=BODY)
    finally:
        session.close()


def answering(*said: bytes) -> Callable[[socket.socket], None]:
    """Reads the request, then says all of it."""

    def deal(connection: socket.socket) -> None:
        read_request(connection)
        for words in said:
            connection.sendall(words)

    return deal


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


# An answer's size

LARGE = bytes(LARGEST_ANSWER)


def bomb(wbits: int) -> bytes:
    """100 MB of zeros, packed."""
    packer = zlib.compressobj(9, wbits=wbits)
    return b"".join([*(packer.compress(bytes(1024 * 1024)) for _ in range(100)), packer.flush()])


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15)])
def test_a_small_answer_that_grows_without_end_is_left(encoding: str, wbits: int) -> None:
    packed = bomb(wbits)
    assert len(packed) < 200_000
    said = head(f"Content-Encoding: {encoding}", f"Content-Length: {len(packed)}") + packed
    with raw_server(answering(said)) as url:
        tracemalloc.start()
        with pytest.raises(Uncertain, match="more than"):
            ask(url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * LARGEST_ANSWER


@pytest.mark.parametrize(
    "said",
    [
        (head(f"Content-Length: {LARGEST_ANSWER + 1}"), LARGE, b"x"),
        (head("Connection: close"), LARGE, b"x"),
        (head("Transfer-Encoding: chunked"), *[b"100000\r\n" + bytes(0x100000) + b"\r\n"] * 5),
    ],
    ids=["announced", "not announced", "chunked"],
)
def test_too_large_an_answer_leaves_the_outcome_unknown(said: tuple[bytes, ...]) -> None:
    with raw_server(answering(*said)) as url, pytest.raises(Uncertain, match=f"more than {LARGEST_ANSWER} bytes"):
        ask(url)


@pytest.mark.parametrize("there", ["/elsewhere", "https://[", "http://:99999999", "\xff" * 9, ""])
def test_a_redirect_is_read_like_any_answer_wherever_it_leads(there: str) -> None:
    lines = "\r\n".join(["HTTP/1.1 302 Found", f"Location: {there}", "Content-Length: 2", "", "{}"])
    with raw_server(answering(lines.encode("latin-1"))) as url:
        answer = ask(url)
    assert (answer.status, answer.headers["location"], answer.body) == (302, there, b"{}")


def test_a_redirect_that_grows_without_end_is_left() -> None:
    packed = bomb(31)
    said = head("Content-Encoding: gzip", "Location: /elsewhere", f"Content-Length: {len(packed)}")
    with raw_server(answering(said.replace(b"200 OK", b"307 Moved") + packed)) as url:
        tracemalloc.start()
        with pytest.raises(Uncertain, match="more than"):
            ask(url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * LARGEST_ANSWER


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_as_large_as_it_may_be(packed: bool) -> None:
    body = gzip.compress(LARGE, mtime=0) if packed else LARGE
    lines = [f"Content-Length: {len(body)}", *(["Content-Encoding: gzip"] if packed else [])]
    with raw_server(answering(head(*lines) + body)) as url:
        assert ask(url).body == LARGE


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)), ("X-GZIP", gzip.compress(b'{"a": 1}', mtime=0)),
        ("deflate", zlib.compress(b'{"a": 1}')), ("identity", b'{"a": 1}'), ("", b'{"a": 1}'),
    ],
)  # fmt: skip
def test_a_packed_answer_is_unpacked(encoding: str, body: bytes) -> None:
    said = head(f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}") + body
    with raw_server(answering(said)) as url:
        assert ask(url).json() == {"a": 1}


def test_a_packed_answer_without_a_body_is_one() -> None:
    with raw_server(answering(head("Content-Encoding: gzip", "Content-Length: 0"))) as url:
        assert ask(url).body == b""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)[:-9]), ("gzip", b"\x1f\x8b"), ("gzip", b'{"a": 1}'),
        ("deflate", b"\x00\x01"), ("br", b"x"), ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_unpacked_leaves_the_outcome_unknown(encoding: str, body: bytes) -> None:
    said = head(f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}") + body
    with raw_server(answering(said)) as url, pytest.raises(Uncertain):
        ask(url)


# A call's time


@pytest.mark.parametrize(
    ("begins", "drip"),
    [
        (head(), b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-More: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (head("Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
        (head("Transfer-Encoding: chunked") + b"0\r\n", b"X-Last: 1\r\n"),
        (head("Content-Encoding: gzip") + gzip.compress(b"", mtime=0)[:10], b"\x00\x00\x00\xff\xff"),
    ],
    ids=["body", "headers", "a header", "not yet", "chunks", "trailers", "packed nothing"],
)
def test_an_answer_that_drips_ends_with_the_call(begins: bytes, drip: bytes) -> None:
    """Each byte comes in time, the whole does not."""
    steady = Steady()

    def deal(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(begins)
        for _ in range(90):  # fewer than http.client takes headers
            steady.now += LONGEST_CALL_S / 40
            connection.sendall(drip)

    with raw_server(deal) as url, pytest.raises(Uncertain, match="TimeoutError"):
        ask(url, steady)


@pytest.mark.parametrize("read_s", [None, 0.5, 2.0, 60.0, 3600.0])
def test_no_call_is_given_more_than_the_longest(monkeypatch: pytest.MonkeyPatch, read_s: float | None) -> None:
    """A host with many addresses, each of which lets us wait, and each wait as long as is granted."""
    steady = Steady()
    began = steady.now
    caller, connect, find = threading.get_ident(), socket.create_connection, socket.getaddrinfo

    def nobody(address: tuple[str, int], timeout: float, **more: Any) -> socket.socket:
        if threading.get_ident() != caller:  # what another test left running connects as ever
            return connect(address, timeout, **more)
        steady.now += timeout
        raise TimeoutError

    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 443)) for number in range(50)]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **more: entries if "vendor" in host else find(host, *args, **more)
    )
    monkeypatch.setattr(socket, "create_connection", nobody)
    with pytest.raises(Retryable, match=r"nothing was sent to vendor\.invalid: TimeoutError"):
        ask("https://vendor.invalid", steady, read_s)
    assert steady.now - began <= min(LONGEST_CALL_S, CONNECT_S + (READ_S if read_s is None else read_s)) + 1e-6


def test_a_resolver_that_hangs_ends_with_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        done.wait(WAIT_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(Retryable, match="TimeoutError"):
        ask("https://vendor.invalid", read_s=0.02)
    done.set()


def say_nothing(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.recv(1)  # until the other side hangs up


def drip_a_record(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while True:
        connection.sendall(b"\x02")


def hang_up(connection: socket.socket) -> None:
    connection.recv(65536)


def speak_plainly(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("deal", [say_nothing, drip_a_record, hang_up, speak_plainly])
def test_a_handshake_that_comes_to_nothing_sent_nothing(deal: Callable[[socket.socket], None]) -> None:
    with raw_server(deal) as url, pytest.raises(Retryable, match="nothing was sent to 127"):
        ask(url.replace("http://", "https://"), read_s=0.2)


# What is known where it breaks


class Flaky:
    """A socket that takes so many pieces, then breaks."""

    def __init__(self, sock: socket.socket, pieces: int) -> None:
        self._sock = sock
        self._pieces = pieces

    def send(self, data: memoryview) -> int:
        if self._pieces == 0:
            raise BrokenPipeError
        self._pieces -= 1
        return self._sock.send(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@pytest.mark.parametrize(("pieces", "kind"), [(0, Unreachable), (1, Uncertain), (2, Uncertain)])
def test_what_breaks_before_the_first_byte_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, pieces: int, kind: type[Exception]
) -> None:
    """Head, then body in pieces of a TLS record."""

    def flaky(*given: Any) -> Any:
        return Flaky(socket.create_connection(given[:2]), pieces)

    monkeypatch.setattr("chalicelib.session.dial", flaky)
    with raw_server(hang_up) as url, pytest.raises((Retryable, Uncertain)) as caught:
        Outgoing().post(url, headers={}, body=bytes(50_000))
    assert type(caught.value) is kind


def test_an_answer_to_what_was_not_sent_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def deal(connection: socket.socket) -> None:
        connection.sendall(head("Content-Length: 2") + b"{}")
        connection.recv(1)

    monkeypatch.setattr("chalicelib.session.dial", lambda *given: Flaky(socket.create_connection(given[:2]), 0))
    with raw_server(deal) as url, pytest.raises(Retryable):
        ask(url)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), BrokenPipeError(32, "broken"), TimeoutError()])
def test_what_breaks_while_connecting_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, scheme: str, error: OSError
) -> None:
    def dial(*_: object) -> socket.socket:
        raise error

    monkeypatch.setattr("chalicelib.session.dial", dial)
    with pytest.raises(Retryable, match=f"nothing was sent to vendor.invalid: {type(error).__name__}"):
        ask(f"{scheme}://vendor.invalid")


@pytest.mark.parametrize(
    "url", [f"https://{'a' * 64}.invalid", "https://a..invalid", "https://*.invalid", "http://.invalid"]
)
def test_a_host_that_cannot_be_one_waits_for_somebody_to_correct_it(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        ask(url)
    assert "DMDESK_GENESYS_API" in caught.value.advice


def test_what_one_thread_knows_of_its_call_is_not_anothers() -> None:
    heard, tried = threading.Event(), threading.Event()

    def deal(connection: socket.socket) -> None:
        read_request(connection)
        heard.set()
        tried.wait(WAIT_S)

    def meanwhile() -> None:
        heard.wait(WAIT_S)
        with pytest.raises(Misconfigured):
            session.get("https://a..invalid", headers={})
        tried.set()

    session = Outgoing(read_s=WAIT_S)
    other = threading.Thread(target=meanwhile)
    other.start()
    with raw_server(deal) as url, pytest.raises(Uncertain):
        session.post(url, headers={}, body=BODY)
    other.join(WAIT_S)
    session.close()


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may be connected to."""

    def dial(*_: object) -> socket.socket:
        raise AssertionError("a connection was begun")

    monkeypatch.setattr("chalicelib.session.dial", dial)


UNSENDABLE = ["token\n", "token\r\n", "to\nken", "to\r\n ken", "tok\x00en", "töken✓", "\ud800", "token\x7f", None, 7]


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("token", UNSENDABLE)
def test_a_header_that_cannot_be_sent_was_not_and_somebody_has_to_correct_it(token: Any) -> None:
    with pytest.raises(Misconfigured) as caught:
        Outgoing().post("https://vendor.invalid", headers={"Access-Token": token}, body=b"{}")
    assert caught.value.reason == "the header Access-Token cannot be sent"
    assert "as one line of plain characters" in caught.value.advice


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("body", ["text", 5, ["x"], {"a": 1}])
def test_a_body_that_cannot_be_sent_was_not(body: Any) -> None:
    with pytest.raises(Retryable):
        Outgoing().post("https://vendor.invalid", headers={}, body=body)


@given(value=st.text(max_size=20))
def test_any_header_is_sent_whole_or_known_not_to_be(value: str) -> None:
    heard: list[bytes] = []

    class Silence(io.RawIOBase):
        def readinto(self, _: object) -> int:
            raise ConnectionResetError

    class Ear:
        def send(self, data: memoryview) -> int:
            heard.append(bytes(data))
            return len(data)

        def settimeout(self, seconds: float) -> None: ...

        def makefile(self, *_: object, **__: object) -> Any:
            return Silence()

        def close(self) -> None: ...

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chalicelib.session.dial", lambda *_: Ear())
        with pytest.raises((Uncertain, Misconfigured)) as caught:
            Outgoing().get("http://vendor.invalid/", headers={"X-Token": value})
    said = b"".join(heard)
    if isinstance(caught.value, Uncertain):
        assert f"\r\nX-Token: {value}\r\n".encode("latin-1") in said
    else:
        assert said == b""


# Over TLS


@contextmanager
def behind_tls(name: str, folder: Path) -> Iterator[tuple[test_fetching.Web, Tls]]:
    web = test_fetching.Web()
    with speaking_tls(web, name, folder) as context, web:
        vars(web.server)["handle_error"] = lambda *_: None  # it would print the refusals that are wanted
        web.answers("/a", body=b"{}")
        yield web, context


@pytest.mark.parametrize(
    ("name", "known", "fits"), [("localhost", True, True), ("evil.com", True, False), ("localhost", False, False)]
)
def test_the_certificate_has_to_be_the_hosts_and_of_a_known_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, known: bool, fits: bool
) -> None:
    with behind_tls(name, tmp_path) as (web, context):
        if known:
            monkeypatch.setattr("chalicelib.session.tls", lambda: context)
        session = Outgoing(read_s=WAIT_S)
        url = f"https://localhost:{web.server.server_port}/a"
        if fits:
            assert session.get(url, headers={"X-Key": "1"}).json() == {}
            assert [path for path, _ in web.seen] == ["/a"]
        else:
            with pytest.raises(Retryable, match="SSLCertVerificationError"):
                session.get(url, headers={})
            assert web.seen == []
        session.close()


def leading_to(port: int, heard: list[bytes]) -> Callable[[socket.socket], None]:
    """A proxy that connects its first caller to the port of this machine."""

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def deal(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        with socket.create_connection(("127.0.0.1", port)) as there:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pass_on, args=(there, connection))
            back.start()
            pass_on(connection, there)
            back.join(WAIT_S)

    return deal


def test_a_proxy_leads_to_the_host_and_learns_nothing_but_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    with behind_tls("localhost", tmp_path) as (web, context):
        monkeypatch.setattr("chalicelib.session.tls", lambda: context)
        port = web.server.server_port
        with raw_server(leading_to(port, heard)) as proxy:
            monkeypatch.setenv("https_proxy", proxy.replace("//", "//user:word@"))
            session = Outgoing(read_s=WAIT_S)
            assert session.get(f"https://localhost:{port}/a", headers={"X-Key": "token-1"}).json() == {}
            session.close()
        [(_, headers)] = web.seen
    assert headers["x-key"] == "token-1"
    assert "proxy-authorization" not in headers
    [asked] = heard
    assert asked.startswith(f"CONNECT localhost:{port} HTTP/1.".encode())
    assert b"token-1" not in asked


def drip_a_greeting(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 ")
    while True:
        connection.sendall(b"O")


def greet_without_end(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: 1\r\n")


def lead_to_nobody(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    drip_a_record(connection)


@pytest.mark.parametrize("deal", [say_nothing, drip_a_greeting, greet_without_end, lead_to_nobody, hang_up])
def test_a_proxy_that_does_not_come_to_the_point_ends_with_the_call(
    monkeypatch: pytest.MonkeyPatch, deal: Callable[[socket.socket], None]
) -> None:
    with raw_server(deal) as url:
        monkeypatch.setenv("https_proxy", url)
        with pytest.raises(Retryable, match="nothing was sent to vendor"):
            ask("https://vendor.invalid", read_s=0.2)


def test_a_session_that_is_dropped_leaves_its_connections() -> None:
    with raw_server(answering(head("Content-Length: 2") + b"{}")) as url:
        session: Any = Outgoing(read_s=WAIT_S)
        session.itself = session  # only the garbage collector finds it
        session.post(url, headers={}, body=BODY)
        del session
        gc.collect()  # a socket that nobody closed would be warned of, and fail the test


def test_certificates_are_judged_by_default() -> None:
    assert (tls().verify_mode, tls().check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_handshake_has_what_is_left_of_its_call() -> None:
    near, far = socket.socketpair()
    allowed: list[float | None] = []

    def handshake(sock: socket.socket) -> socket.socket:
        allowed.append(sock.gettimeout())
        return sock

    with near, far:
        Timed(near, lambda: 1.5).wrap(handshake)
        assert allowed == [1.5]
        steady = Steady()
        ended = Timed(near, connections.countdown(1.0, steady))
        steady.now += 1
        with pytest.raises(TimeoutError):
            ended.wrap(handshake)
        assert near.fileno() == -1


def test_a_whole_record_goes_at_once_and_no_more() -> None:
    class Ear:
        pieces: list[int]

        def send(self, data: memoryview) -> int:
            self.pieces.append(len(data))
            return len(data)

        def settimeout(self, seconds: float) -> None: ...

    ear: Any = Ear()
    ear.pieces = []
    Timed(ear, lambda: 1.0).sendall(bytes(40_000))
    assert ear.pieces == [connections._RECORD, connections._RECORD, 40_000 - 2 * connections._RECORD]
