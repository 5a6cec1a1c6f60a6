"""MiniStack's DynamoDB in this process, as large as memory allows: rows are put into it by the hundred thousand, and
what each call reads is known before filters, in bytes."""

from __future__ import annotations

import io
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any
from unittest.mock import patch

import msgspec
from botocore.awsrequest import AWSResponse
from botocore.session import get_session

from chalicelib.aws.keys import SCHEMA

TABLE = "dmdesk"
Row = dict[str, Any]
# docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html: a unit is a strongly consistent
# read of up to 4 KB, half of one is eventually consistent. What a query reads is added up before it is rounded, what a
# batch reads is rounded item by item.
UNIT = 4096


class Store:
    """The table, empty, and a client of it. One at a time in a process."""

    def __init__(self) -> None:
        from ministack.services import dynamodb

        self._dynamodb = dynamodb
        self._page_bytes = 0
        self.read_units = 0.0
        made: Any = get_session().create_client(
            "dynamodb", region_name="eu-west-1", endpoint_url="http://127.0.0.1:1", aws_access_key_id="a",
            aws_secret_access_key="b",
        )  # fmt: skip
        self.client = made
        made.meta.events.register("before-send.dynamodb.*", self._answer)
        dynamodb._tables.pop(TABLE, None)
        made.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", **SCHEMA)
        self._table: Any = dynamodb._tables[TABLE]

    def fill(self, rows: Iterable[Row]) -> None:
        """Puts them there, unseen by any count."""
        put = self._dynamodb._set_item
        for row in rows:
            put(self._table, row["pk"]["S"], row["sk"]["S"], row)

    @property
    def held(self) -> int:
        """How many rows there are."""
        return int(self._table["ItemCount"])

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What queries look at is measured meanwhile."""
        paged = self._dynamodb._paginate_evaluated_items

        def page(items: Any, limit: Any, table: Any, index_name: Any = None) -> Any:
            read, more = paged(items, limit, table, index_name)
            seen = [self._dynamodb._apply_index_projection(one, table, index_name) if index_name else one
                    for one in read]  # fmt: skip
            self._page_bytes += sum(map(self._size, seen))
            return read, more

        with patch.object(self._dynamodb, "_paginate_evaluated_items", page):
            yield

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        self._page_bytes = 0
        status, answered, body = _now(self._dynamodb.handle_request("POST", "/", headers, request.body, {}))
        self._count(headers["x-amz-target"].partition(".")[2], request.body, body)
        return AWSResponse(request.url, status, answered, _Raw(body))

    def _count(self, operation: str, asked: bytes, told: bytes) -> None:
        if operation not in {"GetItem", "Query", "Scan", "BatchGetItem"}:
            return
        given, answer = msgspec.json.decode(asked), msgspec.json.decode(told)
        if operation == "BatchGetItem":
            found = [item for items in answer["Responses"].values() for item in items]
            self.read_units += 0.5 * sum(max(1, ceil(self._size(item) / UNIT)) for item in found)
            return
        size = self._size(answer.get("Item", {})) if operation == "GetItem" else self._page_bytes
        self.read_units += max(1, ceil(size / UNIT)) * (1.0 if given.get("ConsistentRead") else 0.5)

    def _size(self, item: Row) -> int:
        return int(self._dynamodb._item_size_bytes(item))


def _now(work: Coroutine[None, None, Any]) -> Any:
    """What it answers, as it waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("the emulator waits for something")


class _Raw(io.BytesIO):
    """A body as botocore reads one."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()
