"""Bodies as no platform and no desk documents them, through the real edge and worker, over a queue that refuses what
SQS refuses: 10,000 mutated ones of each, and with `make fuzz` 100,000.

Nothing that is signed may raise, and nothing may vanish: each event ends shown or sent, refused with a receipt,
ignored for a counted reason, or parked.
"""

from __future__ import annotations

import json
import logging
import os
import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.edge.receive import LARGEST_BODY
from tests.edge.kit import EdgeKit
from tests.fakes import INSTAGRAM, TIKTOK
from tests.fuzz.strict_queue import StrictQueue
from tests.fuzz.worker_kit import KITS

FIXTURES = Path(__file__).parents[1] / "fixtures"
BODIES, SEEDS = int(os.environ.get("DMDESK_FUZZ", "10000")), 10
FRESH = 100  # bodies until the fakes start anew: they keep all, and look through it

# More than a queue takes, and less than an edge lets in.
HUGE = "😀" * 25_000
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 1e308, -0.0, 2**63, 10**30, "", " ", "0", "\u0000", "\ud83d", "\u202e", "é" * 300,
    "\ufffe", "a\uffffb", "null", "x" * 5000, [], {}, [[]], [None], {"": ""}, {"id": None}, "{}", "[]",
    "https://evil.example/\r\nx", "../..", "2026-11-21T00:00:00Z", "aWdfZAG1", {"id": {"id": []}}, [{}, 1, "x"],
    {"generic": []}, {"elements": [{"title": "x", "price": 1e308}]}, {"lat": 1e30, "long": "x"},
    {"buttons": [{"title": [], "url": 7}]},
]  # fmt: skip
# What the platforms call things: anything may turn up under any of these names.
WORDS = (
    "message", "postback", "referral", "delivery", "reaction", "read", "message_edit", "mid", "text", "attachments",
    "type", "payload", "template", "generic", "elements", "product", "buttons", "title", "subtitle", "price", "url",
    "coordinates", "lat", "long", "reply_to", "metadata", "sticker_id", "ads_context_data", "ad_id", "ref", "num_edit",
    "emoji", "poll",
)  # fmt: skip


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Ten thousand log lines would take longer than the work."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def loaded(channel: str) -> list[str]:
    """The fixtures of the channel or desk, of accounts that the worker knows."""
    texts = [path.read_text() for path in sorted((FIXTURES / channel).glob("*.json"))]
    texts = [text.replace("-000TeaShop/Ab1+Cd2==", TIKTOK.id) for text in texts]
    others = [text.replace(INSTAGRAM.integration, TIKTOK.integration) for text in texts if channel == "genesys"]
    return [json.dumps(json.loads(text)) for text in [*texts, *others]]


def mutated(chance: random.Random, body: str) -> str:
    """The JSON with one to four of its places changed, also inside JSON that stands in a string."""
    whole = {"body": json.loads(body)}
    if chance.random() < 0.002:
        holder, key = chance.choice(_places(whole))
        holder[key] = HUGE
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        places = _places(whole)
        if places:
            _change(chance, *chance.choice(places))
    return json.dumps(whole.get("body"))


def _places(whole: Any) -> list[tuple[Any, Any]]:
    """Whatever an object or a list holds in it, however deep: the holder, and the key."""
    places: list[tuple[Any, Any]] = []
    holders = [whole]
    for holder in holders:  # grows meanwhile
        pairs = list(holder.items() if isinstance(holder, dict) else enumerate(holder))
        places += [(holder, key) for key, _ in pairs]
        holders += [held for _, held in pairs if isinstance(held, dict | list)]
    return places


def _copied(value: Any) -> Any:
    """As copy.deepcopy, of JSON alone, in a third of its time."""
    if isinstance(value, dict):
        return {key: _copied(held) for key, held in value.items()}
    return [_copied(held) for held in value] if isinstance(value, list) else value


def _change(chance: random.Random, holder: Any, key: Any) -> None:
    old = holder[key]
    if isinstance(old, str) and old[:1] == "{" and chance.random() < 0.9:
        try:
            holder[key] = mutated(chance, old)
        except ValueError:
            holder[key] = ""
        return

    def own() -> Any:
        return _copied(old)  # or a body might come to hold itself

    changes: list[Callable[[], Any]] = [
        lambda: holder.__setitem__(key, _copied(chance.choice(ODD))),
        lambda: holder.__setitem__(key, [own()]),
        lambda: holder.__setitem__(key, {"id": own()}),
        lambda: holder.__setitem__(key, [own() for _ in range(chance.choice((2, 3, 12)))]),
        lambda: holder.pop(key),
        lambda: holder.__setitem__(key, str(old)),
        lambda: holder.__setitem__(key, str(old)[: chance.randrange(12)]),
    ]
    if isinstance(holder, dict):
        changes.append(lambda: holder.__setitem__(f"{key}_", holder.pop(key)))
        changes.append(lambda: holder.__setitem__(chance.choice(list(holder)), own()))
        changes.append(lambda: holder.__setitem__(chance.choice(WORDS), own()))
    chance.choice(changes)()


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("channel", KITS)
def test_no_signed_body_raises_and_none_is_lost(channel: str, seed: int) -> None:
    chance = random.Random(seed)
    fixtures = loaded(channel)
    through = 0
    for _ in range(max(1, BODIES // SEEDS // FRESH)):
        edge = EdgeKit(queue=StrictQueue)
        worker = KITS[channel](edge.shelf)
        for _ in range(FRESH):
            body = mutated(chance, chance.choice(fixtures)).encode()[:LARGEST_BODY]
            before, kept = len(edge.stored), len(edge.shelf.kept)
            assert edge.deliver(channel, body).status == 200, body
            events = edge.stored[before:]
            # an envelope may hold no event at all; whatever is no envelope is kept aside
            assert events or len(edge.shelf.kept) > kept or _is_known(edge, body) or _holds_nothing(body), body
            for event in events:
                assert worker.ended(event), body
        through += worker.metrics.total(worker.reached)
    assert through > 0


def _is_known(edge: EdgeKit, body: bytes) -> bool:
    return any(b64encode(body) in kept for kept in edge.shelf.kept.values())


def _holds_nothing(body: bytes) -> bool:
    """Whether it is a delivery without entries."""
    try:
        found = json.loads(body)
    except ValueError:
        return False
    deliveries = found if isinstance(found, list) else [found]
    return all(isinstance(one, dict) and one.get("entry") == [] for one in deliveries)
