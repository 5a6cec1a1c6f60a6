"""What each fixture of a channel becomes at Amazon Connect: the calls, whose form botocore's models judge."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Malformed
from chalicelib.pipeline.posting import Posting
from chalicelib.registry import CHANNELS
from chalicelib.vocabulary.messages import CustomerMessage, Echo, Note
from tests.desks.connect.kit import ACCOUNT, EMPTY, Instance
from tests.fakes import FakeClock, FakeMetrics
from tests.golden.test_golden import FIXTURES, HERE, PARSE, delivered, shown

GOLDEN = HERE / "at_connect"
# What differs from run to run, or is the same for all.
UNTOLD = {
    "ClientToken", "ConnectionToken", "ParticipantToken", "InstanceId", "ContactFlowId", "ContactId", "Type",
    "ChatDurationInMinutes", "SupportedMessagingContentTypes", "ParticipantConfiguration", "ConnectParticipant",
    "ChatStreamingConfiguration", "AttachmentIds",
}  # fmt: skip
MIMES = {"image/*": "image/png", "video/*": "video/mp4", "audio/*": "audio/mp4", "file/*": "application/pdf"}
NAMES = sorted(f"{path.parent.name}/{path.stem}" for name in CHANNELS for path in (FIXTURES / name).glob("*.json"))
each_fixture = pytest.mark.parametrize("name", NAMES)


def calls(name: str) -> list[list[dict[str, Any]]]:
    """Of each thing that happened: the calls by which agents learn of it. What is no message stands in a contact that
    is open; each message begins one."""
    found = []
    for event in delivered(name):
        with suppress(Malformed):
            happened = [one for one in PARSE[event.source](event) if isinstance(one, (CustomerMessage, Note, Echo))]
            found += [_calls(event, one) for one in happened]
    return found


def _calls(event: Any, said: CustomerMessage | Note | Echo) -> list[dict[str, Any]]:
    connect = Instance()
    message = shown(event, said)
    file = message.attachment
    if file:
        mime = MIMES[file.mime]
        file = msgspec.structs.replace(file, mime=mime, name=f"{file.kind}.{mime.partition('/')[2]}", key="key", size=3)
        message = msgspec.structs.replace(message, attachment=file)
    seat = EMPTY if isinstance(said, CustomerMessage) else connect.opened()
    posting = Posting(lambda key: b"png", FakeClock(), FakeMetrics())
    posting.post(connect.desk, ACCOUNT, message, seat)
    told = [
        (call, {key: value for key, value in given.items() if key not in UNTOLD}) for call, given in connect.http.calls
    ]
    return [{"call": call} | given for call, given in told if given]


@each_fixture
def test_a_fixture_becomes_the_calls_that_it_once_became(name: str) -> None:
    found = json.loads(json.dumps(calls(name)))
    golden = GOLDEN / f"{name}.json"
    if found and os.environ.get("DMDESK_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert found == (json.loads(golden.read_text()) if golden.exists() else [])


@each_fixture
def test_agents_read_at_connect_what_they_read_at_genesys(name: str) -> None:
    """The words, and the participant data as far as it fits there."""
    at_genesys = [one for event in json.loads((HERE / f"{name}.json").read_text()) for one in event.get("posted", [])]
    for body, told in zip(at_genesys, calls(name), strict=True):
        words = "".join(one["Content"] for one in told if one["call"] == "SendMessage")
        assert words.startswith(body.get("text", ""))
        link = words.removeprefix(body.get("text", "")).strip()
        assert link in {"", *(one["attachment"]["url"] for one in body.get("content", []))}
        begun = [one["Attributes"] for one in told if one["call"] == "StartChatContact"]
        assert all(one.items() >= body["channel"]["metadata"]["customAttributes"].items() for one in begun)


def test_every_golden_has_a_fixture() -> None:
    kept = {f"{path.parent.name}/{path.stem}" for path in GOLDEN.glob("*/*.json")}
    assert kept
    assert kept <= set(NAMES)
