"""The HTTP server under the simulators."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from sandbox.stage.web import HANG, RESET, Answer, Call, Outcome, Stream, WebServer
from tests.sandbox.conftest import WAIT_S

SEEN: list[Call] = []


def _handle(call: Call) -> Answer | Outcome:
    SEEN.append(call)
    if call.path == "/reset":
        return RESET
    if call.path == "/hang":
        return HANG
    if call.path == "/raise":
        raise RuntimeError("on purpose")
    return Answer(201, {"text": "¿qué? 🚚"}, {"X-Extra": "1"})


def asked(server: WebServer, head: str = "GET / HTTP/1.1") -> bytes:
    """A request without a body, as it is on the wire."""
    return f"{head}\r\nHost: localhost:{server.port}\r\n\r\n".encode()


@pytest.fixture
def server() -> Iterator[WebServer]:
    SEEN.clear()
    web = WebServer(_handle)
    web.start()
    yield web
    web.stop()


def test_it_hands_over_the_request_and_writes_the_answer(server: WebServer) -> None:
    answer = requests.post(f"{server.url}/a%20b?x=1%2B2&y=a+b&z=", data="ü".encode(), timeout=WAIT_S)
    assert (answer.status_code, answer.headers["X-Extra"]) == (201, "1")
    assert answer.content == '{"text":"¿qué? 🚚"}'.encode()
    call = SEEN[0]
    assert (call.method, call.path, call.body) == ("POST", "/a b", "ü".encode())
    assert call.query == {"x": "1+2", "y": "a b", "z": ""}
    assert call.header("content-LENGTH") == "2"
    with pytest.raises(ValueError, match="Expecting value"):
        call.json()


def test_it_binds_loopback_only_and_keeps_connections_alive(server: WebServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        for _ in range(2):
            client.sendall(asked(server))
            assert client.recv(4096).startswith(b"HTTP/1.1 201 Created\r\n")


@pytest.mark.parametrize(
    "host",
    ["attacker.example", "attacker.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.attacker.example:{port}",
     "127.0.0.1:{port}.attacker.example", "user@127.0.0.1:{port}", "[::1]:{port}", "0.0.0.0:{port}",
     "2130706433:{port}", "", "127.0.0.1:{port}, attacker.example"],
)  # fmt: skip
def test_it_refuses_foreign_host_names(server: WebServer, host: str) -> None:
    answer = requests.get(server.url, headers={"Host": host.format(port=server.port)}, timeout=WAIT_S)
    assert answer.status_code == 403
    assert not SEEN


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1:{port}"] * 2, ["127.0.0.1:{port}", "attacker.example"]])
def test_it_wants_one_host_name(server: WebServer, hosts: list[str]) -> None:
    lines = ["GET / HTTP/1.1", *(f"Host: {host.format(port=server.port)}" for host in hosts), "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        client.sendall("\r\n".join(lines).encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")
    assert not SEEN


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    ["http://attacker.example", "null", "", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "http://127.0.0.1",
     "http://127.0.0.1:{port}.attacker.example", "http://127.0.0.1:{port} http://attacker.example", "file://"],
)  # fmt: skip
def test_it_refuses_pages_of_others(server: WebServer, origin: str, method: str) -> None:
    headers = {"Origin": origin.format(port=server.port)}
    assert requests.request(method, server.url, headers=headers, timeout=WAIT_S).status_code == 403
    assert not SEEN


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_its_own_page_is_let_in(server: WebServer, name: str) -> None:
    headers = {"Host": f"{name}:{server.port}", "Origin": f"http://{name.lower()}:{server.port}"}
    assert requests.post(server.url, headers=headers, timeout=WAIT_S).status_code == 201


def test_it_wants_a_content_length(server: WebServer) -> None:
    answer = requests.post(server.url, data=iter([b"chunk"]), timeout=WAIT_S)
    assert answer.status_code == 411


def test_a_client_that_leaves_within_its_body_is_not_served(server: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        client.sendall(asked(server, "POST / HTTP/1.1\r\nContent-Length: 10") + b"half")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(4096) == b""
    assert not SEEN


def test_a_failing_handler_is_a_500_with_its_traceback(server: WebServer, capsys: pytest.CaptureFixture[str]) -> None:
    answer = requests.get(f"{server.url}/raise", timeout=WAIT_S)
    assert answer.status_code == 500
    assert "error" in answer.json()
    assert "RuntimeError: on purpose" in capsys.readouterr().err


def test_reset_drops_the_connection_with_rst(server: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        client.sendall(asked(server, "GET /reset HTTP/1.1"))
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_hang_ends_when_the_client_leaves(server: WebServer) -> None:
    before = threading.active_count()
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/hang", timeout=0.1)
    assert threading.active_count() <= before + 1


def test_stop_releases_hanging_and_idle_connections() -> None:
    before = threading.active_count()
    reached = threading.Event()

    def handle(call: Call) -> Answer | Outcome:
        if call.path == "/hang":
            reached.set()
        return _handle(call)

    web = WebServer(handle)
    web.start()
    with socket.create_connection(("127.0.0.1", web.port), timeout=WAIT_S) as idle:
        with socket.create_connection(("127.0.0.1", web.port), timeout=WAIT_S) as hanging:
            hanging.sendall(asked(web, "GET /hang HTTP/1.1"))
            idle.sendall(asked(web))
            assert idle.recv(4096)
            assert reached.wait(WAIT_S)
            web.stop()
            assert hanging.recv(1) == b""
        assert idle.recv(4096) == b""
    assert threading.active_count() == before


def test_stop_without_start_frees_the_port() -> None:
    web = WebServer(_handle)
    web.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", web.port), timeout=1)


def test_after_runs_once_the_answer_is_out() -> None:
    ran = threading.Event()
    web = WebServer(lambda call: Answer(299, after=ran.set))
    web.start()
    assert requests.get(web.url, timeout=WAIT_S).status_code == 299
    assert ran.wait(WAIT_S)
    web.stop()


@pytest.mark.parametrize("length", [6, None])
def test_a_stream_is_written_piece_by_piece(length: int | None) -> None:
    asked = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"abc"
        assert asked.wait(WAIT_S)
        yield b"def"

    web = WebServer(lambda call: Answer(200, Stream(pieces(), length), content_type="x/y"))
    web.start()
    with requests.Session() as session, session.get(web.url, timeout=WAIT_S, stream=True) as answer:
        assert answer.headers.get("Content-Length") == (str(length) if length else None)
        assert answer.headers["Content-Type"] == "x/y"
        got = answer.iter_content(3)
        assert next(got) == b"abc"
        asked.set()
        assert b"".join(got) == b"def"
    web.stop()


def test_a_hold_waits_for_calls_cuts_pauses_short_and_keeps_later_calls_waiting() -> None:
    begun, seen = threading.Event(), list[str]()

    def handle(call: Call) -> Answer:
        seen.append(f"{call.path} begins")
        begun.set()
        if call.path == "/slow":
            web.pause(100 * WAIT_S)
        seen.append(f"{call.path} ends")
        return Answer(204)

    def ask(path: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: requests.get(web.url + path, timeout=WAIT_S))
        thread.start()
        return thread

    web = WebServer(handle)
    web.start()
    slow = ask("/slow")
    assert begun.wait(WAIT_S)
    with web.held():
        seen.append("held")
        late = ask("/late")
        late.join(0.05)
        seen.append("released")
    for one in (slow, late):
        one.join(WAIT_S)
    assert seen == ["/slow begins", "/slow ends", "held", "released", "/late begins", "/late ends"]
    web.stop()


@pytest.mark.parametrize("path", ["/stream", "/hang"])
def test_what_never_ends_holds_nothing_up(path: str) -> None:
    more = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        more.wait(WAIT_S)
        yield b"second"

    reached = threading.Event()

    def handle(call: Call) -> Answer | Outcome:
        reached.set()
        return HANG if call.path == "/hang" else Answer(200, Stream(pieces()))

    web = WebServer(handle)
    web.start()
    with socket.create_connection(("127.0.0.1", web.port), timeout=WAIT_S) as client:
        client.sendall(asked(web, f"GET {path} HTTP/1.1"))
        assert reached.wait(WAIT_S)
        with web.held():
            more.set()
    web.stop()
