"""The administrator's side of the simulated Genesys Cloud, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.sandbox.conftest import WAIT_S, Receiver

OPEN = "/conversations/messaging/integrations/open"
IDENTITY = "/conversations/messaging/identityresolution/integrations/open"
SECRET = "a-secret-of-some-length"


class Org:
    """A simulator with an administrator logged in, and a runtime client that has a role."""

    def __init__(self, clock: Clock, faults: Faults, hook: str) -> None:
        self.hook = hook
        self.sim = GenesysSimulator(clock, faults)
        self.sim.add_client("admin", "admin-secret")
        self.sim.add_client("runtime", "runtime-secret")
        self.sim.start()
        self.tokens = {name: self.login(name) for name in ("admin", "runtime")}

    def login(self, name: str) -> str:
        form = {"grant_type": "client_credentials"}
        answer = requests.post(f"{self.sim.url}/oauth/token", data=form, auth=(name, f"{name}-secret"), timeout=WAIT_S)
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, body: Any = None, client: str = "admin", status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[client]}"}
        url = f"{self.sim.url}/api/v2{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=WAIT_S)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def integration(self, **more: Any) -> dict[str, Any]:
        body = {
            "name": "Shop", "outboundNotificationWebhookUrl": self.hook,
            "outboundNotificationWebhookSignatureSecretToken": SECRET,
        }  # fmt: skip
        made: dict[str, Any] = self.call("POST", OPEN, body | more)
        return made

    def recipient(self, identifier: str) -> str:
        self.sim.admin.delays = 0
        found = self.call("GET", f"{OPEN}/{identifier}")
        while "recipient" not in found:
            found = self.call("GET", f"{OPEN}/{identifier}")
        return str(found["recipient"]["id"])

    def publish(self, text: str) -> dict[str, Any]:
        job = self.call("POST", "/flows/jobs")
        put = requests.put(job["presignedUrl"], data=text.encode(), headers=job["headers"], timeout=WAIT_S)
        assert put.status_code == 200
        ended: dict[str, Any] = self.call("GET", f"/flows/jobs/{job['id']}?expand=messages")
        return ended


@pytest.fixture
def org(clock: Clock, faults: Faults, receiver: Receiver) -> Iterator[Org]:
    made = Org(clock, faults, receiver.url)
    yield made
    made.sim.stop()


def test_an_integration_is_created_in_its_own_time(org: Org) -> None:
    made = org.integration()
    assert (made["createStatus"], "recipient" in made) == ("Initiated", False)
    path = f"{OPEN}/{made['id']}"
    assert org.call("GET", path)["createStatus"] == "Initiated"
    later = org.call("GET", path)
    assert (later["createStatus"], later["status"]) == ("Completed", "Active")
    assert later["recipient"]["id"]
    assert org.call("GET", OPEN)["total"] == 1


def test_what_the_api_made_carries_messages(org: Org, receiver: Receiver) -> None:
    identifier = org.integration()["id"]
    message = {
        "channel": {"from": {"id": "c", "idType": "Opaque"}, "time": "2026-11-20T10:00:00.123Z"}, "text": "Hello",
    }  # fmt: skip
    path = f"/conversations/messages/{identifier}/inbound/open/message?prefetchConversationId=true"
    conversation = org.call("POST", path, message)["conversationId"]
    org.sim.reply(conversation, text="Hi")
    assert receiver.json()["channel"]["from"] == {"nickname": "Shop", "id": identifier, "idType": "Opaque"}
    org.call("PATCH", f"{OPEN}/{identifier}", {"name": "Renamed"})
    org.sim.reply(conversation, text="Hi")
    assert receiver.json(2)["channel"]["from"]["nickname"] == "Renamed"
    org.call("DELETE", f"{OPEN}/{identifier}", status=204)
    org.call("GET", f"{OPEN}/{identifier}", status=404)
    org.call("POST", path, message, status=404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"outboundNotificationWebhookUrl": "bridge.example"},
        {"outboundNotificationWebhookSignatureSecretToken": "fifteen-letters"},
        {"supportedContent": {"id": ""}},
        {"messagingSetting": {"id": "nothing"}},
    ],
)
def test_a_wrong_integration_is_refused(org: Org, wrong: dict[str, Any]) -> None:
    body = {
        "name": "Shop", "outboundNotificationWebhookUrl": org.hook,
        "outboundNotificationWebhookSignatureSecretToken": SECRET,
    }  # fmt: skip
    assert org.call("POST", OPEN, body | wrong, status=400)["code"] == "bad.request"
    org.call("POST", OPEN, [], status=400)


def test_an_integration_that_was_there_is_complete(org: Org) -> None:
    org.sim.add_integration("int-1", webhook_url=org.hook, secret=SECRET, name="Old")
    assert org.call("GET", f"{OPEN}/int-1")["createStatus"] == "Completed"


def test_a_flow_is_attached_and_detached(org: Org) -> None:
    recipient = f"/routing/message/recipients/{org.recipient(org.integration()['id'])}"
    flow, calls = org.sim.admin.add_flow("Ours"), org.sim.admin.add_flow("Calls", "inboundcall")
    assert "flow" not in org.call("GET", recipient)
    assert org.call("PUT", recipient, {"flow": {"id": flow}})["flow"] == {"id": flow, "name": "Ours"}
    org.call("PUT", recipient, {"flow": {"id": calls}}, status=400)
    org.call("PUT", recipient, {"flow": {"id": flow}})
    org.call("DELETE", f"/flows/{flow}", status=409)
    assert "flow" not in org.call("PUT", recipient, {})
    org.call("DELETE", f"/flows/{flow}")
    org.call("GET", "/routing/message/recipients/nobody", status=404)


def test_customers_are_resolved_by_a_source(org: Org) -> None:
    path = f"{IDENTITY}/{org.integration()['id']}"
    assert org.call("GET", path)["resolveIdentities"] is False
    source = org.call("POST", "/externalcontacts/externalsources", {"name": "Instagram", "active": True})["id"]
    org.call("PUT", path, {"resolveIdentities": True, "externalSource": {"id": source}})
    assert org.call("GET", path)["externalSource"] == {"id": source}
    org.call("PUT", path, {"externalSource": {"id": source}}, status=400)
    org.call("PUT", path, {"resolveIdentities": True, "externalSource": {"id": "nothing"}}, status=400)


@pytest.mark.parametrize(
    ("path", "method", "body", "change", "gone"),
    [
        ("/conversations/messaging/settings", "PATCH", {"content": {"a": 1}}, {"event": {"b": 2}}, 204),
        ("/conversations/messaging/supportedcontent", "PATCH", {}, {"mediaTypes": {}}, 204),
        ("/routing/wrapupcodes", "PUT", {}, {"name": "Y", "description": "d"}, 204),
        ("/externalcontacts/externalsources", "PUT", {}, {"name": "Y", "active": False}, 200),
        ("/authorization/roles", "PUT", {}, {"name": "Y"}, 204),
        ("/routing/queues", "PUT", {}, {"name": "Y"}, 204),
    ],
)
def test_plain_things_are_made_changed_found_and_deleted(
    org: Org, path: str, method: str, body: dict[str, Any], change: dict[str, Any], gone: int
) -> None:
    made = org.call("POST", path, {"name": "X one"} | body)
    one = f"{path}/{made['id']}"
    assert org.call("GET", one) == made
    changed = org.call(method, one, change)
    assert change.items() <= changed.items()
    assert ("content" in changed) is (method == "PATCH" and "content" in body)
    name = changed["name"]
    assert [item["id"] for item in org.call("GET", f"{path}?name={name}")["entities"]] == [made["id"]]
    assert [item["id"] for item in org.call("GET", f"{path}?name={name[0].lower()}*")["entities"]] == [made["id"]]
    assert org.call("GET", f"{path}?name=other")["entities"] == []
    org.call("POST", path, {}, status=400)
    org.call("DELETE", one, status=gone)
    for verb in ("GET", "DELETE"):
        org.call(verb, one, status=404)


def test_lists_come_in_pages(org: Org) -> None:
    names = [org.call("POST", "/routing/wrapupcodes", {"name": f"Code {n}"})["name"] for n in range(3)]
    page = org.call("GET", "/routing/wrapupcodes?pageSize=2&pageNumber=2")
    assert [item["name"] for item in page["entities"]] == names[2:]
    assert (page["total"], page["pageCount"]) == (3, 2)


def test_a_queue_has_wrap_up_codes(org: Org) -> None:
    queue = f"/routing/queues/{org.call('POST', '/routing/queues', {'name': 'Q'})['id']}"
    code = org.call("POST", "/routing/wrapupcodes", {"name": "Answered"})["id"]
    org.call("POST", f"{queue}/wrapupcodes", [{"id": code}])
    assert [item["id"] for item in org.call("GET", f"{queue}/wrapupcodes")["entities"]] == [code]
    org.call("DELETE", f"{queue}/wrapupcodes/{code}", status=204)
    assert org.call("GET", f"{queue}/wrapupcodes")["total"] == 0
    org.call("DELETE", f"{queue}/wrapupcodes/{code}", status=404)
    org.call("POST", f"{queue}/wrapupcodes", [{"id": "nothing"}], status=404)
    assert org.call("GET", f"{queue}/members")["entities"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations/messaging/settings", {}),
        ("/routing/queues", {"mediaSettings": {"message": {"alertingTimeoutSeconds": 6}}}),
        (
            "/authorization/roles",
            {"permissionPolicies": [{"domain": "conversation", "entityName": "message", "actionSet": ["obey"]}]},
        ),
    ],
)
def test_what_the_api_would_refuse_is_refused(org: Org, path: str, body: dict[str, Any]) -> None:
    org.call("POST", path, {"name": "X"} | body, status=400)


def test_a_flow_is_published_from_yaml(org: Org) -> None:
    org.sim.admin.add_queue("Social")
    text = (
        "inboundShortMessage:\n  name: Ours\n  states:\n    - state:\n        actions:\n"
        "          - transferToAcd:\n              targetQueue:\n                lit:\n                  name: {}\n"
    )
    ended = org.publish(text.format("Social"))
    assert ended["status"] == "Success"
    flow = org.call("GET", f"/flows/{ended['flow']['id']}?deleted=false")
    assert (flow["name"], flow["type"], flow["publishedVersion"]) == ("Ours", "inboundshortmessage", {"id": "1.0"})
    assert org.publish(text.format("Social"))["flow"] == ended["flow"]
    assert org.call("GET", "/flows?name=Ours&type=inboundshortmessage")["total"] == 1
    assert org.call("GET", "/flows?name=Ours&type=workflow")["total"] == 0
    failed = org.publish(text.format("Other"))
    assert (failed["status"], failed["messages"][0]["text"]) == ("Failure", "there is no queue named 'Other'")


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "not YAML"), ("a: {{b}}", "{{b}} was not substituted"), ("inboundCall:\n  name: x", "no named")],
)
def test_a_file_that_is_no_flow_fails(org: Org, text: str, words: str) -> None:
    assert words in org.publish(text)["messages"][0]["text"]


def test_an_upload_needs_its_signature(org: Org) -> None:
    url = org.call("POST", "/flows/jobs")["presignedUrl"]
    assert requests.put(url[:-1], data=b"x", timeout=WAIT_S).status_code == 403
    org.call("GET", "/flows/jobs/nothing", status=404)


def test_a_role_bounds_what_a_client_may_do(org: Org) -> None:
    message = {"channel": {"from": {"id": "c", "idType": "Opaque"}, "time": "2026-11-20T10:00:00.123Z"}, "text": "x"}
    path = f"/conversations/messages/{org.integration()['id']}/inbound/open/message"
    org.call("POST", path, message, client="runtime")  # a client without roles may do everything
    role = org.sim.admin.add_role(
        {
            "name": "viewer",
            "permissionPolicies": [{"domain": "conversation", "entityName": "message", "actionSet": ["view"]}],
        }
    )
    org.sim.admin.grant("runtime", role)
    assert org.call("POST", path, message, client="runtime", status=403)["code"] == "missing.permissions"
    query = {"interval": "2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"}
    org.call("POST", "/analytics/conversations/details/query", query, client="runtime", status=403)
    assert org.call("GET", "/oauth/clients/runtime")["roleDivisions"][0]["roleId"] == role
    org.call("GET", "/oauth/clients/nobody", status=404)


def test_who_one_is(org: Org) -> None:
    assert org.call("GET", "/organizations/me")["defaultCountryCode"] == "US"
    products = org.call("GET", "/authorization/products")
    assert (products["total"], products["entities"]) == (1, [{"id": "engage3"}])
    me = org.call("GET", "/tokens/me", client="runtime")
    assert (me["OAuthClient"]["id"], bool(me["OAuthClient"]["organization"]["id"])) == ("runtime", True)
    domains = {one["domain"] for one in org.call("GET", "/authorization/permissions")["entities"]}
    assert {"conversation", "routing", "messaging"} <= domains
    assert org.call("GET", "/authorization/divisions/home")["homeDivision"] is True
