"""What each resource is: its place in the API, its names there, its rules, and the steps that are its own."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tf.types import Unknown

from tests.stub_provider.api import Api, ApiFailure
from tests.stub_provider.schema import Fields, camel, documented, from_body, to_body

PATIENCE_S = 30.0
PAUSE_S = 0.1
_PREFIX = "genesyscloud_"
# What the wire shows of an attribute that the API never answers.
_SECRET = "outbound_notification_webhook_signature_secret_token"

Rule = Callable[[Fields], str]


def _anything(_: Fields) -> str:
    return ""


@dataclass(frozen=True)
class Kind:
    """One resource type. `carried`: the attributes that this stand-in carries; `rule` names what is wrong.

    `update` is the method of a change, `keep` what the API does not answer, `defaults` what the real
    provider fills in.
    """

    name: str
    path: str
    carried: tuple[str, ...]
    update: str = "PUT"
    renames: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    rule: Rule = _anything

    @property
    def attributes(self) -> Fields:
        """The documented attributes."""
        found: Fields = documented()["resources"][_PREFIX + self.name]["attributes"]
        return found

    def create(self, api: Api, planned: Fields) -> Fields:
        made = api.call("POST", self.path, self.body(planned))
        self.after(api, made["id"], {}, planned)
        return self.read(api, planned | {"id": made["id"]})

    def change(self, api: Api, current: Fields, planned: Fields) -> Fields:
        api.call(self.update, f"{self.path}/{current['id']}", self.body(planned))
        self.after(api, current["id"], current, planned)
        return self.read(api, planned | {"id": current["id"]})

    def read(self, api: Api, state: Fields) -> Fields:
        """The state as the API shows it. ApiFailure 404 where it is gone."""
        body = api.call("GET", f"{self.path}/{state['id']}")
        found = from_body(self.attributes, body, self.renames)
        return found | {name: state.get(name) for name in self.keep} | self.more(api, state)

    def delete(self, api: Api, state: Fields) -> None:
        api.call("DELETE", f"{self.path}/{state['id']}")

    def body(self, state: Fields) -> Fields:
        known = {name: value for name, value in state.items() if value is not Unknown}
        return to_body(self.attributes, known, self.renames)

    def after(self, api: Api, identifier: str, current: Fields, planned: Fields) -> None:
        """Calls that follow a write."""

    def more(self, api: Api, state: Fields) -> Fields:
        """State that other calls show."""
        return {}

    def foresee(self, current: Fields, planned: Fields) -> Fields:
        """The plan of a change."""
        return planned


class Integration(Kind):
    """Deletion ends when the API no longer finds it; headers travel as JSON text."""

    def body(self, state: Fields) -> Fields:
        body = super().body(state)
        headers = body.get("webhookHeaders")
        return body | {"webhookHeaders": json.loads(headers) if headers else None}

    def read(self, api: Api, state: Fields) -> Fields:
        found = super().read(api, state)
        headers = found["webhook_headers"]
        return found | {"webhook_headers": json.dumps(headers) if headers else None}

    def delete(self, api: Api, state: Fields) -> None:
        super().delete(api, state)
        until(lambda: self._gone(api, state), f"integration {state['id']} is still there")

    def _gone(self, api: Api, state: Fields) -> bool:
        try:
            api.call("GET", f"{self.path}/{state['id']}")
        except ApiFailure as failure:
            return failure.status == 404
        return False


class Queue(Kind):
    """Wrap-up codes and members have calls of their own."""

    def body(self, state: Fields) -> Fields:
        own = {"wrapup_codes", "ignore_members"}
        return super().body({name: value for name, value in state.items() if name not in own})

    def after(self, api: Api, identifier: str, current: Fields, planned: Fields) -> None:
        path = f"{self.path}/{identifier}/wrapupcodes"
        old, new = (set(state.get("wrapup_codes") or []) for state in (current, planned))
        if new - old:
            api.call("POST", path, [{"id": code} for code in sorted(new - old)])
        for code in sorted(old - new):
            api.call("DELETE", f"{path}/{code}")

    def more(self, api: Api, state: Fields) -> Fields:
        path = f"{self.path}/{state['id']}"
        codes = api.call("GET", f"{path}/wrapupcodes", query={"pageSize": "100"})["entities"]
        if not state.get("ignore_members"):
            api.call("GET", f"{path}/members", query={"pageSize": "100"})
        return {"wrapup_codes": [code["id"] for code in codes] or None}


class Role(Kind):
    """Each policy is looked up among the organisation's permissions before it is written."""

    def body(self, state: Fields) -> Fields:
        return super().body(state) | {"permissions": state.get("permissions") or []}

    def create(self, api: Api, planned: Fields) -> Fields:
        self._check(api, planned)
        return super().create(api, planned)

    def change(self, api: Api, current: Fields, planned: Fields) -> Fields:
        self._check(api, planned)
        return super().change(api, current, planned)

    def read(self, api: Api, state: Fields) -> Fields:
        found = super().read(api, state)
        return found | {"permissions": found["permissions"] or None}

    def _check(self, api: Api, planned: Fields) -> None:
        pages = api.call("GET", "/api/v2/authorization/permissions", query={"pageSize": "100"})["entities"]
        domains = {one["domain"]: one["permissionMap"] for one in pages}
        for policy in planned.get("permission_policies") or []:
            domain, entity = policy["domain"], policy["entity_name"]
            allowed = {one["action"] for one in domains.get(domain, {}).get(entity, [])}
            for action in policy["action_set"]:
                if action not in allowed:
                    raise ApiFailure(0, f"permission {domain}:{entity}:{action} does not exist")


class Flow(Kind):
    """Published through a job from a YAML file, after each {{key}} has been replaced."""

    def create(self, api: Api, planned: Fields) -> Fields:
        return self.read(api, planned | {"id": self._publish(api, planned)})

    def change(self, api: Api, current: Fields, planned: Fields) -> Fields:
        # a flow that was renamed in its file is another flow, and the old one stays
        return self.read(api, planned | {"id": self._publish(api, planned)})

    def read(self, api: Api, state: Fields) -> Fields:
        body = api.call("GET", f"{self.path}/{state['id']}", query={"deleted": "false"})
        if not body.get("name") or not body.get("type"):
            raise ApiFailure(0, "a flow without name and type")
        held = state.get("file_content_hash")
        return state | {"file_content_hash": _hash(state["filepath"]) if held in (None, Unknown) else held}

    def foresee(self, current: Fields, planned: Fields) -> Fields:
        return planned | {"file_content_hash": _hash(planned["filepath"])}

    def _publish(self, api: Api, planned: Fields) -> str:
        text = Path(planned["filepath"]).read_text(encoding="utf-8")
        for key, value in (planned.get("substitutions") or {}).items():
            text = text.replace("{{" + key + "}}", value)
        job = api.call("POST", f"{self.path}/jobs")
        api.upload(job["presignedUrl"], text, job["headers"])
        ended: Fields = {}

        def over() -> bool:
            ended.update(api.call("GET", f"{self.path}/jobs/{job['id']}", query={"expand": "messages"}))
            return ended["status"] in {"Success", "Failure"}

        until(over, f"the job {job['id']} does not end")
        if ended["status"] == "Failure":
            raise ApiFailure(0, "; ".join(message["text"] for message in ended.get("messages", [])))
        return str(ended["flow"]["id"])


class DataActions(Kind):
    """An integration that data actions belong to: made by its type, then configured, then switched on."""

    def create(self, api: Api, planned: Fields) -> Fields:
        made = api.call("POST", self.path, {"integrationType": {"id": planned["integration_type"]}})
        return self.change(api, {"id": made["id"]}, planned)

    def change(self, api: Api, current: Fields, planned: Fields) -> Fields:
        path = f"{self.path}/{current['id']}"
        held = api.call("GET", f"{path}/config/current")
        (given,) = planned.get("config") or [{}]
        credentials = {name: {"id": one} for name, one in (given.get("credentials") or {}).items()}
        told = {name: given.get(name) or "" for name in ("name", "notes")}
        told |= {name: json.loads(given.get(name) or "{}") for name in ("properties", "advanced")}
        api.call("PUT", f"{path}/config/current", told | {"credentials": credentials, "version": held["version"]})
        api.call("PATCH", path, {"intendedState": planned.get("intended_state") or "DISABLED"})
        return self.read(api, planned | {"id": current["id"]})

    def read(self, api: Api, state: Fields) -> Fields:
        path = f"{self.path}/{state['id']}"
        found, held = api.call("GET", path), api.call("GET", f"{path}/config/current")
        config: Fields = {name: held.get(name) for name in ("name", "notes")}
        config |= {name: json.dumps(held.get(name) or {}) for name in ("properties", "advanced")}
        config["credentials"] = {name: one["id"] for name, one in held["credentials"].items()}
        state = {"id": state["id"], "integration_type": found["integrationType"]["id"], "config": [config]}
        return state | {"intended_state": found["intendedState"]}


class DataAction(Kind):
    """Contract and configuration are nested otherwise than in Terraform; the contracts are JSON texts."""

    def body(self, state: Fields) -> Fields:
        body = {name: state[name] for name in ("name", "category", "secure")}
        body |= {"integrationId": state["integration_id"], "contract": _contract(state)}
        request, response = (_block(state, f"config_{name}") for name in ("request", "response"))
        config: Fields = {"request": {camel(name): value for name, value in request.items()}}
        config["response"] = {camel(name): value for name, value in response.items()}
        return body | {"config": config | {"timeoutSeconds": state.get("config_timeout_seconds")}}

    def read(self, api: Api, state: Fields) -> Fields:
        found = api.call("GET", f"{self.path}/{state['id']}", query={"includeConfig": "true"})
        held, contract = found["config"], found["contract"]
        read: Fields = {"id": state["id"], "integration_id": found["integrationId"], "function_config": []}
        read |= {name: found[name] for name in ("name", "category", "secure")}
        read["config_timeout_seconds"] = held["timeoutSeconds"]
        for name in ("request", "response"):
            read[f"config_{name}"] = [{_snake(field): value for field, value in held[name].items()}]
        read["contract_input"] = _compact(contract["input"]["inputSchema"])
        return read | {"contract_output": _compact(contract["output"]["successSchema"])}


class Trigger(Kind):
    """What it matches is a JSON text."""

    def body(self, state: Fields) -> Fields:
        criteria = state.get("match_criteria")
        body = super().body({name: value for name, value in state.items() if name != "match_criteria"})
        (target,) = state["target"]
        body["target"]["id"] = target["id"]
        return body | {"matchCriteria": json.loads(criteria) if criteria else []}

    def read(self, api: Api, state: Fields) -> Fields:
        criteria = api.call("GET", f"{self.path}/{state['id']}")["matchCriteria"]
        return super().read(api, state) | {"match_criteria": _compact(criteria) if criteria else None}


def _block(state: Fields, name: str) -> Fields:
    (block,) = state.get(name) or [{}]
    return {field: value for field, value in block.items() if value is not None and value is not Unknown}


def _contract(state: Fields) -> Fields:
    given, taken = json.loads(state["contract_input"]), json.loads(state["contract_output"])
    return {"input": {"inputSchema": given}, "output": {"successSchema": taken}}


def _compact(value: Any) -> str:
    """As Terraform's jsonencode writes it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)


def until(holds: Callable[[], bool], complaint: str) -> None:
    """Asks again and again. ApiFailure with the complaint after PATIENCE_S."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / PAUSE_S)):
        if holds():
            return
        pause.wait(PAUSE_S)
    raise ApiFailure(0, complaint)


def _hash(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _switches(state: Fields) -> str:
    wrong = [word for word in _leaves(state.get("content")) + _leaves(state.get("event")) if word not in _SWITCH]
    if wrong:
        return f"expected Enabled or Disabled, got {', '.join(map(str, wrong))}"
    return "" if state.get("content") or state.get("event") else "one of content, event must be specified"


def _queue_rule(state: Fields) -> str:
    for settings in _known(state.get("media_settings_message")):
        if (settings.get("alerting_timeout_sec") or 7) < 7:
            return "alerting_timeout_sec must be at least 7"
        share = settings.get("service_level_percentage")
        if share is not None and not 0 <= float(share) <= 1:
            return "service_level_percentage must be from 0 to 1"
        if (settings.get("service_level_duration_ms") or 1000) < 1000:
            return "service_level_duration_ms must be at least 1000"
    return ""


def _flow_rule(state: Fields) -> str:
    path = state.get("filepath")
    return "" if path in (None, Unknown) or Path(str(path)).is_file() else f"there is no file {path}"


def _known(blocks: Any) -> list[Fields]:
    whole = [one for one in blocks if isinstance(one, dict)] if isinstance(blocks, list) else []
    return [{name: value for name, value in one.items() if value is not Unknown} for one in whole]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [] if value is None else [value]


_SWITCH = ("Enabled", "Disabled", Unknown)
_MESSAGING = "/api/v2/conversations/messaging"

KINDS: tuple[Kind, ...] = (
    Integration(
        "conversations_messaging_integrations_open",
        f"{_MESSAGING}/integrations/open",
        (
            "name", "messaging_setting_id", "supported_content_id", "webhook_headers",
            "outbound_notification_webhook_url", _SECRET,
        ),
        update="PATCH",
        renames={"messaging_setting_id": "messagingSetting.id", "supported_content_id": "supportedContent.id"},
        defaults={"supported_content_id": Unknown, "webhook_headers": Unknown},
        keep=(_SECRET,),
    ),
    Kind(
        "conversations_messaging_settings", f"{_MESSAGING}/settings", ("name", "content", "event"),
        update="PATCH", rule=_switches,
    ),
    Kind(
        "conversations_messaging_supportedcontent", f"{_MESSAGING}/supportedcontent", ("name", "media_types"),
        update="PATCH",
    ),
    Queue(
        "routing_queue",
        "/api/v2/routing/queues",
        (
            "name", "description", "division_id", "acw_wrapup_prompt", "acw_timeout_ms", "skill_evaluation_method",
            "scoring_method", "media_settings_message", "wrapup_codes", "enable_manual_assignment",
            "last_agent_routing_mode", "ignore_members",
        ),
        keep=("ignore_members",),
        renames={
            "division_id": "division.id",
            "acw_wrapup_prompt": "acwSettings.wrapupPrompt",
            "acw_timeout_ms": "acwSettings.timeoutMs",
            "media_settings_message": "mediaSettings.message",
            "alerting_timeout_sec": "alertingTimeoutSeconds",
            "service_level_percentage": "serviceLevel.percentage",
            "service_level_duration_ms": "serviceLevel.durationMs",
        },
        defaults={
            "acw_wrapup_prompt": "MANDATORY_TIMEOUT",
            "skill_evaluation_method": "ALL",
            "scoring_method": "TimestampAndPriority",
        },
        rule=_queue_rule,
    ),
    Kind(
        "routing_wrapupcode", "/api/v2/routing/wrapupcodes", ("name", "description", "division_id"),
        renames={"division_id": "division.id"},
    ),
    Flow(
        "flow", "/api/v2/flows", ("filepath", "substitutions", "update_trigger_hash", "force_unlock"),
        rule=_flow_rule,
    ),
    Kind("auth_division", "/api/v2/authorization/divisions", ("name", "description", "home")),
    Role(
        "auth_role", "/api/v2/authorization/roles",
        ("name", "description", "permissions", "permission_policies"),
    ),
    Kind(
        "externalcontacts_external_source", "/api/v2/externalcontacts/externalsources",
        ("name", "active", "link_configuration"), defaults={"active": True},
    ),
    Kind(
        "integration_credential", "/api/v2/integrations/credentials", ("name", "credential_type_name", "fields"),
        renames={"credential_type_name": "type.name", "fields": "credentialFields"}, keep=("fields",),
    ),
    DataActions(
        "integration", "/api/v2/integrations", ("integration_type", "intended_state", "config"),
        defaults={"intended_state": "DISABLED"},
    ),
    DataAction(
        "integration_action", "/api/v2/integrations/actions",
        (
            "name", "category", "integration_id", "secure", "config_timeout_seconds", "contract_input",
            "contract_output", "config_request", "config_response",
        ),
        update="PATCH", defaults={"secure": False},
    ),
    Trigger(
        "processautomation_trigger", "/api/v2/processautomation/triggers",
        (
            "name", "topic_name", "enabled", "description", "match_criteria", "target", "event_ttl_seconds",
            "delay_by_seconds",
        ),
        renames={"event_ttl_seconds": "eventTTLSeconds"},
    ),
)  # fmt: skip
