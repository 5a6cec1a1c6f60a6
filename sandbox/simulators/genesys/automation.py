"""What a simulated organisation does when something happens in it: triggers start workflows, which call data actions,
which call whoever they were given the URL of.

Paths, bodies and refusals follow the API's published schema (developer.genesys.cloud/devapps/api-explorer): process
automation triggers, integrations, their credentials and actions. Of workflows it reads what `flows.call_of` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.simulators.genesys.flows import ROOTS, Called, call_of
from sandbox.simulators.genesys.schema import ApiError
from sandbox.simulators.genesys.store import NotFound

Fields = dict[str, Any]

CUSTOMER_END = "v2.detail.events.conversation.{id}.customer.end"
WEB_SERVICES = "custom-rest-actions"
_TOPICS = {CUSTOMER_END, "v2.detail.events.conversation.{id}.user.end", "v2.detail.events.conversation.{id}.acw"}
_TYPES: Mapping[str, type] = {"string": str, "integer": int, "boolean": bool}


@dataclass(frozen=True)
class Request:
    """What a data action sends."""

    url: str
    headers: dict[str, str]
    body: bytes


class Automation:
    """Not thread-safe: whoever holds it has a lock around it. `flow` answers a flow as the API shows it, with its
    `document` beside, and raises NotFound."""

    def __init__(self, new: Callable[[Fields], Fields], flow: Callable[[str], Fields]) -> None:
        self.triggers: dict[str, Fields] = {}
        self.credentials: dict[str, Fields] = {}
        self.actions: dict[str, Fields] = {}
        self.integrations: dict[str, Fields] = {}
        self._new, self._flow = new, flow

    # --- what an administrator does

    def add_credential(self, body: Fields) -> Fields:
        made = self._new(body)
        self.credentials[made["id"]] = made
        return _shown(made)

    def credential(self, identifier: str) -> Fields:
        return _shown(_held(self.credentials, identifier))

    def change_credential(self, identifier: str, body: Fields) -> Fields:
        self.credentials[identifier] = _held(self.credentials, identifier) | body
        return _shown(self.credentials[identifier])

    def add_integration(self, body: Fields) -> Fields:
        kind = (body.get("integrationType") or {}).get("id")
        if kind != WEB_SERVICES:
            raise _bad(f"there is no integration type {kind!r}")
        made = self._new({"name": "Web Services Data Actions", "intendedState": "DISABLED"} | body)
        made["config"] = {"current": {"id": "current", "name": made["name"], "credentials": {}, "version": 1}}
        self.integrations[made["id"]] = made
        return made

    def change_integration(self, identifier: str, body: Fields) -> Fields:
        self.integrations[identifier] = _held(self.integrations, identifier) | body
        return self.integrations[identifier]

    def config(self, identifier: str) -> Fields:
        found: Fields = _held(self.integrations, identifier)["config"]["current"]
        return found

    def configure(self, identifier: str, body: Fields) -> Fields:
        """A change has to name the version that it changes."""
        held = self.config(identifier)
        if body.get("version") != held["version"]:
            raise ApiError(409, "conflict", "The configuration has another version.")
        for one in (body.get("credentials") or {}).values():
            _held(self.credentials, one.get("id", ""))
        held |= body | {"version": held["version"] + 1}
        self.integrations[identifier]["name"] = held["name"]
        return held

    def add_action(self, body: Fields) -> Fields:
        _held(self.integrations, str(body.get("integrationId")))
        if not {"category", "contract", "config"} <= body.keys():
            raise _bad("category, contract and config are required")
        made = self._new(body)
        self.actions[made["id"]] = made
        return made

    def change_action(self, identifier: str, body: Fields) -> Fields:
        self.actions[identifier] = _held(self.actions, identifier) | body
        return self.actions[identifier]

    def add_trigger(self, body: Fields) -> Fields:
        self._check_trigger(body)
        made = self._new({"version": 1} | body)
        self.triggers[made["id"]] = made
        return made

    def change_trigger(self, identifier: str, body: Fields) -> Fields:
        held = _held(self.triggers, identifier)
        self._check_trigger(held | body)
        self.triggers[identifier] = held | body | {"version": held["version"] + 1}
        return self.triggers[identifier]

    def _check_trigger(self, body: Fields) -> None:
        if body.get("topicName") not in _TOPICS:
            raise _bad(f"there is no topic {body.get('topicName')!r}")
        target = body.get("target") or {}
        if target.get("type") != "Workflow" or self._flow(str(target.get("id")))["type"] != ROOTS["workflow"]:
            raise _bad("the target is no workflow")

    def drop(self, held: dict[str, Fields], identifier: str) -> bytes:
        _held(held, identifier)
        del held[identifier]
        return b""

    @property
    def callable(self) -> set[tuple[str, str]]:
        """Category and name of every action: what a flow may call."""
        return {(action["category"], action["name"]) for action in self.actions.values()}

    # --- what happens then

    def requests(self, topic: str, event: Fields) -> Iterator[Request]:
        """What is sent because of the event."""
        for trigger in self.triggers.values():
            if trigger["topicName"] == topic and trigger["enabled"] and _matches(trigger, event):
                flow = self._flow(trigger["target"]["id"])
                request = self._called(call_of(flow["document"], event))
                if request:
                    yield request

    def _called(self, call: Called) -> Request | None:
        """The data action's request; None where its contract does not take the input, or it is switched off."""
        action = next(
            one for one in self.actions.values() if (one["category"], one["name"]) == (call.category, call.action)
        )
        integration = _held(self.integrations, action["integrationId"])
        contract = action["contract"]["input"]["inputSchema"]
        if integration["intendedState"] != "ENABLED" or not _taken(call.inputs, contract):
            return None
        fields: dict[str, str] = {}
        for one in integration["config"]["current"]["credentials"].values():
            fields |= _held(self.credentials, one["id"])["credentialFields"]
        wanted = action["config"]["request"]

        def filled(template: str) -> str:
            text = template.replace("${input.rawRequest}", json.dumps(call.inputs))
            return re.sub(r"\$\{credentials\.(\w+)\}", lambda name: fields[name[1]], text)

        headers = {name: filled(value) for name, value in wanted["headers"].items()}
        headers.pop("Transfer-Encoding", None)  # how it is sent, and no header of it
        return Request(wanted["requestUrlTemplate"], headers, filled(wanted["requestTemplate"]).encode())


def _matches(trigger: Fields, event: Fields) -> bool:
    return all(
        one["operator"] == "Equal" and event.get(one["jsonPath"]) == one["value"]
        for one in trigger.get("matchCriteria") or []
    )


def _taken(inputs: Fields, contract: Fields) -> bool:
    known = contract["properties"]
    right = all(name in known and isinstance(value, _TYPES[known[name]["type"]]) for name, value in inputs.items())
    return right and set(contract.get("required", ())) <= inputs.keys()


def _shown(credential: Fields) -> Fields:
    """Nobody is shown what a credential holds."""
    return {name: value for name, value in credential.items() if name != "credentialFields"}


def _held(items: Mapping[str, Fields], identifier: str) -> Fields:
    try:
        return items[identifier]
    except KeyError:
        raise NotFound(identifier) from None


def _bad(why: str) -> ApiError:
    return ApiError(400, "bad.request", f"The request could not be understood by the server: {why}.")
