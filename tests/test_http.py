"""The outgoing session over real sockets: what counts as not sent, and what as unknown."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from chalicelib.errors import Misconfigured, Retryable, Uncertain
from chalicelib.http import LONGEST_CALL_S, LONGEST_WAIT_S, Answer, Outgoing, Request
from chalicelib.session import IDLE_S
from tests.fakes import FakeClock

HEADERS = {"Authorization": "Bearer token-1", "Content-Type": "application/json"}
WAIT_S, SHORT_S = 60.0, 0.25


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own proxy must not stand between the test and its server."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Web:
    """An HTTP server that answers everything alike and keeps what came."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                lowered = {name.lower(): value for name, value in self.headers.items()}
                seen.append((self.command, self.path, lowered, sent))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = _answer

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self._server.server_close()


@contextmanager
def web(status: int = 200, body: bytes = b"{}", **headers: str) -> Iterator[Web]:
    made = Web(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def raw_server(deal: Callable[[socket.socket], None], connections: int = 1) -> Iterator[str]:
    """A socket that accepts so often, one after the other, deals with each, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(WAIT_S)

    def serve() -> None:
        for _ in range(connections):
            with suppress(OSError):
                connection, _address = listener.accept()
                with connection:
                    connection.settimeout(WAIT_S)
                    deal(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for another one
        thread.join(WAIT_S)
        listener.close()


@pytest.fixture
def session() -> Iterator[Outgoing]:
    made = Outgoing(read_s=SHORT_S)
    yield made
    made.close()


@pytest.fixture
def patient() -> Iterator[Outgoing]:
    """For servers that answer: a slow machine must not fail the test."""
    made = Outgoing(read_s=WAIT_S)
    yield made
    made.close()


def post(session: Outgoing, url: str) -> Answer:
    return session.post(url + "/path?query=1", headers=HEADERS, body=b'{"text": "secret words"}')


def test_a_post_and_its_answer(patient: Outgoing) -> None:
    with web(201, b'{"id": "1"}', ININ_Correlation_Id="abc") as server:
        answer = post(patient, server.url)
        [(method, path, headers, body)] = server.seen
    assert (method, path, body) == ("POST", "/path?query=1", b'{"text": "secret words"}')
    assert headers["authorization"] == "Bearer token-1"
    assert headers["content-type"] == "application/json"
    assert (answer.status, answer.json(), answer.headers["inin-correlation-id"]) == (201, {"id": "1"}, "abc")


def test_a_get_sends_no_body(patient: Outgoing) -> None:
    with web() as server:
        assert patient.get(server.url, headers=HEADERS).status == 200
        [(method, _, headers, body)] = server.seen
    assert (method, body) == ("GET", b"")
    assert "content-length" not in headers


PATHS = [
    "", "/", "/a b/%7Euser?q=a b&c=%e2%82%ac", "/ü/%2F?x=ü#behind", "/a//b/../c/./d;e=1?", "?only=query", "/%zz?a=b%",
    "/[1]/{2}?filter[a]={b}|c", "/v1/me/messages?access_token=a%2Bb+c",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
@pytest.mark.parametrize("given", [{}, HEADERS, {"accept": "text/plain", "CONNECTION": "close", "X-Empty": ""}],
                         ids=["none", "usual", "theirs"])  # fmt: skip
def test_what_leaves_is_what_a_session_of_requests_would_send(
    patient: Outgoing, path: str, given: dict[str, str]
) -> None:
    ours = {"User-Agent": "dmdesk", "Accept-Encoding": "gzip"}
    calls: list[tuple[str, bytes | None]] = [("GET", None), ("POST", b"{}"), ("POST", b""), ("PUT", b"\xff\0")]
    with web() as server, requests.Session() as plain:
        plain.trust_env = False
        for method, body in calls:
            for _ in range(2):  # the second time it is remembered how the URL is written
                patient._call(method, server.url + path, given, body)
            plain.request(method, server.url + path, data=body, headers={**given, **ours})
        seen = server.seen
    for first, second, theirs in zip(seen[::3], seen[1::3], seen[2::3], strict=True):
        assert first == second == theirs


def test_a_header_that_is_answered_twice_is_read_as_one(patient: Outgoing) -> None:
    def answers(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Seen: 1\r\nContent-Length: 2\r\nx-seen: 2\r\n\r\n{}")

    with raw_server(answers) as url:
        assert patient.get(url, headers={}).headers == {"x-seen": "1, 2", "content-length": "2"}


def test_a_get_may_be_given_more_time_than_the_session(session: Outgoing) -> None:
    asked, left = threading.Event(), threading.Event()

    def late(connection: socket.socket) -> None:
        connection.recv(65536)
        asked.set()
        left.wait(WAIT_S)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def never(connection: socket.socket) -> None:
        connection.recv(65536)
        left.wait(WAIT_S)

    with raw_server(late) as slow, raw_server(never) as silent, ThreadPoolExecutor(1) as beside:
        given_more = beside.submit(session.get, slow, headers={}, read_s=WAIT_S)
        assert asked.wait(WAIT_S)
        # whoever is given no more, and came later, is left by now
        with pytest.raises(Uncertain), closing(Outgoing(read_s=SHORT_S)) as other:
            other.get(silent, headers={})
        left.set()
        assert given_more.result().status == 200


def test_a_refused_connection_sent_nothing(session: Outgoing) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Retryable) as caught:
        post(session, f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in caught.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "nonsense",
        "vendor.invalid:443",
        "ftp://vendor.invalid",
        "http://[::1",
        "http://a:x/",
        "http://ü.invalid\ud800/",
    ],
)
def test_an_address_that_is_none_sent_nothing(session: Outgoing, url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        post(session, url)
    assert "DMDESK_GENESYS_API" in caught.value.advice


def test_a_request_without_an_answer_is_uncertain(session: Outgoing) -> None:
    done = threading.Event()

    def never_answer(connection: socket.socket) -> None:
        connection.recv(65536)
        done.wait(WAIT_S)

    with raw_server(never_answer) as url:
        with pytest.raises(Uncertain) as caught:
            post(session, url)
        done.set()
    assert "no answer from 127.0.0.1" in caught.value.reason


def read_request(connection: socket.socket) -> None:
    received = b""
    while b"secret words" not in received:
        received += connection.recv(65536)


def reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_an_answer(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def garbage(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"SMTP? 220\r\n\r\n")


@pytest.mark.parametrize("deal", [reset, read_request, half_an_answer, garbage])
def test_a_connection_that_breaks_after_the_request_is_uncertain(
    patient: Outgoing, deal: Callable[[socket.socket], None]
) -> None:
    with raw_server(deal) as url, pytest.raises(Uncertain) as caught:
        post(patient, url)
    assert "secret words" not in caught.value.reason
    assert "token-1" not in caught.value.reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(patient: Outgoing, status: int) -> None:
    with web() as target, web(status, Location=target.url) as server:
        assert post(patient, server.url).status == status
        assert len(server.seen) == 1
        assert target.seen == []


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_an_error_is_an_answer_and_is_not_repeated(patient: Outgoing, status: int) -> None:
    with web(status, retry_after="3") as server:
        answer = post(patient, server.url)
        assert len(server.seen) == 1
    assert (answer.status, answer.retry_after_s()) == (status, 3.0)


def test_a_cookie_of_a_vendor_does_not_follow_to_the_next_call(patient: Outgoing) -> None:
    with web(Set_Cookie="session=1; Path=/") as vendor:
        post(patient, vendor.url)
        post(patient, vendor.url)
    assert [headers.get("cookie") for _, _, headers, _ in vendor.seen] == [None, None]


def serving(ports: list[int]) -> Callable[[socket.socket], None]:
    """Answers until the other side hangs up; its port is noted once for each connection."""

    def deal(connection: socket.socket) -> None:
        ports.append(connection.getpeername()[1])
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    return deal


def test_a_connection_is_used_again_unless_it_was_idle() -> None:
    clock = FakeClock()
    session = Outgoing(read_s=WAIT_S, clock=clock)
    ports: list[int] = []
    used: list[int] = []
    with raw_server(serving(ports), connections=2) as url:
        for wait_s in (0.0, IDLE_S, IDLE_S + 1, 0.0):
            clock.advance(wait_s)
            session.get(url, headers={})
            used.append(len(ports))
        session.close()
    assert used == [1, 1, 2, 2]


def test_a_connection_goes_from_thread_to_thread_and_each_call_has_its_own_time() -> None:
    now = 50.0
    session = Outgoing(read_s=WAIT_S, steady=lambda: now)
    ports: list[int] = []
    with raw_server(serving(ports), connections=2) as url:
        for _ in range(3):
            thread = threading.Thread(target=lambda: session.get(url, headers={}))
            thread.start()
            thread.join(WAIT_S)
            now += LONGEST_CALL_S
            assert session.get(url, headers={}).status == 200
            now += LONGEST_CALL_S
        session.close()
    assert len(ports) == 1


def test_a_connection_that_the_other_side_has_closed_is_not_used_again(patient: Outgoing) -> None:
    closed = threading.Event()

    def deal(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.close()
        closed.set()

    with raw_server(deal, connections=2) as url:
        for _ in range(2):
            closed.clear()
            assert post(patient, url).status == 200
            assert closed.wait(WAIT_S)


def test_several_threads_get_each_its_own_answer(patient: Outgoing) -> None:
    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.path.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    paths = [f"/{number}" for number in range(60)]
    with ThreadPoolExecutor(6) as pool:
        urls = [f"http://127.0.0.1:{server.server_port}{path}" for path in paths]
        bodies = list(pool.map(lambda url: patient.get(url, headers={}).body.decode(), urls))
    patient.close()
    server.shutdown()
    thread.join(WAIT_S)
    server.server_close()
    assert bodies == paths


def test_netrc_does_not_replace_our_token(patient: Outgoing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with web() as server:
        post(patient, server.url)
        assert server.seen[0][2]["authorization"] == "Bearer token-1"


@pytest.mark.parametrize(
    ("account", "sent"), [("", None), ("user:pa%20ss@", "Basic dXNlcjpwYSBzcw=="), ("user@", "Basic dXNlcjo=")]
)
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, account: str, sent: str | None, scheme: str
) -> None:
    with web(202) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", scheme + account))
        session = Outgoing(read_s=WAIT_S)
        assert post(session, "http://vendor.invalid").status == 202
        session.close()
    [(_, target, headers, _)] = proxy.seen
    assert target == "http://vendor.invalid/path?query=1"
    assert headers["host"] == "vendor.invalid"
    assert headers.get("proxy-authorization") == sent


def test_a_host_that_the_environment_exempts_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as vendor:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        session = Outgoing(read_s=WAIT_S)
        assert post(session, vendor.url).status == 200
        session.close()


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 407 Say who\r\n\r\n", b"HTTP/1.1 503 Busy\r\n\r\n", b"220 smtp\r\n", b""]
)
def test_a_proxy_that_leads_nowhere_sent_nothing(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    heard: list[bytes] = []

    def deal(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(answer)

    with raw_server(deal) as url:
        monkeypatch.setenv("https_proxy", url.replace("http://", "http://user:word@"))
        session = Outgoing(read_s=WAIT_S)
        with pytest.raises(Retryable):
            post(session, "https://vendor.invalid")
    [asked] = heard
    assert asked.startswith(b"CONNECT vendor.invalid:443 HTTP/1.")
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n" in asked
    assert b"token-1" not in asked


@pytest.mark.parametrize("url", ["https://127.0.0.1:9", "socks5://127.0.0.1:9", "http://", "http://a:x"])
def test_a_proxy_that_is_none_waits_for_somebody_to_correct_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("https_proxy", url)
    with pytest.raises(Misconfigured) as caught:
        post(Outgoing(), "https://vendor.invalid")
    assert "https_proxy" in caught.value.advice


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        (" 7 ", 7.0),
        ("86400", LONGEST_WAIT_S),
        ("9" * 400, LONGEST_WAIT_S),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 08:00:30 -0000", 30.0),
        ("Friday, 15-Jan-27 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("Fri, 15 Jan 2038 08:00:00 GMT", LONGEST_WAIT_S),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None),
    ],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    headers = {"date": "Fri, 15 Jan 2027 08:00:00 GMT"} | ({} if value is None else {"retry-after": value})
    assert Answer(status=429, headers=headers, body=b"").retry_after_s() == seconds


@pytest.mark.parametrize("date", [{}, {"date": "today"}])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("Sat, 01 Jan 2000 00:00:00 GMT", 0.0), ("Fri, 31 Dec 9999 00:00:00 GMT", LONGEST_WAIT_S), ("5", 5.0)],
)
def test_where_the_vendor_tells_no_time_a_date_is_read_by_ours(
    date: dict[str, str], value: str, seconds: float
) -> None:
    assert Answer(status=503, headers=date | {"retry-after": value}, body=b"").retry_after_s() == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff"])
def test_a_body_that_is_no_json_reads_as_nothing(body: bytes) -> None:
    assert Answer(status=200, headers={}, body=body).json() is None


@pytest.mark.parametrize("value", [{"a": 1}, [1], "x", None])
def test_a_json_body(value: object) -> None:
    assert Answer(status=200, headers={}, body=json.dumps(value).encode()).json() == value


def test_a_header_that_is_absent_is_none() -> None:
    request = Request(method="GET", headers={"a": ""}, query={}, body=b"")
    assert (request.header("a"), request.header("b")) == ("", None)


def test_a_file_is_put_with_just_the_headers_that_are_told_of_it() -> None:
    web = Web(200, {}, b"")
    told = {"Content-Type": "image/png", "Content-Length": "3", "x-amz-meta-a": "b", "Content-Disposition": "inline"}
    web.start()
    try:
        assert Outgoing().put(web.url + "/a?X-Amz-Signature=s", headers=told, body=b"png").status == 200
    finally:
        web.stop()
    [(method, path, headers, body)] = web.seen
    assert (method, path, body) == ("PUT", "/a?X-Amz-Signature=s", b"png")
    ours = {name: value for name, value in headers.items() if name.startswith(("content-", "x-amz-"))}
    assert ours == {name.lower(): value for name, value in told.items()}


def test_a_call_to_aws_goes_out_as_it_was_signed() -> None:
    web = Web(200, {}, b"{}")
    signed: list[tuple[object, ...]] = []

    def sign(*call: object) -> dict[str, str]:
        signed.append(call)
        return {"Authorization": "AWS4-HMAC-SHA256 …".replace("…", "x"), "Content-Type": "application/json"}

    web.start()
    try:
        assert Outgoing(sign=sign).signed("connect", "eu-central-1", "PUT", web.url + "/contact", b"{}").status == 200
    finally:
        web.stop()
    [(method, path, headers, body)] = web.seen
    assert signed == [("connect", "eu-central-1", "PUT", web.url + "/contact", b"{}")]
    assert (method, path, body, headers["authorization"]) == ("PUT", "/contact", b"{}", "AWS4-HMAC-SHA256 x")


def test_where_nobody_signs_nothing_goes_out() -> None:
    with pytest.raises(Misconfigured, match="nobody signs"):
        Outgoing().signed("connect", "eu-central-1", "PUT", "http://127.0.0.1:9/", b"")
