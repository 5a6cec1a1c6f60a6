"""MiniStack as the sandbox runs it: `python -m sandbox.stage.emulator FD`, with a socket that is bound already.

It answers whoever has the key of this run (the AWS access key id) and nobody else: it is strong enough to be worth
asking for by any page in the machine's browser. It ends with the process that started it, whose end of the standard
input then closes.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from sandbox.stage.web import refusal

# what the bridge and its operator use; no Lambda, which would run whatever code it is given
SERVICES = ("sqs", "s3", "dynamodb", "secretsmanager", "cloudwatch", "apigateway", "iam", "sns")
# What we ask of it beside AWS' own calls
FORGET = "/_sandbox/forget"
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def environment(port: int, region: str) -> dict[str, str]:
    """What MiniStack reads, so that it listens on 127.0.0.1:`port` and nowhere else."""
    return {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": region,
        "LOG_LEVEL": "WARNING",
        # both would be on 0.0.0.0
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def guarded(app: App, port: int, key: str) -> App:
    """The ASGI app, for whoever signs with the access key id `key`; all others get a 403. A call of FORGET empties all
    queues, and what its body names beside (`_forget`)."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        reason = "" if scope["type"] == "lifespan" else refused(scope, port, key)
        if not reason and (scope["type"], scope.get("path")) == ("http", FORGET):
            _forget(json.loads(await _body(receive) or b"{}"))
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        elif not reason:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": reason.encode()})

    return serve


async def _body(receive: Receive) -> bytes:
    pieces, more = [], True
    while more:
        told = await receive()
        more = bool(told.get("more_body"))
        pieces.append(told.get("body", b""))
    return b"".join(pieces)


def _forget(told: Mapping[str, Any]) -> None:
    """No queue holds a message, or knows one by its deduplication id, which a purge would keep. A queue made anew would
    do, but whoever waits for a message goes on waiting at the old one.

    Where the `table` is told, it has no items but those with the partition key `kept`, the `bucket` is empty, and
    there are the `secrets` told, value by name: in one call what would take AWS' API one for each.
    """
    from ministack.services import dynamodb, s3, secretsmanager, sqs

    for _, queue in sqs._queues.all_items():
        queue["messages"].clear()
        queue["dedup_cache"].clear()
    if not told:
        return
    with dynamodb._lock:
        table = dynamodb._tables[told["table"]]
        for key in [*table["items"].keys() - {told["kept"]}]:
            del table["items"][key]
        dynamodb._items_replaced(table)
    for key in [*s3._buckets[told["bucket"]]["objects"]]:
        s3._delete_object(told["bucket"], key)
    for name, value in told["secrets"].items():
        if secretsmanager._put_secret_value({"SecretId": name, "SecretString": value})[0] != 200:
            secretsmanager._create_secret({"Name": name, "SecretString": value})


def refused(scope: Scope, port: int, key: str) -> str:
    """Why a request is not answered, "" where it is."""
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    named = {name: [value for found, value in headers if found == name] for name in ("host", "origin", "authorization")}
    # what a page shows of another origin bears no Origin: only the key keeps an <img> from calling an API
    return refusal(named["host"], named["origin"], port) or _unsigned(named["authorization"], scope, key)


def _unsigned(authorization: list[str], scope: Scope, key: str) -> str:
    """docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html: by header or by query."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    given = [credential for header in authorization for credential in re.findall(r"Credential=([^,\s]+)", header)]
    given += query.get("X-Amz-Credential", []) + query.get("AWSAccessKeyId", [])
    right = bool(given) and all(credential.partition("/")[0] == key for credential in given)
    return "" if right else "the sandbox's AWS wants the access key of this run"


def main() -> None:
    """Serves until the standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    descriptor = int(sys.argv[1])
    with socket.socket(fileno=os.dup(descriptor)) as bound:
        port = int(bound.getsockname()[1])
    asyncio.run(_serve(descriptor, port))


async def _serve(descriptor: int, port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    wanted: Any = guarded(app, port, os.environ["AWS_ACCESS_KEY_ID"])
    await serve(wanted, config, shutdown_trigger=asyncio.Event().wait)  # a signal simply ends it: it keeps nothing


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
