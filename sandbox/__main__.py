"""`python -m sandbox`: the whole bridge on this machine. `python -m sandbox say`: write as a customer."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading

import requests

PORT = 8400


def main() -> int:
    """Runs the command; 0 where it worked."""
    arguments = _arguments()
    if arguments.command == "say":
        return _say(arguments)
    return _run(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, help=f"the control API's port (default {PORT}, or a free one)")
    parser.add_argument("--no-demo", action="store_true", help="do not play the two conversations first")
    parser.add_argument("--once", action="store_true", help="end after the two conversations")
    parser.add_argument("--genesys-deduplicates", action="store_true", help="a Genesys that answers 409 to a known id")
    commands = parser.add_subparsers(dest="command")
    say = commands.add_parser("say", help="write a message as a customer into a running sandbox")
    say.add_argument("channel", choices=["instagram", "tiktok"])
    say.add_argument("text")
    say.add_argument("--customer", help="the customer's id (default: the one of the demo)")
    say.add_argument("--port", type=int, default=PORT, help=f"the control API's port (default {PORT})")
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> int:
    from sandbox.bridge import Sandbox
    from sandbox.demo import play

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    port = arguments.port if arguments.port is not None else PORT if _is_free(PORT) else 0
    made = Sandbox(port, deduplicates=arguments.genesys_deduplicates)
    print(f"Page to play both sides: {made.page_url}", flush=True)
    print("Starting the bridge, an embedded AWS and the simulators on 127.0.0.1 …", flush=True)
    with made as sandbox:
        control = sandbox.control.url
        print(f"Control API: {control}   logs: {sandbox.folder}", flush=True)
        if not arguments.no_demo:
            play(sandbox)
        if not arguments.once:
            _explain(control, sandbox.page_url)
            stop.wait()
    print("Stopped.")
    return 0


def _explain(control: str, page: str) -> None:
    port = control.rpartition(":")[2]
    print(
        f"""
Play the customer and the agent: {page}
Or write a message yourself:
  .venv/bin/python -m sandbox say instagram "Hello?" --port {port}
  curl -s {control}/genesys/messages          what Genesys took
  curl -s {control}/genesys/reply -d '{{"conversation_id": "…", "text": "Hello!"}}'
  curl -s {control}/instagram/sent            what the customer received
  curl -s {control}/state                     queues, dead letters, parked events, metrics
Ctrl-C stops everything.""",
        flush=True,
    )


def _say(arguments: argparse.Namespace) -> int:
    body = {"text": arguments.text} | ({"customer": arguments.customer} if arguments.customer else {})
    control = f"http://127.0.0.1:{arguments.port}"
    try:
        answer = requests.post(f"{control}/{arguments.channel}/say", json=body, timeout=30)
    except requests.ConnectionError:
        print(f"no sandbox listens on port {arguments.port}: start one with `make sandbox`", file=sys.stderr)
        return 1
    print(answer.text)
    return 0 if answer.ok else 1


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


if __name__ == "__main__":
    sys.exit(main())
