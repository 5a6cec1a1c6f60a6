"""Who may call the embedded AWS: whoever has the key of this run, from no page, under no other name."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests
from botocore.exceptions import ClientError

from sandbox.stage import aws as embedded
from sandbox.stage.aws import Aws
from sandbox.stage.emulator import FORGET, refused
from sandbox.stage.running import CannotRun, Interrupt, Interrupted
from tests.sandbox.conftest import WAIT_S, until

KEY, PORT = "SANDBOX0123", 4711
SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/20261126/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=ab"


def scope(query: str = "", **headers: str) -> dict[str, Any]:
    """A request as ASGI has it; a header's value may hold several, by line."""
    given = {"host": f"127.0.0.1:{PORT}"} | headers
    pairs = [(name.encode(), value.encode()) for name, values in given.items() for value in values.split("\n") if value]
    return {"type": "http", "headers": pairs, "query_string": query.encode()}


def verdict(query: str = "", **headers: str) -> str:
    return refused(scope(query, **headers), PORT, KEY)


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}"])
def test_what_is_signed_by_the_key_is_let_in(host: str) -> None:
    assert verdict(authorization=SIGNED, host=host) == ""
    assert verdict(f"X-Amz-Credential={quote(f'{KEY}/20261126/eu-west-1/s3/aws4_request', safe='')}", host=host) == ""


@pytest.mark.parametrize(
    "host",
    ["attacker.example", f"attacker.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"bucket.s3.localhost:{PORT}",
     f"abcdef01.execute-api.127.0.0.1:{PORT}", f"127.0.0.1:{PORT}\nattacker.example", ""],
)  # fmt: skip
def test_another_name_is_refused(host: str) -> None:
    assert verdict(authorization=SIGNED, host=host)


@pytest.mark.parametrize(
    "origin", ["http://attacker.example", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{PORT}"]
)
def test_a_page_is_refused(origin: str) -> None:
    assert verdict(authorization=SIGNED, origin=origin)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("Action=CreateQueue&QueueName=x", {}),
        ("", {"authorization": SIGNED.replace(KEY, "test")}),
        ("", {"authorization": SIGNED.replace(KEY, f"{KEY}0")}),
        ("", {"authorization": f"Bearer {KEY}"}),
        ("", {"authorization": f"{SIGNED}\n{SIGNED.replace(KEY, 'test')}"}),
        ("X-Amz-Credential=test%2F20261126", {}),
        (f"X-Amz-Credential={KEY}%2F1&X-Amz-Credential=test%2F1", {}),
        (f"x-amz-credential={KEY}%2F1", {}),
        (f"X-Amz-Credential={KEY}%2F1", {"authorization": SIGNED.replace(KEY, "test")}),
    ],
)
def test_what_has_not_the_key_is_refused(query: str, headers: dict[str, str]) -> None:
    assert verdict(query, **headers)


# --- the real one


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    made = Aws(tmp_path_factory.mktemp("emulator") / "aws.log")
    made.start()
    yield made
    made.stop()


def test_it_serves_what_the_bridge_needs_and_no_lambda(aws: Aws) -> None:
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    assert aws.client("cloudwatch").list_metrics()["Metrics"] == []
    with pytest.raises(ClientError, match="400"):
        aws.client("lambda").list_functions()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/_ministack/health", {}),
        ("POST", "/_ministack/reset", {"Origin": "http://127.0.0.1:5173"}),
        ("POST", FORGET, {}),
        ("GET", "/?Action=CreateQueue&QueueName=from-an-image", {}),
        ("POST", "/2015-03-31/functions", {"Content-Type": "text/plain"}),
        ("OPTIONS", "/2015-03-31/functions", {"Origin": "http://127.0.0.1:5173"}),
        ("PUT", "/bucket", {"Host": "attacker.example"}),
    ],
)
def test_a_page_of_the_machines_browser_reaches_nothing(
    aws: Aws, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = requests.request(method, aws.url + path, headers=headers, timeout=WAIT_S)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []


def test_a_websocket_is_refused(aws: Aws) -> None:
    port = int(aws.url.rpartition(":")[2])
    lines = [
        "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Origin: http://attacker.example",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 403")


def test_each_run_has_a_key_of_its_own(aws: Aws, tmp_path: Path) -> None:
    other = Aws(tmp_path / "aws.log")
    assert other.credentials != aws.credentials
    assert other.url != aws.url
    other.stop()


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Aws(tmp_path / "aws.log")
    try:
        made.start()
        assert set(made.create({}, [])) == {"inbound", "outbound", "inbound_dead_letters", "outbound_dead_letters"}
    finally:
        made.stop()


def test_what_keeps_it_from_starting_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ROOT", tmp_path)  # where there is no sandbox to run
    made = Aws(tmp_path / "aws.log")
    with pytest.raises(CannotRun, match=r"the embedded AWS ended: .*No module named.*All that it said: .*aws\.log"):
        made.start()
    made.stop()


def test_one_that_never_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_S", 0.0)
    made = Aws(tmp_path / "aws.log")
    with pytest.raises(CannotRun, match="did not answer within 0 s: it said nothing"):
        made.start()
    made.stop()


def test_who_interrupts_its_start_does_not_wait(tmp_path: Path) -> None:
    interrupt = Interrupt()
    os.write(interrupt._tell, b"!")
    made = Aws(tmp_path / "aws.log")
    with pytest.raises(Interrupted):
        made.start(interrupt)
    made.stop()


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sandbox.stage.aws import Aws; made = Aws(Path(sys.argv[1])); "
        "made.start(); print(made._process.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "aws.log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
