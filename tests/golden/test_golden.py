"""Every fixture through the real edge and translator, compared with what it once became: see README.md."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM_TRANSLATOR
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK_TRANSLATOR
from chalicelib.channels.x.translate import TRANSLATOR as X_TRANSLATOR
from chalicelib.desks.connect.translate import TRANSLATOR as CONNECT_TRANSLATOR
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS_TRANSLATOR
from chalicelib.desks.genesys.translate import inbound_message
from chalicelib.errors import Malformed
from chalicelib.pipeline.inbound.posts import led_to
from chalicelib.pipeline.presenting import desk_message, line_message, remembered, words
from chalicelib.registry import CHANNELS, abouts
from chalicelib.rules import windows
from chalicelib.rules.participant import attributes
from chalicelib.vocabulary.messages import Attachment, CustomerMessage, DeskMessage, Echo, Note
from chalicelib.vocabulary.records import Account, Event, Seat
from tests.edge.kit import EdgeKit
from tests.fakes import WINDOW
from tests.oracle import accepted

pytestmark = pytest.mark.xdist_group("sdk")  # its import takes a process three seconds

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
WRITE = os.environ.get("DMDESK_GOLDEN") == "write"
PARSE: dict[str, Callable[[Event], list[Any]]] = {
    "instagram": INSTAGRAM_TRANSLATOR.parse,
    "tiktok": TIKTOK_TRANSLATOR.parse,
    "x": X_TRANSLATOR.parse,
    "genesys": lambda event: [GENESYS_TRANSLATOR.parse(event)],
    "connect": lambda event: [CONNECT_TRANSLATOR.parse(event)],
}


def names(folder: Path) -> list[str]:
    """ "platform/event__variant" of every JSON file."""
    return sorted(f"{path.parent.name}/{path.stem}" for name in PARSE for path in (folder / name).glob("*.json"))


each_fixture = pytest.mark.parametrize("name", names(FIXTURES))


def delivered(name: str) -> list[Event]:
    """The events that the edge stores of a fixture, sent compactly, as the platforms do."""
    body = json.dumps(json.loads((FIXTURES / f"{name}.json").read_text()), separators=(",", ":")).encode()
    kit = EdgeKit()
    kit.feed(name.partition("/")[0], body)
    assert all(b"not_json" in kept for kept in kit.shelf.kept.values())
    return kit.stored


def posted(event: Event, said: CustomerMessage | Note | Echo) -> dict[str, Any]:
    """The body that Genesys gets."""
    return inbound_message(shown(event, said), event.received_ms / 1000)


def shown(event: Event, said: CustomerMessage | Note | Echo) -> DeskMessage:
    """What a desk is given; a file has been copied, a conversation is open, and a post has its id for an address."""
    account = Account(channel=event.source, id=event.account, integration="int", secret="s")
    if not isinstance(said, CustomerMessage):
        text = words(account, said.lines, said.text)
        return line_message(account, said.id, said.conversation.customer, said.sent_ms, text)
    for post in {line.post for line in said.lines} - {""}:
        said = msgspec.structs.replace(said, lines=led_to(said.lines, post, post))
    thread = remembered(said)
    state = windows.state(WINDOW, msgspec.structs.replace(thread, seat=Seat(conversation="known")), event.received_ms)
    facts = attributes(abouts(CHANNELS)[event.source], account, said, None, windows.expires_ms(WINDOW, thread), state)
    copy = None
    if said.media:
        kind = said.media.kind
        copy = Attachment(kind=kind, url=f"https://bridge.example/{kind}", mime=f"{kind}/*", name=kind)
    return desk_message(account, said, facts, attachment=copy)


def became(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(event, name) for name in ("account", "party", "id", "section")}
    try:
        happened = PARSE[event.source](event)
    except Malformed as error:
        return found | {"malformed": str(error)}
    found["happened"] = msgspec.to_builtins(happened)
    bodies = [posted(event, one) for one in happened if isinstance(one, (CustomerMessage, Note, Echo))]
    return found | ({"posted": bodies} if bodies else {})


@each_fixture
def test_a_fixture_becomes_what_it_once_became(name: str) -> None:
    events = json.loads(json.dumps([became(event) for event in delivered(name)]))
    golden = HERE / f"{name}.json"
    if WRITE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(events, indent=2, ensure_ascii=False) + "\n")
    assert events == json.loads(golden.read_text())


@each_fixture
def test_genesys_takes_every_body_that_a_fixture_becomes(name: str) -> None:
    bodies = [body for event in delivered(name) for body in became(event).get("posted", [])]
    assert [accepted("message", body) for body in bodies] == [[]] * len(bodies)


@each_fixture
def test_a_redelivery_is_the_same_events(name: str) -> None:
    first, again = delivered(name), delivered(name)
    assert [event.dedup for event in first] == [event.dedup for event in again]


def test_every_fixture_has_a_golden_and_every_golden_a_fixture() -> None:
    assert names(FIXTURES) == names(HERE)


def test_every_fixture_is_an_event_and_a_variant() -> None:
    assert [name for name in names(FIXTURES) if name.count("__") != 1] == []


def test_events_of_different_fixtures_are_never_taken_for_each_other() -> None:
    """But for the two shapes of the dashboard's test, each fixture holds events of its own."""
    seen: dict[str, str] = {}
    for name in names(FIXTURES):
        for event in delivered(name):
            assert seen.setdefault(event.dedup, name) == name
