"""The command line of `python -m sandbox`."""

from __future__ import annotations

import argparse
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.stage.running import INTERRUPTED, CannotRun, Interrupt, Interrupted, PortTaken

if TYPE_CHECKING:
    from sandbox.bridge import Sandbox

ABOUT = "The whole bridge on this machine, with a page to play both sides."
PORT = 8400
TALK_S = 30.0


def main() -> int:
    """Runs the command; 0 where it worked, 1 where it did not, 2 where it was called wrongly, 130 where somebody
    ended it before it was ready."""
    stop = Interrupt()
    stop.listen()
    try:
        chosen = arguments()
        return int(chosen.work(chosen, stop))
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        return _failed(f"this Python has no {name}: `make sandbox` makes .venv, which has it")


def _failed(why: str) -> int:
    print(f"sandbox: {why}", file=sys.stderr, flush=True)
    return 1


# --- running it


def _run(chosen: argparse.Namespace, stop: Interrupt) -> int:
    print("Starting the bridge, an embedded AWS and the simulators on 127.0.0.1 …", flush=True)
    try:
        with _made(chosen, stop) as sandbox:
            print(f"Page to play both sides: {sandbox.page_url}", flush=True)
            print(f"Control API: {sandbox.control.url}   logs: {sandbox.folder}", flush=True)
            code = _serve(sandbox, chosen, stop)
    except CannotRun as error:
        return _failed(str(error))
    except Interrupted:
        print("Stopped before it was ready.")
        return INTERRUPTED
    print("Stopped.")
    return code


def _made(chosen: argparse.Namespace, stop: Interrupt) -> Sandbox:
    """On the port that is asked for; where none is, on the usual one, or else on a free one."""
    from sandbox.bridge import Sandbox

    make = partial(Sandbox, flags=chosen.flags, folder=chosen.logs, interrupt=stop)
    try:
        return make(PORT if chosen.port is None else chosen.port)
    except PortTaken:
        if chosen.port is not None:
            raise
    print(f"Port {PORT} is taken, perhaps by another sandbox: this one takes a free port.", flush=True)
    return make(0)


def _serve(sandbox: Sandbox, chosen: argparse.Namespace, stop: Interrupt) -> int:
    """1 where the conversations did not come to their end."""
    code = 0 if chosen.no_demo else _play(sandbox, stop)
    if not chosen.once:
        _explain(sandbox)
        stop.wait()
        print("Stopping …", flush=True)
    return code


def _play(sandbox: Sandbox, stop: Interrupt) -> int:
    from sandbox.demo import Missed, play

    try:
        play(sandbox, stop)
    except Missed as error:
        return _failed(f"{error}. The machine may be busy; else {sandbox.folder / 'bridge.log'} tells what went wrong")
    return 0


def _explain(sandbox: Sandbox) -> None:
    control, channel = sandbox.control.url, sandbox.vendors.channels[0].name
    port = control.rpartition(":")[2]
    looks = {path: words for desk in sandbox.vendors.desks for path, words in desk.looks.items()}
    looks |= {f"/{channel}/sent": "what the customer received"}
    looks |= {"/state": "queues, dead letters, parked events, metrics"}
    told = "\n".join(f"  curl -s {control}{path:27}{words}".rstrip() for path, words in looks.items())
    print(
        f"""
Play the customer and the agent: {sandbox.page_url}
Or write a message yourself:
  .venv/bin/python -m sandbox say {channel} "Hello?" --port {port}
{told}
Or try the operator's commands on it, once `make operator` has made them:
  eval "$(.venv/bin/python -m sandbox env --port {port})" && .venv/bin/dmdesk doctor
Ctrl-C stops everything.""",
        flush=True,
    )


# --- talking to one that runs


def _say(chosen: argparse.Namespace, stop: Interrupt) -> int:
    body = {"text": chosen.text} | ({"customer": chosen.customer} if chosen.customer else {})
    found = _asked(chosen.port, "POST", f"/{chosen.channel}/say", body)
    if isinstance(found, str):
        return _failed(found)
    print(f"{chosen.channel}: said, as {found['id']}")
    return 0


def _env(chosen: argparse.Namespace, stop: Interrupt) -> int:
    found = _asked(chosen.port, "GET", "/", None)
    if isinstance(found, str):
        return _failed(found)
    for name, value in found["operator_environment"].items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _asked(port: int, method: str, path: str, body: dict[str, str] | None) -> dict[str, Any] | str:
    """What the control API answers, or why there is no answer."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy does not find what runs on this machine
        try:
            answer = session.request(method, f"http://127.0.0.1:{port}{path}", json=body, timeout=TALK_S)
            found = answer.json()
        except requests.JSONDecodeError:
            return f"what listens on port {port} is no sandbox: `make sandbox` tells its port when it starts"
        except requests.ConnectionError:
            return f"no sandbox listens on port {port}: start one with `make sandbox`"
        except requests.Timeout:
            return f"the sandbox on port {port} did not answer within {TALK_S:g} s"
    if isinstance(found, dict) and answer.ok:
        return found
    return str(found.get("error", found) if isinstance(found, dict) else found)


# --- the command line


def arguments() -> argparse.Namespace:
    """What the command line says; `work` is what does it. Ends the process where it is wrong."""
    from sandbox import registry

    parser = argparse.ArgumentParser(prog="python -m sandbox", description=ABOUT)
    parser.set_defaults(work=_run)
    parser.add_argument("--port", type=_port, help=f"the control API's port (default {PORT}, or a free one)")
    parser.add_argument("--no-demo", action="store_true", help="do not play the conversations first")
    parser.add_argument("--once", action="store_true", help="end after the conversations")
    for vendor in (*registry.DESKS.values(), *registry.CHANNELS.values()):
        for flag, words in vendor.flags.items():
            parser.add_argument(f"--{flag}", dest="flags", action="append_const", const=flag, default=[], help=words)
    logs = Path(__file__).resolve().parents[1] / "build" / "sandbox"
    parser.add_argument("--logs", type=Path, default=logs, help="the folder for logs (default build/sandbox)")
    commands = parser.add_subparsers(dest="command", title="to a sandbox that runs", metavar="")
    say = commands.add_parser("say", help="write a message as a customer")
    say.add_argument("channel", choices=list(registry.CHANNELS))
    say.add_argument("text")
    say.add_argument("--customer", help="the customer's id (default: the one of the demo)")
    say.set_defaults(work=_say)
    env = commands.add_parser("env", help="print the environment of the operator's commands, for eval")
    env.set_defaults(work=_env)
    for command in (say, env):
        command.add_argument("--port", type=_port, default=PORT, help=f"the control API's port (default {PORT})")
    return parser.parse_args()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 (any free one) to 65535")
    return int(text)
