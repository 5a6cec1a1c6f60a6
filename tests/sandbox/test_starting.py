"""`python -m sandbox` from its first moment to its last: whatever stands in the way is told in words."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from sandbox import command
from sandbox.stage.running import CannotRun, Folder
from tests.sandbox.conftest import WAIT_S, until

pytestmark = pytest.mark.xdist_group("starting")
ROOT = Path(__file__).resolve().parents[2]


class Started:
    """The command, as somebody runs it in a terminal."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said = ""

    def until(self, words: str) -> str:
        """The line with these words, once it is printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return line
        raise AssertionError(self.said)

    def end(self) -> int:
        """What it still says, and its exit code."""
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        return self.process.wait(WAIT_S)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[Started]:
    made = Started(*arguments, **environment)
    try:
        yield made
    finally:
        made.process.kill()
        made.end()
        assert made.process.stdout is not None
        made.process.stdout.close()
        assert "Traceback" not in made.said


def refused(*arguments: str, **environment: str) -> tuple[int, str]:
    """How it ends by itself: exit code, and its last line."""
    with started(*arguments, **environment) as one:
        code = one.end()
    return code, one.said.splitlines()[-1]


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


# --- how it is called


@pytest.mark.parametrize("port", ["99999", "-1", "abc", "", "8400.5", "65536", "٨٤٠٠", "0x20"])
@pytest.mark.parametrize("words", [[], ["say", "instagram", "Hi"], ["env"]], ids=["run", "say", "env"])
def test_what_is_no_port_is_named(
    words: list[str], port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sandbox", *words, f"--port={port}"])
    with pytest.raises(SystemExit) as ended:
        command.arguments()
    assert ended.value.code == 2
    assert f"argument --port: {port!r} is no port: 0 (any free one) to 65535" in capsys.readouterr().err


def test_a_wrong_call_ends_in_words() -> None:
    code, told = refused("--port=99999")
    assert (code, told.endswith("'99999' is no port: 0 (any free one) to 65535")) == (2, True)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused("--port", f"{port}", "--logs", str(tmp_path))
        assert told == (1, f"sandbox: port {port} is taken, perhaps by another sandbox: name another with --port")


@pytest.mark.parametrize(("folder", "why"), [("file/logs", "Not a directory"), ("loop/logs", "Too many levels"),
                                              ("full/logs", "No space left")])  # fmt: skip
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, folder: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "full" / "logs").mkdir(parents=True)
    (tmp_path / "full" / "logs" / ".held").symlink_to("/dev/full")  # refuses each byte, as a full disk does
    with pytest.raises(CannotRun, match=f"cannot write logs to {tmp_path / folder}: {why}.*--logs"):
        Folder(tmp_path / folder)


def test_a_folder_that_cannot_be_written_ends_it_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, told = refused("--port", "0", "--logs", str(tmp_path / "file"))
    assert code == 1
    assert told.startswith(f"sandbox: cannot write logs to {tmp_path / 'file'}: ")


def test_a_python_without_what_it_needs_says_what_makes_it() -> None:
    code = "import sys; sys.modules['chalice'] = None; import runpy; runpy.run_module('sandbox', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "sandbox: this Python has no chalice: `make sandbox` makes .venv, which has it\n"


# --- what it opens, and beside whom


def test_nothing_listens_beyond_this_machine_and_two_run_side_by_side(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with (
        started("--port=0", "--no-demo", f"--logs={logs}") as one,
        started("--port=0", "--no-demo", f"--logs={logs}") as two,
    ):
        told = [running.until("Control API: ") for running in (one, two)]
        assert sorted(line.split()[-1] for line in told) == [str(logs), str(logs.with_name("logs-2"))]
        for running, line in ((one, told[0]), (two, told[1])):
            sockets = [
                found.laddr.ip
                for process in family(running.process.pid)
                for found in process.net_connections("all")
                if found.laddr and (found.status == psutil.CONN_LISTEN or found.type == socket.SOCK_DGRAM)
            ]
            # Genesys, Amazon Connect, Instagram, TikTok, X, who is asked before an agent is, the gateway, the
            # control API, the embedded AWS
            assert len(sockets) == 9
            assert set(sockets) == {"127.0.0.1"}
            about = requests.get(line.split()[2], timeout=WAIT_S).json()
            assert about["ready"] is True


def test_the_usual_port_being_taken_is_told(tmp_path: Path) -> None:
    code = "import sys; from sandbox import command; command.PORT = int(sys.argv.pop(1)); sys.exit(command.main())"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", code, f"{port}", "--once", "--no-demo", f"--logs={tmp_path / 'logs'}"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Port {port} is taken, perhaps by another sandbox: this one takes a free port." in done.stdout
    assert done.stdout.endswith("Stopped.\n")


def test_the_first_free_folder_is_taken_and_given_back(tmp_path: Path) -> None:
    first, second, third = (Folder(tmp_path / "logs") for _ in range(3))
    assert [one.path.name for one in (first, second, third)] == ["logs", "logs-2", "logs-3"]
    second.release()
    again = Folder(tmp_path / "logs")
    assert again.path.name == "logs-2"
    for one in (first, third, again):
        one.release()


def test_a_proxy_of_the_environment_is_not_in_the_way(tmp_path: Path) -> None:
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    with started("--port=0", "--once", f"--logs={tmp_path / 'logs'}", no_proxy="", NO_PROXY="", **proxies) as one:
        assert one.end() == 0
    assert one.said.count("agent's receipt    Delivered") == 3


# --- how it ends


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("moment", "code", "last"),
    [
        ("Starting the bridge", 130, "Stopped before it was ready."),
        ("Page to play both sides", 130, "Stopped before it was ready."),
        ("instagram · our.shop", 130, "Stopped before it was ready."),
        ("Ctrl-C stops everything", 0, "Stopped."),
    ],
)
def test_whoever_ends_it_is_obeyed_at_any_moment(
    tmp_path: Path, moment: str, code: int, last: str, number: signal.Signals
) -> None:
    with started("--port=0", f"--logs={tmp_path / 'logs'}") as one:
        one.until(moment)
        children = family(one.process.pid)[1:]
        one.process.send_signal(number)
        assert one.end() == code
    assert one.said.splitlines()[-1] == last
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def test_whoever_asks_twice_does_not_wait(tmp_path: Path) -> None:
    with started("--port=0", "--no-demo", f"--logs={tmp_path / 'logs'}") as one:
        one.until("Ctrl-C stops everything")
        aws = family(one.process.pid)[1:]
        one.process.send_signal(signal.SIGSTOP)
        one.process.send_signal(signal.SIGTERM)
        one.process.send_signal(signal.SIGINT)
        one.process.send_signal(signal.SIGCONT)
        assert one.end() == 130
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in aws))


def test_conversations_that_miss_their_time_are_told_and_the_page_stays(tmp_path: Path) -> None:
    code = "from sandbox import command, demo; import sys; demo.PATIENCE_S = 0.0; sys.exit(command.main())"
    logs = tmp_path / "logs"
    words = [sys.executable, "-c", code, "--port=0", "--once", f"--logs={logs}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "sandbox: the message at Genesys did not come within 0 s. The machine may be busy; else "
        f"{logs / 'bridge.log'} tells what went wrong\n"
    )
    assert done.stdout.endswith("Stopped.\n")


# --- talking to one that runs


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its control API's port."""
    with started("--port=0", "--no-demo", f"--logs={tmp_path_factory.mktemp('starting') / 'logs'}") as one:
        yield one.until("Control API: ").split()[2].rpartition(":")[2]


def test_a_customer_writes_from_a_terminal(running: str) -> None:
    code, told = refused("say", "instagram", "Hello?", "--port", running)
    assert (code, told.startswith("instagram: said, as ")) == (0, True)


def test_a_text_that_is_none_is_told(running: str) -> None:
    assert refused("say", "tiktok", "", "--port", running) == (1, "sandbox: text must not be empty")


def test_where_no_sandbox_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert refused("say", "tiktok", "Hi", f"--port={port}") == (
        1, f"sandbox: no sandbox listens on port {port}: start one with `make sandbox`",
    )  # fmt: skip


def test_what_is_no_sandbox_is_told() -> None:
    code = (
        "import http.server as s; w = s.HTTPServer(('127.0.0.1', 0), s.SimpleHTTPRequestHandler); "
        "print(w.server_port, flush=True); w.handle_request()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as other:
        assert other.stdout is not None
        port = other.stdout.readline().strip()
        ended, told = refused("env", "--port", port)
    assert (ended, told) == (
        1, f"sandbox: what listens on port {port} is no sandbox: `make sandbox` tells its port when it starts",
    )  # fmt: skip


def test_the_operators_environment_is_printed_for_a_shell(running: str) -> None:
    about = requests.get(f"http://127.0.0.1:{running}/", timeout=WAIT_S).json()
    python = f'"{sys.executable}"'
    show = f'{python} -c "import json, os; print(json.dumps(dict(os.environ)))"'
    line = f'eval "$({python} -m sandbox env --port {running})" && {show}'
    done = subprocess.run(["/bin/sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)
    assert about["operator_environment"].items() <= json.loads(done.stdout).items()
    assert all(re.fullmatch(r"\w+", name) for name in about["operator_environment"])


SANDBOX_IN_A_PROCESS = """
import os, sys
from pathlib import Path
from chalicelib.aws import calls
from sandbox.bridge import Sandbox

def key():
    return calls.session().get_credentials().access_key

os.environ.update(AWS_ACCESS_KEY_ID="another", AWS_SECRET_ACCESS_KEY="another")
before = key()
with Sandbox(folder=Path(sys.argv[1])) as one:
    print(before, key() == one.aws.credentials["AWS_ACCESS_KEY_ID"])
print(key())
"""


def test_it_signs_with_its_own_key_whatever_its_process_has_used_before(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SANDBOX_IN_A_PROCESS, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["another", "True", "another"]
