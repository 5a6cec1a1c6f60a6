"""A small threaded HTTP/1.1 server on 127.0.0.1: the ground the simulators and the control API stand on."""

from __future__ import annotations

import enum
import json
import os
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.stage.gate import Gate

HOST = "127.0.0.1"
_LOCAL_NAMES = (HOST, "localhost")
_JOIN_S = 10.0


class Outcome(enum.Enum):
    """What a handler may return when it does not want to answer."""

    RESET = "reset"  # drop the connection with a TCP reset
    HANG = "hang"  # say nothing until the client leaves or the server stops


RESET = Outcome.RESET
HANG = Outcome.HANG


@dataclass(frozen=True)
class Stream:
    """A body that is written piece by piece: with `length` (bytes) as Content-Length, chunked where it is None."""

    pieces: Iterable[bytes]
    length: int | None = None


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `body` is sent as it is when bytes or a Stream, as JSON otherwise.

    `after` runs once the answer has been written: what a platform does later than its reply.
    """

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    after: Callable[[], None] | None = None


@dataclass(frozen=True)
class Call:
    """One request: `path` and `query` are percent-decoded, `body` is the raw bytes."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """A header's value whatever the case of its name, "" when absent."""
        return str(self.headers.get(name, ""))


Handle = Callable[[Call], Answer | Outcome]


class WebServer:
    """Serves `handle` on 127.0.0.1; port 0 means any free one. `handle` runs in one thread per connection."""

    def __init__(self, handle: Handle, port: int = 0) -> None:
        self._server = _Server(handle, port)
        self._loop = threading.Thread(target=self._accept, daemon=True)
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self.port = int(self._server.server_address[1])
        self.url = f"http://{HOST}:{self.port}"

    def start(self) -> None:
        self._loop.start()

    def pause(self, seconds: float) -> None:
        """Sleep inside a handler, cut short by held() and stop()."""
        self._hurry.wait(seconds)

    @contextmanager
    def held(self) -> Iterator[None]:
        """No call is at work meanwhile, nor what follows from its answer; those that come wait. Streams go on."""
        self._hurry.set()
        with self._server.gate.closed():
            self._hurry.clear()
            if self._stopping.is_set():
                self._hurry.set()
            yield

    def stop(self) -> None:
        """Close the port and every connection, also idle and hanging ones, and wait for their threads."""
        self._stopping.set()
        self._hurry.set()
        if self._loop.is_alive():
            socket.create_connection((HOST, self.port), _JOIN_S).close()  # wakes the accepting loop
            self._loop.join(_JOIN_S)
        self._server.server_close()
        self._server.hang_up()

    def _accept(self) -> None:
        # Not serve_forever(): it polls, which costs time at every stop and wakes an idle machine.
        while not self._stopping.is_set():
            try:
                request, address = self._server.get_request()
            except OSError:
                self._stopping.wait(0.01)  # out of file descriptors: some will be closed
                continue
            self._server.process_request(request, address)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, handle: Handle, port: int) -> None:
        self.handle = handle
        self.gate = Gate()
        self._lock = threading.Lock()
        self._live: dict[threading.Thread, socket.socket] = {}
        super().__init__((HOST, port), _Connection)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks the DNS for a name nobody needs
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        work = self.process_request_thread
        thread = threading.Thread(target=work, args=(request, client_address), daemon=True)
        with self._lock:
            self._live[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._live.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that leaves is no error of ours
            traceback.print_exc()

    def hang_up(self) -> None:
        with self._lock:
            live = dict(self._live)
        for connection in live.values():
            _shut(connection)
        for thread in live:
            thread.join(_JOIN_S)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: requests are inspected through the simulators, not through a log."""

    def _serve(self) -> None:
        call = self._read()
        with self.server.gate.passing():
            outcome = call if isinstance(call, Answer) else self._handled(call)
            if isinstance(outcome, Answer) and not isinstance(outcome.body, Stream):
                self._write(outcome)
                if outcome.after:
                    outcome.after()
        if outcome is RESET:
            self._reset()
        elif outcome is HANG:
            self._hang()
        elif isinstance(outcome, Answer) and isinstance(outcome.body, Stream):
            self._stream(outcome, outcome.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _read(self) -> Call | Answer:
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        if reason := refusal(hosts, origins, self.server.server_port):
            return self._refused(HTTPStatus.FORBIDDEN, reason)
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            return self._refused(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError("the client left before the end of its body")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        return Call(self.command, unquote(path), pairs, self.headers, body)

    def _refused(self, status: int, reason: str) -> Answer:
        self.close_connection = True  # the body was not read, so the next request's start is unknown
        return Answer(status, {"error": reason})

    def _handled(self, call: Call) -> Answer | Outcome:
        try:
            return self.server.handle(call)
        except Exception:  # whatever a handler raises must not cost the connection
            traceback.print_exc()
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "the simulator failed, see stderr"})

    def _write(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else to_json(answer.body)
        self.wfile.write(self._head(answer, {"Content-Length": str(len(body))}) + body)

    def _stream(self, answer: Answer, body: Stream) -> None:
        chunked = body.length is None
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(body.length)}
        self.wfile.write(self._head(answer, framing))
        for piece in body.pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, answer: Answer, framing: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {int(answer.status)} {_phrase(answer.status)}"]
        headers = {"Date": self.date_time_string(), "Content-Type": answer.content_type, **answer.headers, **framing}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.close_connection:
            lines.append("Connection: close")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def _hang(self) -> None:
        self.close_connection = True
        while self.connection.recv(4096):  # ends when the client closes, or stop() shuts the socket
            pass

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # at once: a shutdown first would say goodbye politely


def refusal(hosts: Sequence[str], origins: Sequence[str], port: int) -> str:
    """Why a request to `port` with these Host and Origin headers is refused, "" where it may go on.

    Any page in this machine's browser can send requests to 127.0.0.1, and can give its own name to that address (DNS
    rebinding). It can hide neither: fetch.spec.whatwg.org/#forbidden-request-header
    """
    own = [f"{name}:{port}" for name in _LOCAL_NAMES]
    if len(hosts) != 1 or hosts[0].lower() not in own:
        return f"the Host has to be one of: {', '.join(own)}"
    if any(origin not in {f"http://{name}" for name in own} for origin in origins):
        return "requests from other pages are refused"
    return ""


def to_json(value: object) -> bytes:
    """Compact JSON in UTF-8, not escaped to ASCII."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already gone
