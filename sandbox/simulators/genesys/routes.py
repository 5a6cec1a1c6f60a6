"""The control API's routes of the simulated Genesys Cloud: what agents do, and what the organisation holds."""

from __future__ import annotations

from typing import Any, Literal

from sandbox.simulators.genesys.simulator import ConversationDead, GenesysSimulator, NotFound
from sandbox.stage.routes import SAFE, Body, Handler, Routes, parsed
from sandbox.stage.web import Answer, Call


class _Reply(Body):
    conversation_id: str
    text: str | None = None
    content: list[dict[str, Any]] | None = None
    type: str | None = None
    originatingEntity: Literal["Human", "Bot"] = "Human"


class _Disconnect(Body):
    conversation_id: str
    told: bool = True


class _Redeliver(Body):
    id: str


class _Receipt(Body):
    id: str
    code: str = "MediaTypeNotAllowed"
    status: str = "Failed"


class _Settings(Body):
    deduplicates: bool


class GenesysRoutes:
    """What an id names that is not known is 404, a conversation that is over 409."""

    def __init__(self, simulator: GenesysSimulator) -> None:
        self._simulator = simulator

    def routes(self) -> Routes:
        """By path and method."""
        return {
            "/genesys/messages": {"GET": lambda call: self._simulator.messages()},
            "/genesys/conversations": {"GET": lambda call: self._simulator.conversations()},
            "/genesys/queue": {"GET": lambda call: self._simulator.queue()},
            "/genesys/reply": {"POST": _known(self._reply)},
            "/genesys/redeliver": {"POST": _known(self._redeliver)},
            "/genesys/receipt": {"POST": _known(self._receipt)},
            "/genesys/disconnect": {"POST": _known(self._disconnect)},
            "/genesys/settings": {"POST": self._settings},
        }

    def _reply(self, call: Call) -> object:
        body = parsed(call, _Reply)
        message_id = self._simulator.reply(
            body.conversation_id,
            text=body.text,
            content=body.content,
            type=body.type,
            originating_entity=body.originatingEntity,
        )
        return {"id": message_id}

    def _redeliver(self, call: Call) -> object:
        body = parsed(call, _Redeliver)
        self._simulator.redeliver(body.id)
        return {"id": body.id}

    def _receipt(self, call: Call) -> object:
        body = parsed(call, _Receipt)
        self._simulator.tell_trouble(body.id, body.code, body.status)
        return {"id": body.id}

    def _disconnect(self, call: Call) -> object:
        body = parsed(call, _Disconnect)
        self._simulator.disconnect(body.conversation_id, told=body.told)
        return {"disconnected": body.conversation_id}

    def _settings(self, call: Call) -> object:
        self._simulator.deduplicates = parsed(call, _Settings).deduplicates
        return {"deduplicates": self._simulator.deduplicates}


def _known(handler: Handler) -> Handler:
    def handle(call: Call) -> object:
        try:
            return handler(call)
        except NotFound as error:
            return Answer(404, {"error": f"nothing is known under the id {error.args[0]}"}, SAFE)
        except ConversationDead as error:
            return Answer(409, {"error": f"conversation {error} has failed: start a new one by writing"}, SAFE)

    return handle
