"""Each kind of encrypted event of X's, encrypted here by X's own library, compared with what it once became when it was
opened: see README.md. What the library makes anew each time, ids and versions, stands there under names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.channels.x.renderings import RENDERINGS
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Echo, Note, Sealed
from chalicelib.vocabulary.records import Event
from tests.channels.x.phones import nested, number_of, text
from tests.channels.x.test_unsealing import ACCOUNT, ANA, BRAND, Road, files
from tests.fakes import answer
from tests.golden.test_golden import WRITE, posted
from tests.oracle import accepted

HERE = Path(__file__).parent / "x_sealed"
Builds = Callable[[Road], str]
TARGET = "2300000000000000002"


def _said(words: str, **more: Any) -> Builds:
    return lambda road: road.talk.say(road.ana, words, **more)


def _sent(make: Callable[[Road], Any], by_brand: bool = False) -> Builds:
    def build(road: Road) -> str:
        return road.talk.sent(road.brand if by_brand else road.ana, make(road))

    return build


def _reaction(kind: str) -> Builds:
    def make(road: Road) -> Any:
        react = getattr(road.ana.chat, f"encrypt_{kind}_reaction")
        return react(emoji="🫖", conversation_id=road.talk.id, target_message_sequence_id=TARGET, **road.talk.sealing)

    return _sent(make)


def _edit(road: Road) -> Any:
    return road.ana.chat.encrypt_edit(
        updated_text="Two mugs, please", conversation_id=road.talk.id, target_message_sequence_id=TARGET,
        **road.talk.sealing,
    )  # fmt: skip


def _reply(road: Road) -> Any:
    return road.ana.chat.encrypt_reply(
        road.talk.id, "This one", reply_to_sequence_id=TARGET, reply_to_sender_id=int(ANA),
        reply_to_text="whatever she writes here", **road.talk.sealing,
    )  # fmt: skip


def _unsent(for_all: bool) -> Builds:
    return lambda road: road.talk.action(
        road.ana, road.ana.chat.prepare_message_delete(road.talk.id, [TARGET, "2300000000000000099"], for_all)
    )


def _detail(field: int, inside: bytes = b"\0") -> Builds:
    return lambda road: road.talk.event(road.ana, f"event-{field}", nested(field, inside) + b"\0")


def _read(road: Road) -> str:
    signed = f"MarkConversationReadEvent,read-1,{ANA},{road.talk.id},77,88"
    signature = base64.b64encode(road.ana.chat.sign(signed.encode())).decode().rstrip("=")
    detail = nested(12, text(1, "77") + b"\x0a\0\x02" + (88).to_bytes(8, "big") + b"\0") + b"\0"
    return road.talk.event(
        road.ana, "read-1", detail, text(1, signature) + text(2, road.ana.version) + text(3, "7") + b"\0"
    )


def _media(*kinds: int) -> list[dict[str, Any]]:
    return files(*((f"File{number}", kind) for number, kind in enumerate(kinds)))


_TAP = {"response": {"options": {"request_id": "r-1", "metadata": "token-1", "selected_option_id": "o-1"}}}
_OFFER = {"request": {"options": {"id": "r-1", "options": [{"id": "o-1", "label": "Yes", "metadata": "m"}]}}}
KINDS: dict[str, Builds] = {
    "text": _said("Hello <b>&amp; 👩‍👩‍👧 مرحبا\nnew line"),
    "text_that_looks_like_ours": _said("[Sent from the X app, not from here:] I agree"),
    "link": _said("see https://example.com/a?b=c"),
    "nothing": _said(" "),
    "tap": _said("Yes", quick_reply=_TAP),
    "picture_with_words": _said("Broken:", attachments=_media(1)),
    "gif": _said("", attachments=_media(2)),
    "film": _said("", attachments=_media(3)),
    "sound": _said("", attachments=_media(4)),
    "file": _said("", attachments=_media(5)),
    "ten_pictures": _said("All of them", attachments=_media(*[1] * 10)),
    "file_of_an_odd_name": _said("", attachments=files(("../a", 1))),
    "reply": _sent(_reply),
    "reaction": _reaction("add"),
    "reaction_removed": _reaction("remove"),
    "edit": _sent(_edit),
    "unsent": _unsent(for_all=True),
    "hidden": _unsent(for_all=False),
    "typing": _detail(6),
    "read": _read,
    "member_deleted": _detail(14),
    "failure": _detail(5, b"\x08\0\x01\0\0\0\x06\0"),
    "key_change": lambda road: road.talk.change_key(road.ana),
    "echo": lambda road: road.talk.say(road.brand, "From the app"),
    "echo_of_a_file": lambda road: road.talk.say(road.brand, "Look", attachments=_media(1, 3)),
    "echo_of_choices": lambda road: road.talk.say(road.brand, "Which?", quick_reply=_OFFER),
    "own_reaction": _sent(
        lambda road: road.brand.chat.encrypt_add_reaction(
            emoji="x", conversation_id=road.talk.id, target_message_sequence_id=TARGET, **road.talk.sealing
        ),
        by_brand=True,
    ),
}
GROUP = "text_in_a_group"


def became(name: str) -> list[CustomerEvent]:
    """What the kind becomes, with a message of Ana's before it; ids and versions by names."""
    road = Road(group="g9001" if name == GROUP else "")
    for user, person in (("333", {"name": "Bea", "username": "bea"}), (ANA, {"name": "Ana", "username": "ana"})):
        road.server.answers[f"/users/{user}"] = [answer(200, {"data": person})]
    change = road.talk.change_key(road.ana)
    first = road.talk.say(road.ana, "One mug, please")
    assert number_of(first) == TARGET
    road.read(first, change)
    by = road.bea if name == GROUP else None
    event = road.talk.say(by, "Hello all") if by else KINDS[name](road)
    (sealed,) = road.sealed(event, own=road.brand.user == _sender(event))
    assert isinstance(sealed, Sealed)
    told = msgspec.json.encode(road.unsealing.opened(ACCOUNT, sealed))
    return msgspec.json.decode(_named(told), type=list[CustomerEvent])


def _sender(event: str) -> str:
    body = base64.b64decode(event)
    at = body.index(b"\x0b\0\x03") + 3
    return body[at + 4 : at + 4 + int.from_bytes(body[at : at + 4], "big")].decode()


def _named(told: bytes) -> bytes:
    """With each id that the library has made in the order in which it stands there."""
    names: dict[bytes, bytes] = {}

    def name(found: re.Match[bytes]) -> bytes:
        return names.setdefault(found[0], b"message-%d" % (len(names) + 1))

    whole = re.sub(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name, told)
    return re.sub(rb'(?<="handle":"chat:)[0-9]+', b"version", whole)


def _event() -> Event:
    return Event(source="x", account=BRAND, party=ANA, id="chat:1", received_ms=1_800_000_000_000)


@pytest.mark.parametrize("name", [*KINDS, GROUP])
def test_a_kind_becomes_what_it_once_became(name: str) -> None:
    happened = became(name)
    bodies = [posted(_event(), one) for one in happened if isinstance(one, CustomerMessage | Note | Echo)]
    assert [accepted("message", body) for body in bodies] == [[]] * len(bodies)
    found = json.loads(json.dumps({"happened": msgspec.to_builtins(happened), "posted": bodies}))
    golden = HERE / f"{name}.json"
    if WRITE:
        HERE.mkdir(exist_ok=True)
        golden.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert found == json.loads(golden.read_text())


def test_every_golden_is_of_a_kind() -> None:
    assert {path.stem for path in HERE.glob("*.json")} == {*KINDS, GROUP}


# what the library makes no events of, so that nobody can encrypt one here: contents.py reads them (test_contents.py)
UNMADE = {
    "chat:url", "chat:post", "chat:card", "chat:money", "chat:unknown", "chat:group_change", "chat:marked_unread",
    "chat:conversation_deleted",
}  # fmt: skip
ELSEWHERE = {"chat:unopened", "chat:no_keys", "chat:join"}


def test_every_kind_of_rendering_has_its_golden_or_a_reason() -> None:
    made = {
        "chat:text", "chat:nothing", "chat:quick_reply", "chat:media", "chat:media_gone", "chat:reply", "chat:group",
        "chat:reaction", "chat:reaction_removed", "chat:edit", "chat:deleted", "chat:hidden", "chat:read",
        "chat:typing", "chat:echo", "chat:echo:choices", "chat:echo:media", "chat:key_change", "chat:member_deleted",
        "chat:failure",
    }  # fmt: skip
    assert made | UNMADE | ELSEWHERE == {row for row in RENDERINGS if row.startswith("chat:")}
