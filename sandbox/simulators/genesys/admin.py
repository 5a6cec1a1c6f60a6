"""What an administrator sets up in a simulated Genesys Cloud organisation, through its API.

Paths, bodies and refusals follow the API's published schema (developer.genesys.cloud/devapps/api-explorer):
integrations, messaging profiles, queues, flows, roles, external sources, OAuth clients.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.simulators.genesys.automation import CUSTOMER_END, WEB_SERVICES, Automation, Request
from sandbox.simulators.genesys.flows import BadFlow, flow_in
from sandbox.simulators.genesys.permissions import granted, known, listed
from sandbox.simulators.genesys.schema import ApiError, json_body
from sandbox.simulators.genesys.store import NotFound
from sandbox.stage.clock import iso
from sandbox.stage.web import Call

Register = Callable[[str, str, str, str], None]
Fields = dict[str, Any]
Reply = tuple[int, object]
Handler = Callable[[Call, tuple[str, ...]], Reply]

HOME = "00000000-0000-4000-8000-00000000d1f0"
ORGANISATION = "00000000-0000-4000-8000-0000000000f6"
SHORTEST_SECRET = 16  # OpenIntegrationRequest: "must be longer than 15 characters"
_INTEGRATIONS = "/api/v2/conversations/messaging/integrations/open"
_SETTINGS = "/api/v2/conversations/messaging/settings"
_CONTENT = "/api/v2/conversations/messaging/supportedcontent"
_IDENTITY = "/api/v2/conversations/messaging/identityresolution/integrations/open"
_ID = r"/([^/]+)"
_SUBJECTS = "/api/v2/authorization/subjects"
_GRANT = f"{_SUBJECTS}{_ID}/divisions{_ID}/roles{_ID}"


@dataclass
class Kind:
    """A plain kind of thing: where it lives, how it is changed, and what makes the API refuse it."""

    path: str
    update: str
    check: Callable[[Fields], None] = lambda body: None
    deleted: int = 204
    items: dict[str, Fields] = field(default_factory=dict)

    def get(self, identifier: str) -> Fields:
        try:
            return self.items[identifier]
        except KeyError:
            raise NotFound(identifier) from None


class Admin:
    """The organisation's configuration. `register` and `forget` tell the simulator of integrations.

    `delays`: how many reads of a new integration still show it as Initiated.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        url: str,
        clients: Mapping[str, tuple[str, float]],
        register: Register,
        forget: Callable[[str], None],
    ) -> None:
        self.delays = 1
        self._clock, self._url, self._clients = clock, url, clients
        self._register, self._forget = register, forget
        self._lock = threading.RLock()
        self._pending: dict[str, int] = {}
        self._recipients: dict[str, Fields] = {}
        self._identity: dict[str, Fields] = {}
        self._codes: dict[str, list[str]] = {}
        self._jobs: dict[str, Fields] = {}
        self._roles_of: dict[str, list[tuple[str, str]]] = {}  # role and division
        self._integrations: dict[str, Fields] = {}
        self._flows: dict[str, Fields] = {}
        self._documents: dict[str, str] = {}
        self._automation = Automation(self._new, self._documented)
        self._settings = Kind(_SETTINGS, "PATCH", _some_setting)
        self._content = Kind(_CONTENT, "PATCH")
        self._queues = Kind("/api/v2/routing/queues", "PUT", _queue)
        self._wrapup = Kind("/api/v2/routing/wrapupcodes", "PUT")
        self._roles = Kind("/api/v2/authorization/roles", "PUT", _role)
        self._sources = Kind("/api/v2/externalcontacts/externalsources", "PUT", deleted=200)
        self._divisions = Kind("/api/v2/authorization/divisions", "PUT", items={HOME: _HOME})
        self._routes = [(method, re.compile(pattern), handler) for method, pattern, handler in self._table()]

    # --- what tests and the sandbox use

    def adopt(self, identifier: str, webhook_url: str, secret: str, name: str) -> None:
        """An integration that was there before."""
        body = {"outboundNotificationWebhookUrl": webhook_url, "name": name}
        body["outboundNotificationWebhookSignatureSecretToken"] = secret
        with self._lock:
            self._integrations[identifier] = self._new(body, identifier)
            self._complete(identifier)

    def create_integration(self, name: str, webhook_url: str, secret: str) -> str:
        """An integration whose creation has just begun; returns its id."""
        body = {"name": name, "outboundNotificationWebhookUrl": webhook_url}
        body["outboundNotificationWebhookSignatureSecretToken"] = secret
        with self._lock:
            return str(self._add_integration(body)["id"])

    def rename_integration(self, identifier: str, name: str) -> None:
        """Somebody renames it in the admin interface."""
        with self._lock:
            self._change_integration(identifier, {"name": name})

    def fail_creation(self, identifier: str, why: str) -> None:
        """The integration's creation ends badly."""
        with self._lock:
            self._pending.pop(identifier, None)
            self._integrations[identifier] |= {"createStatus": "Error", "createError": {"message": why}}

    def add_flow(self, name: str, kind: str = "inboundshortmessage") -> str:
        """A published flow that was there before; returns its id."""
        with self._lock:
            return str(self._published(name, kind)["id"])

    def attach_flow(self, integration: str, flow: str) -> None:
        """The integration's messages enter the flow."""
        with self._lock:
            self._attach(self._integrations[integration]["recipient"]["id"], {"flow": {"id": flow}})

    def tell_ends(self, workflow: str, url: str, key: str) -> None:
        """Whoever has the URL is told that conversations are over, as terraform/modules/genesys/ending.tf sets it up;
        `workflow` is the file that it publishes."""
        name, automation = "Conversation end", self._automation
        with self._lock:
            secret = automation.add_credential({"name": name, "credentialFields": {"key": key}})
            made = automation.add_integration({"integrationType": {"id": WEB_SERVICES}, "intendedState": "ENABLED"})
            automation.config(made["id"])["credentials"] = {"basicAuth": {"id": secret["id"]}}
            kinds = {"type": "string", "conversationId": "string", "eventTime": "integer", "addressTo": "string",
                     "addressFrom": "string"}  # fmt: skip
            headers = {"Content-Type": "application/json", "X-Hub-Signature-256": "key=${credentials.key}"}
            request = {"requestUrlTemplate": url, "requestTemplate": "${input.rawRequest}", "headers": headers}
            schema = {"properties": {field: {"type": kind} for field, kind in kinds.items()}}
            action = {"name": name, "category": name, "integrationId": made["id"], "config": {"request": request}}
            automation.add_action(action | {"contract": {"input": {"inputSchema": schema}}})
            fills = {"flow_name": name, "division": "Home", "category": name, "action": name}
            text = re.sub(r"\{\{(\w+)\}\}", lambda field: json.dumps(fills[field[1]]), workflow)
            flow = self._publish(text)
            target = {"type": "Workflow", "id": flow["id"]}
            trigger = {
                "name": name,
                "topicName": CUSTOMER_END,
                "description": f"Tells {url} that conversations are over",
            }
            automation.add_trigger(trigger | {"enabled": True, "target": target})

    def triggered(self, topic: str, event: Fields) -> list[Request]:
        """What is sent because of an event of that topic."""
        with self._lock:
            return list(self._automation.requests(topic, event))

    def add_queue(self, name: str) -> str:
        """A queue that was there before; returns its id."""
        with self._lock:
            return str(self._create(self._queues, {"name": name})["id"])

    def add_role(self, role: Fields) -> str:
        """A role that was there before, as the API takes it; returns its id."""
        with self._lock:
            return str(self._create(self._roles, role)["id"])

    def add_source(self, name: str) -> str:
        """An external source that was there before; returns its id."""
        with self._lock:
            return str(self._create(self._sources, {"name": name})["id"])

    def add_division(self, name: str) -> str:
        """A division that was there before; returns its id."""
        with self._lock:
            return str(self._create(self._divisions, {"name": name})["id"])

    def division_of(self, queue: str) -> str:
        """The name of the division that the queue of that name belongs to."""
        with self._lock:
            (found,) = [one for one in self._queues.items.values() if one["name"] == queue]
            return str(self._divisions.get(str((found.get("division") or _HOME)["id"]))["name"])

    def grant(self, client_id: str, *roles: str) -> None:
        """Give roles to an OAuth client, at home: from then on it may do only what they allow."""
        self._roles_of[client_id] = [(role, HOME) for role in roles]

    def roles_of(self, client_id: str, division: str = HOME) -> list[str]:
        """The ids of an OAuth client's roles in a division."""
        return [role for role, where in self._roles_of.get(client_id, []) if where == division]

    def integration(self, identifier: str) -> Fields:
        """An integration as the API shows it, with `flow` and `identity` beside; NotFound otherwise."""
        with self._lock:
            if identifier not in self._integrations:
                raise NotFound(identifier)
            found = self._integrations[identifier]
            recipient = self._recipients.get(found.get("recipient", {}).get("id", ""), {})
            return found | {"flow": recipient.get("flow"), "identity": self._identity.get(identifier)}

    def held(self) -> dict[str, list[str]]:
        """The names of everything there is, by kind: to see that a teardown left nothing."""
        kinds = {
            "integrations": self._integrations,
            "flows": self._flows,
            "settings": self._settings.items,
            "supported_content": self._content.items,
            "queues": self._queues.items,
            "wrapup_codes": self._wrapup.items,
            "roles": self._roles.items,
            "external_sources": self._sources.items,
            "credentials": self._automation.credentials,
            "data_actions": self._automation.actions,
            "data_action_integrations": self._automation.integrations,
            "triggers": self._automation.triggers,
        }
        with self._lock:
            return {kind: sorted(str(item["name"]) for item in items.values()) for kind, items in kinds.items()}

    def require(self, client_id: str, permission: str) -> None:
        """ApiError 403 where the client has roles and none of them gives the permission."""
        roles = self._roles_of.get(client_id)
        if roles is not None and not granted([self._roles.items.get(role, {}) for role, _ in roles], permission):
            raise ApiError(403, "missing.permissions", f"You are missing the following permission(s): {permission}")

    # --- HTTP

    def upload(self, call: Call) -> Reply | None:
        """A flow's file on its presigned URL, which carries its own right; None for any other path."""
        match = re.fullmatch(rf"/uploads/flows{_ID}", call.path)
        if match is None or call.method != "PUT":
            return None
        with self._lock:
            job = self._jobs.get(match[1])
            if job is None or call.query.get("signature") != job["signature"]:
                return 403, b"<Error><Code>AccessDenied</Code></Error>"
            job["file"] = call.body.decode("utf-8", "replace")
        return 200, b""

    def answer(self, call: Call, client_id: str) -> Reply | None:
        """The answer to an administrator's call; None where the path is none of ours."""
        with self._lock:
            if call.path == "/api/v2/tokens/me" and call.method == "GET":
                return 200, self._token(client_id)
            for method, pattern, handler in self._routes:
                match = pattern.fullmatch(call.path)
                if match and method == call.method:
                    return handler(call, tuple(str(part) for part in match.groups()))
        return None

    def _table(self) -> list[tuple[str, str, Handler]]:
        recipient, queue, oauth = r"/api/v2/routing/message/recipients", self._queues.path, "/api/v2/oauth/clients"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/api/v2/organizations/me", lambda call, ids: (200, _ORGANISATION)),
            ("GET", "/api/v2/authorization/products", lambda call, ids: (200, {"total": 1, "entities": _PRODUCTS})),
            ("GET", "/api/v2/authorization/permissions", lambda call, ids: (200, listed())),
            ("GET", "/api/v2/authorization/divisions/home", lambda call, ids: (200, _HOME)),
            ("GET", oauth + _ID, lambda call, ids: (200, self._client(ids[0]))),
            ("GET", _SUBJECTS + _ID, lambda call, ids: (200, self._subject(ids[0]))),
            ("POST", _GRANT, lambda call, ids: (204, self._add_grant(call, *ids))),
            ("DELETE", _GRANT, lambda call, ids: (204, self._drop_grant(*ids))),
            ("GET", _INTEGRATIONS, lambda call, ids: (200, _page(self._integrations, call))),
            ("POST", _INTEGRATIONS, lambda call, ids: (200, self._add_integration(_body(call)))),
            ("GET", _INTEGRATIONS + _ID, lambda call, ids: (200, self._read_integration(ids[0]))),
            ("PATCH", _INTEGRATIONS + _ID, lambda call, ids: (200, self._change_integration(ids[0], _body(call)))),
            ("DELETE", _INTEGRATIONS + _ID, lambda call, ids: (204, self._drop_integration(ids[0]))),
            ("GET", _IDENTITY + _ID, lambda call, ids: (200, self._read_identity(ids[0]))),
            ("PUT", _IDENTITY + _ID, lambda call, ids: (200, self._set_identity(ids[0], _body(call)))),
            ("GET", recipient + _ID, lambda call, ids: (200, self._recipient(ids[0]))),
            ("PUT", recipient + _ID, lambda call, ids: (200, self._attach(ids[0], _body(call)))),
            ("GET", queue + _ID + "/wrapupcodes", lambda call, ids: (200, _page(self._codes_of(ids[0]), call))),
            ("POST", queue + _ID + "/wrapupcodes", lambda call, ids: (200, self._add_codes(ids[0], json_body(call)))),
            ("DELETE", queue + _ID + "/wrapupcodes" + _ID, lambda call, ids: (204, self._drop_code(*ids))),
            ("GET", queue + _ID + "/members", lambda call, ids: (200, _page({}, call))),
            ("POST", "/api/v2/flows/jobs", lambda call, ids: (200, self._add_job())),
            ("GET", "/api/v2/flows/jobs" + _ID, lambda call, ids: (200, self._job(ids[0]))),
            ("POST", "/api/v2/flows/actions/unlock", lambda call, ids: (200, self._flow(call.query.get("flow", "")))),
            ("GET", "/api/v2/flows", lambda call, ids: (200, _page(self._flows, call))),
            ("GET", "/api/v2/flows" + _ID, lambda call, ids: (200, self._flow(ids[0]))),
            ("DELETE", "/api/v2/flows" + _ID, lambda call, ids: (200, self._drop_flow(ids[0]))),
        ]
        table += self._automated()
        plain = (self._settings, self._content, self._queues, self._wrapup, self._roles, self._sources, self._divisions)
        for kind in plain:
            table += self._plain(kind)
        return table

    def _automated(self) -> list[tuple[str, str, Handler]]:
        own, base = self._automation, "/api/v2/integrations"
        credentials, actions, triggers = f"{base}/credentials", f"{base}/actions", "/api/v2/processautomation/triggers"
        return [
            ("POST", credentials, lambda call, ids: (200, own.add_credential(_body(call)))),
            ("GET", credentials + _ID, lambda call, ids: (200, own.credential(ids[0]))),
            ("PUT", credentials + _ID, lambda call, ids: (200, own.change_credential(ids[0], _body(call)))),
            ("DELETE", credentials + _ID, lambda call, ids: (204, own.drop(own.credentials, ids[0]))),
            ("POST", actions, lambda call, ids: (200, own.add_action(_body(call)))),
            ("GET", actions + _ID, lambda call, ids: (200, _one(own.actions, ids[0]))),
            ("PATCH", actions + _ID, lambda call, ids: (200, own.change_action(ids[0], _body(call)))),
            ("DELETE", actions + _ID, lambda call, ids: (204, own.drop(own.actions, ids[0]))),
            ("POST", base, lambda call, ids: (200, own.add_integration(_body(call)))),
            ("GET", base + _ID, lambda call, ids: (200, _one(own.integrations, ids[0]))),
            ("PATCH", base + _ID, lambda call, ids: (200, own.change_integration(ids[0], _body(call)))),
            ("DELETE", base + _ID, lambda call, ids: (204, own.drop(own.integrations, ids[0]))),
            ("GET", f"{base}{_ID}/config/current", lambda call, ids: (200, own.config(ids[0]))),
            ("PUT", f"{base}{_ID}/config/current", lambda call, ids: (200, own.configure(ids[0], _body(call)))),
            ("GET", triggers, lambda call, ids: (200, _page(own.triggers, call))),
            ("POST", triggers, lambda call, ids: (201, own.add_trigger(_body(call)))),
            ("GET", triggers + _ID, lambda call, ids: (200, _one(own.triggers, ids[0]))),
            ("PUT", triggers + _ID, lambda call, ids: (200, own.change_trigger(ids[0], _body(call)))),
            ("DELETE", triggers + _ID, lambda call, ids: (204, own.drop(own.triggers, ids[0]))),
        ]

    def _plain(self, kind: Kind) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", kind.path, lambda call, ids: (200, _page(kind.items, call))),
            ("POST", kind.path, lambda call, ids: (200, self._create(kind, _body(call)))),
            ("GET", kind.path + _ID, lambda call, ids: (200, kind.get(ids[0]))),
            (kind.update, kind.path + _ID, lambda call, ids: (200, self._update(kind, ids[0], _body(call)))),
            ("DELETE", kind.path + _ID, lambda call, ids: (kind.deleted, self._delete(kind, ids[0]))),
        ]

    def _create(self, kind: Kind, body: Fields) -> Fields:
        _named(body)
        kind.check(body)
        made = self._new(body)
        kind.items[made["id"]] = made
        return made

    def _update(self, kind: Kind, identifier: str, body: Fields) -> Fields:
        held = kind.get(identifier)
        changed = held | body if kind.update == "PATCH" else {"dateCreated": held["dateCreated"]} | body
        _named(changed)
        kind.check(changed)
        kind.items[identifier] = changed | {"id": identifier, "dateModified": iso(self._clock())}
        return kind.items[identifier]

    def _delete(self, kind: Kind, identifier: str) -> object:
        kind.get(identifier)
        del kind.items[identifier]
        return b""

    def _new(self, body: Fields, identifier: str = "") -> Fields:
        now = iso(self._clock())
        return body | {"id": identifier or str(uuid.uuid4()), "dateCreated": now, "dateModified": now}

    # --- integrations

    def _add_integration(self, body: Fields) -> Fields:
        self._check_integration(body)
        made = self._new(body) | {"createStatus": "Initiated", "status": "Inactive"}
        self._integrations[made["id"]] = made
        self._pending[made["id"]] = self.delays
        self._tell(made)
        return made

    def _check_integration(self, body: Fields) -> None:
        _named(body)
        scheme, host = urlsplit(str(body.get("outboundNotificationWebhookUrl", "")))[:2]
        if scheme not in {"https", "http"} or not host:
            raise _bad("outboundNotificationWebhookUrl must be a URL")
        if len(str(body.get("outboundNotificationWebhookSignatureSecretToken", ""))) < SHORTEST_SECRET:
            raise _bad("outboundNotificationWebhookSignatureSecretToken must be longer than 15 characters")
        for name, kind in (("supportedContent", self._content), ("messagingSetting", self._settings)):
            if name in body and (body[name] or {}).get("id") not in kind.items:
                raise _bad(f"{name}.id does not exist")

    def _tell(self, made: Fields) -> None:
        url, secret = made["outboundNotificationWebhookUrl"], made["outboundNotificationWebhookSignatureSecretToken"]
        self._register(made["id"], url, secret, made["name"])

    def _read_integration(self, identifier: str) -> Fields:
        """Creation is asynchronous: the recipient appears some reads later."""
        if identifier not in self._integrations:
            raise NotFound(identifier)
        left = self._pending.get(identifier)
        if left is not None:
            if left > 0:
                self._pending[identifier] = left - 1
            else:
                self._complete(identifier)
        return self._integrations[identifier]

    def _complete(self, identifier: str) -> None:
        self._pending.pop(identifier, None)
        recipient = self._new({"name": self._integrations[identifier]["name"], "messengerType": "open"})
        self._recipients[recipient["id"]] = recipient
        more = {"createStatus": "Completed", "status": "Active", "recipient": {"id": recipient["id"]}}
        self._integrations[identifier] |= more

    def _change_integration(self, identifier: str, body: Fields) -> Fields:
        changed = self._read_integration(identifier) | body
        self._check_integration(changed)
        self._integrations[identifier] = changed | {"dateModified": iso(self._clock())}
        self._tell(changed)
        return self._integrations[identifier]

    def _drop_integration(self, identifier: str) -> object:
        gone = self._read_integration(identifier)
        del self._integrations[identifier]
        self._pending.pop(identifier, None)
        self._identity.pop(identifier, None)
        self._recipients.pop(gone.get("recipient", {}).get("id", ""), None)
        self._forget(identifier)
        return b""

    def _recipient(self, identifier: str) -> Fields:
        if identifier not in self._recipients:
            raise NotFound(identifier)
        return self._recipients[identifier]

    def _attach(self, identifier: str, body: Fields) -> Fields:
        recipient = self._recipient(identifier)
        recipient.pop("flow", None)
        flow = body.get("flow")
        if flow:
            found = self._flows.get(str(flow.get("id")))
            if found is None or found["type"] != "inboundshortmessage":
                raise _bad(f"flow {flow.get('id')} is not a published inbound message flow")
            recipient["flow"] = {"id": found["id"], "name": found["name"]}
        return recipient

    def _read_identity(self, identifier: str) -> Fields:
        self._read_integration(identifier)
        return self._identity.get(identifier, {"resolveIdentities": False, "division": {"id": HOME}})

    def _set_identity(self, identifier: str, body: Fields) -> Fields:
        self._read_integration(identifier)
        source = (body.get("externalSource") or {}).get("id")
        if not isinstance(body.get("resolveIdentities"), bool):
            raise _bad("resolveIdentities is required")
        if source is not None and source not in self._sources.items:
            raise _bad("externalSource.id does not exist")
        self._identity[identifier] = {"division": {"id": HOME}} | body
        return self._identity[identifier]

    # --- queues

    def _codes_of(self, queue: str) -> dict[str, Fields]:
        self._queues.get(queue)
        return {code: self._wrapup.items[code] for code in self._codes.get(queue, []) if code in self._wrapup.items}

    def _add_codes(self, queue: str, body: Any) -> object:
        self._queues.get(queue)
        for code in body if isinstance(body, list) else []:
            self._wrapup.get(str(code.get("id")))
            self._codes.setdefault(queue, []).append(code["id"])
        return list(self._codes_of(queue).values())

    def _drop_code(self, queue: str, code: str) -> object:
        if code not in self._codes_of(queue):
            raise NotFound(code)
        self._codes[queue].remove(code)
        return b""

    # --- flows

    def _add_job(self) -> Fields:
        job, signature = str(uuid.uuid4()), uuid.uuid4().hex
        self._jobs[job] = {"id": job, "signature": signature, "status": "Started"}
        presigned = f"{self._url}/uploads/flows/{job}?signature={signature}"
        return {"id": job, "presignedUrl": presigned, "headers": {"Content-Type": "text/yaml"}}

    def _job(self, identifier: str) -> Fields:
        if identifier not in self._jobs:
            raise NotFound(identifier)
        job = self._jobs[identifier]
        if "file" in job and job["status"] == "Started":
            try:
                job |= {"status": "Success", "flow": {"id": self._publish(job["file"])["id"]}}
            except BadFlow as error:
                job |= {"status": "Failure", "messages": [{"type": "ERROR", "text": str(error)}]}
        return {name: value for name, value in job.items() if name not in {"signature", "file"}}

    def _publish(self, text: str) -> Fields:
        """Raises BadFlow."""
        queues = {str(one["name"]) for one in self._queues.items.values()}
        flow = self._published(*flow_in(text, queues, self._automation.callable))
        self._documents[flow["id"]] = text
        return flow

    def _documented(self, identifier: str) -> Fields:
        return self._flow(identifier) | {"document": self._documents.get(identifier, "")}

    def _published(self, name: str, kind: str) -> Fields:
        found = next((flow for flow in self._flows.values() if (flow["name"], flow["type"]) == (name, kind)), None)
        if found is None:
            found = self._new({"name": name, "type": kind, "active": True, "publishedVersion": {"id": "0.0"}})
            self._flows[found["id"]] = found
        version = float(found["publishedVersion"]["id"]) + 1
        found["publishedVersion"] = {"id": f"{version:.1f}"}
        return found

    def _flow(self, identifier: str) -> Fields:
        if identifier not in self._flows:
            raise NotFound(identifier)
        return self._flows[identifier]

    def _drop_flow(self, identifier: str) -> object:
        self._flow(identifier)
        if any((recipient.get("flow") or {}).get("id") == identifier for recipient in self._recipients.values()):
            raise ApiError(409, "conflict", "The flow is in use by a message route.")
        del self._flows[identifier]
        return b""

    # --- who calls

    def _client(self, identifier: str) -> Fields:
        if identifier not in self._clients:
            raise NotFound(identifier)
        roles = [{"roleId": role, "divisionId": where} for role, where in self._roles_of.get(identifier, [])]
        return {
            "id": identifier,
            "name": identifier,
            "authorizedGrantType": "CLIENT_CREDENTIALS",
            "accessTokenValiditySeconds": int(self._clients[identifier][1]),
            "state": "active",
            "roleDivisions": roles,
        }

    def _subject(self, identifier: str) -> Fields:
        self._client(identifier)
        grants = [
            {"subjectId": identifier, "division": self._divisions.get(where), "role": _granted(self._roles.get(role))}
            for role, where in self._roles_of.get(identifier, [])
        ]
        return {"id": identifier, "name": identifier, "grants": grants}

    def _add_grant(self, call: Call, subject: str, division: str, role: str) -> object:
        # PC_USER is the default, and no user has a client's id
        if call.query.get("subjectType") != "PC_OAUTH_CLIENT":
            raise NotFound(subject)
        self._client(subject)
        given = (self._roles.get(role)["id"], self._divisions.get(division)["id"])
        held = self._roles_of.setdefault(subject, [])
        if given not in held:
            held.append(given)
        return b""

    def _drop_grant(self, subject: str, division: str, role: str) -> object:
        if (role, division) not in self._roles_of.get(subject, []):
            raise NotFound(role)
        self._roles_of[subject].remove((role, division))
        return b""

    def _token(self, client_id: str) -> Fields:
        organisation = {"id": ORGANISATION, "name": _ORGANISATION["name"]}
        return {"organization": organisation, "OAuthClient": {"id": client_id, "organization": organisation}}


_ORGANISATION = {
    "id": ORGANISATION,
    "name": "Simulated organisation",
    "defaultCountryCode": "US",
    "defaultLanguage": "en-US",
    "state": "active",
}
_PRODUCTS = [{"id": "engage3"}]
_HOME = {"id": HOME, "name": "Home", "homeDivision": True}


def _granted(role: Fields) -> Fields:
    """A role as AuthzGrantRole, which words its policies in its own way."""
    policies = [
        {"domain": one["domain"], "entityName": one["entityName"], "actions": one["actionSet"]}
        for one in role.get("permissionPolicies") or []
    ]
    return {"id": role["id"], "name": role["name"], "policies": policies}


def _one(items: Mapping[str, Fields], identifier: str) -> Fields:
    try:
        return items[identifier]
    except KeyError:
        raise NotFound(identifier) from None


def _body(call: Call) -> Fields:
    body = json_body(call)
    if not isinstance(body, dict):
        raise _bad("send an object")
    return body


def _bad(why: str) -> ApiError:
    return ApiError(400, "bad.request", f"The request could not be understood by the server: {why}.")


def _named(body: Fields) -> None:
    if not isinstance(body.get("name"), str) or not body["name"].strip():
        raise _bad("name is required")


def _some_setting(body: Fields) -> None:
    if not body.get("content") and not body.get("event"):
        raise _bad("content or event is required")


def _queue(body: Fields) -> None:
    message = (body.get("mediaSettings") or {}).get("message") or {}
    if message.get("alertingTimeoutSeconds", 30) < 7:
        raise _bad("mediaSettings.message.alertingTimeoutSeconds must be at least 7")


def _role(body: Fields) -> None:
    for policy in body.get("permissionPolicies") or []:
        for action in policy.get("actionSet") or []:
            if not known(policy.get("domain", ""), policy.get("entityName", ""), action):
                raise _bad(f"unknown permission {policy.get('domain')}:{policy.get('entityName')}:{action}")


def _page(items: Mapping[str, Fields], call: Call) -> Fields:
    """The part of a list that the query asks for: by `name`, `type`, page."""
    wanted = {name: call.query[name] for name in ("name", "type") if call.query.get(name)}
    found = [item for item in items.values() if all(_like(item.get(k), v) for k, v in wanted.items())]
    size, number = int(call.query.get("pageSize", "25")), int(call.query.get("pageNumber", "1"))
    page = found[(number - 1) * size : number * size]
    count = max(1, -(-len(found) // size))
    return {"entities": page, "pageSize": size, "pageNumber": number, "total": len(found), "pageCount": count}


def _like(held: object, wanted: str) -> bool:
    """Names may carry * as a wildcard at their ends, and case does not count."""
    return re.fullmatch(re.escape(wanted.lower()).replace(r"\*", ".*"), str(held).lower()) is not None
