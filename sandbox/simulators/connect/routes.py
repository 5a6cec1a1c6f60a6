"""The control API's routes of the simulated Amazon Connect: what agents do, and what the instance holds."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from sandbox.simulators.connect.agents import Author, NotFound, Over
from sandbox.simulators.connect.contacts import PLAIN, Verdict, Visibility
from sandbox.simulators.connect.hall import Scanner, Switches
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.simulators.connect.streaming import Stream
from sandbox.stage.routes import SAFE, Body, Handler, Routes, parsed
from sandbox.stage.web import Answer, Call


class _Reply(Body):
    contact_id: str
    text: str = ""
    interactive: dict[str, Any] | None = None
    file: str = ""
    typing: bool = False
    by: Author | None = None
    content_type: str = PLAIN
    visibility: Visibility = "ALL"
    chunks: int = 1


class _Contact(Body):
    contact_id: str


class _End(Body):
    contact_id: str
    late: str = ""


class _Redeliver(Body):
    id: str


class _Scan(Body):
    id: str
    status: Verdict


class _Stream(Body):
    Message: str | dict[str, Any]
    MessageAttributes: dict[str, dict[str, str] | str] = msgspec.field(default_factory=dict)


class _Settings(Body):
    text_limit: int | None = None
    active_chats: int | None = None
    scanner: Scanner | None = None
    disconnect_flow: bool | None = None
    unconnected_s: float | None = None
    random_ids: bool | None = None
    repeats: Literal["answers", "refuses"] | None = None
    throttles: bool | None = None
    duplicates: bool | None = None
    reorders: bool | None = None


class ConnectRoutes:
    """What an id names that is not known is 404, a contact that has ended 409."""

    def __init__(self, simulator: ConnectSimulator) -> None:
        self._simulator, self._agents = simulator, simulator.agents

    def routes(self) -> Routes:
        """By path and method."""
        return {
            "/connect/contacts": {"GET": lambda call: self._simulator.contacts()},
            "/connect/calls": {"GET": lambda call: self._simulator.calls()},
            "/connect/profiles": {"GET": lambda call: self._simulator.profiles()},
            "/connect/reply": {"POST": _known(self._reply)},
            "/connect/transfer": {"POST": _known(self._transfer)},
            "/connect/leave": {"POST": _known(self._leave)},
            "/connect/end": {"POST": _known(self._end)},
            "/connect/redeliver": {"POST": _known(self._redeliver)},
            "/connect/stream": {"POST": self._publish},
            "/connect/scan": {"POST": _known(self._scan)},
            "/connect/settings": {"GET": lambda call: self._switches(), "POST": self._settings},
        }

    def _reply(self, call: Call) -> object:
        said = parsed(call, _Reply)
        if sum([bool(said.text), said.interactive is not None, bool(said.file), said.typing]) != 1:
            raise ValueError("send one of text, interactive, file, typing")
        if said.interactive is not None:
            return {"id": self._agents.interactive(said.contact_id, said.interactive, by=said.by or "bot")}
        if said.file:
            return {"id": self._agents.file(said.contact_id, said.file)}
        if said.typing:
            return {"id": self._agents.types(said.contact_id)}
        identifier = self._agents.text(
            said.contact_id,
            said.text,
            by=said.by or "agent",
            content_type=said.content_type,
            visibility=said.visibility,
            chunks=said.chunks,
        )
        return {"id": identifier}

    def _transfer(self, call: Call) -> object:
        return {"contact_id": self._agents.transfer(parsed(call, _Contact).contact_id)}

    def _leave(self, call: Call) -> object:
        contact = parsed(call, _Contact).contact_id
        self._agents.leave(contact)
        return {"contact_id": contact}

    def _end(self, call: Call) -> object:
        body = parsed(call, _End)
        self._agents.end(body.contact_id, body.late)
        return {"ended": body.contact_id}

    def _redeliver(self, call: Call) -> object:
        identifier = parsed(call, _Redeliver).id
        self._agents.redeliver(identifier)
        return {"id": identifier}

    def _publish(self, call: Call) -> object:
        record = parsed(call, _Stream)
        message = record.Message if isinstance(record.Message, str) else json.dumps(record.Message)
        self._agents.stream(message, {name: _value(name, one) for name, one in record.MessageAttributes.items()})
        return {"published": True}

    def _scan(self, call: Call) -> object:
        body = parsed(call, _Scan)
        self._agents.scan(body.id, body.status)
        return {"id": body.id}

    def _settings(self, call: Call) -> object:
        given = msgspec.structs.asdict(parsed(call, _Settings))
        for name, value in given.items():
            if value is not None:
                setattr(self._stream if name in _OF_THE_STREAM else self._switched, name, value)
        return self._switches()

    @property
    def _switched(self) -> Switches:
        return self._simulator.hall.switches

    @property
    def _stream(self) -> Stream:
        return self._simulator.stream

    def _switches(self) -> object:
        return vars(self._switched) | {name: getattr(self._stream, name) for name in _OF_THE_STREAM}


_OF_THE_STREAM = ("duplicates", "reorders")


def _value(name: str, given: dict[str, str] | str) -> str:
    """An attribute's value, as Lambda's event, SNS' envelope or its API has it."""
    if isinstance(given, str):
        return given
    for key in ("Value", "StringValue"):
        if key in given:
            return given[key]
    raise ValueError(f'MessageAttributes.{name} must be {{"Type": "String", "Value": "…"}}')


def _known(handler: Handler) -> Handler:
    def handle(call: Call) -> object:
        try:
            return handler(call)
        except NotFound as error:
            return Answer(404, {"error": f"nothing is known under the id {error.args[0]}"}, SAFE)
        except Over as error:
            return Answer(409, {"error": f"contact {error} has ended: the customer's next message opens another"}, SAFE)

    return handle
