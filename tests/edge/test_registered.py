"""A line in the registry is all that lets a channel or a desk in: the edge and the app name nobody."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib import registry
from chalicelib.http import Request
from chalicelib.runtime import Runtime
from chalicelib.settings import PREFIX, load, variables
from tests.edge.made_up import delivery
from tests.fakes import FakeClock, FakeMetrics, FakeQueue, FakeSecrets, FakeShelf

ROOT = Path(__file__).parents[2]


class EverySecret(FakeSecrets):
    """The same secret, whatever it is called."""

    def get(self, name: str) -> dict[str, Any]:
        return {"secrets": ["the-pigeons-own-key"]}


def container() -> Any:
    """A runtime whose AWS is in memory."""
    names = {name: str(default or f"the-{name}") for name, default in variables().items()}
    made: Any = Runtime(
        load({f"{PREFIX}{name.upper()}": value for name, value in names.items()}), FakeClock(), FakeMetrics()
    )
    made.secrets, made.bucket, made.inbound, made.outbound = EverySecret(), FakeShelf(), FakeQueue(), FakeQueue()
    return made


@pytest.mark.parametrize(
    ("listed", "endpoint", "queue"),
    [(registry.CHANNELS, "social", "inbound"), (registry.DESKS, "desk", "outbound")],
    ids=["channel", "desk"],
)
def test_a_folder_elsewhere_that_the_registry_names_is_let_in(
    monkeypatch: pytest.MonkeyPatch, listed: Mapping[str, str], endpoint: str, queue: str
) -> None:
    monkeypatch.setitem(listed, "pigeon", "tests.extension.pigeon")
    made, body = container(), delivery("e-1")
    headers = {
        "content-type": "application/json",
        "x-pigeon-signature": hmac.new(b"the-pigeons-own-key", body, hashlib.sha256).hexdigest(),
    }
    entered = getattr(made.edge, endpoint)
    assert entered(Request(method="POST", headers=headers, query={}, body=body)).status == 200
    assert entered(Request(method="GET", headers={}, query={"pigeon_token": "1"}, body=b"")).status == 200
    record = {"messageId": "m-1", "body": body.decode(), "eventSourceARN": "arn:aws:sqs:eu-central-1:1:x-from-pigeon"}
    assert made.edge.fed([record]) == {"batchItemFailures": []}
    assert [event.source for event in getattr(made, queue).events] == ["pigeon", "pigeon"]


@pytest.mark.parametrize(
    "place", ["app.py", *(f"chalicelib/edge/{path.name}" for path in (ROOT / "chalicelib/edge").glob("*.py"))]
)
def test_nobody_is_named_where_everybody_comes_in(place: str) -> None:
    code = (ROOT / place).read_text(encoding="utf-8")
    named = {name for name in registry.CHANNELS if len(name) > 1 and name in code.lower()}
    named |= {name for name in (*registry.CHANNELS, *registry.DESKS) if f'"{name}"' in code}
    assert named == set()
