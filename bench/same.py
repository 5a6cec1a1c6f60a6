"""A handler that makes the calls that the bridge makes for a customer's text, with what the bridge writes in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any, NamedTuple

from botocore import xform_name

from bench.measure import listening, plain, stock_client

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Made(NamedTuple):
    """A call as it was made: of the table by its operation, or of the desk by its URL; `asked` is JSON."""

    operation: str
    url: str
    asked: str


@contextmanager
def heard() -> Iterator[list[Made]]:
    """Collects the calls of the table and of the desk that are made meanwhile."""
    made: list[Made] = []

    def by_aws(client: Any, operation: str, asked: Any) -> None:
        if client.meta.service_model.service_name == "dynamodb":
            made.append(Made(operation, "", json.dumps(asked)))

    def by_http(method: str, url: str, headers: dict[str, str], body: bytes | None) -> None:
        made.append(Made(method, url, json.dumps({"headers": headers, "data": (body or b"").decode()})))

    with listening(by_aws, by_http):
        yield made


def handler(made: list[Made], text: dict[str, Any]) -> Handler:
    """Makes them again for each message; `text` is Meta's event for which they were made."""
    dynamodb = stock_client("dynamodb")
    session = plain()
    theirs = [one for one in made if text["sender"]["id"] in one.asked]  # and none that is made for all, now and then
    before = _names(text)

    def handle(event: dict[str, Any], _: Any) -> dict[str, Any]:
        for record in event["Records"]:
            pairs = list(zip(before, _names(json.loads(record["body"])["raw"]), strict=True))
            for one in theirs:
                asked = json.loads(reduce(lambda told, pair: told.replace(*pair), pairs, one.asked))
                if one.url:
                    answer = session.request(one.operation, one.url, headers=asked["headers"],
                                             data=asked["data"].encode())  # fmt: skip
                    assert answer.ok, answer.text
                else:
                    getattr(dynamodb, xform_name(one.operation))(**asked)
        return {"batchItemFailures": []}

    return handle


def _names(text: dict[str, Any]) -> tuple[str, str, str]:
    """What differs from one message's calls to those of another."""
    return text["sender"]["id"], text["message"]["mid"], str(text["timestamp"])
