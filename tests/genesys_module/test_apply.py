"""The module applied by the real Terraform, through the stand-in provider, to the simulated Genesys Cloud."""

from __future__ import annotations

import copy
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK
from chalicelib.http import Request
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import DeskEnded
from ops.__main__ import cli
from ops.desks.genesys.checks import RUNTIME_PERMISSIONS
from sandbox.simulators.genesys.automation import CUSTOMER_END
from tests.genesys_module.conftest import ACCOUNTS, CLIENT, Terraform
from tests.stub_provider.resources import KINDS
from tests.stub_provider.schema import documented

OPS = f"{sys.executable} -m ops"
CREDENTIALS = {"GENESYSCLOUD_OAUTHCLIENT_ID": CLIENT[0], "GENESYSCLOUD_OAUTHCLIENT_SECRET": CLIENT[1]}
NOTHING: dict[str, list[str]] = {
    kind: []
    for kind in (
        "integrations", "flows", "settings", "supported_content", "queues", "wrapup_codes", "roles", "external_sources",
        "credentials", "data_actions", "data_action_integrations", "triggers",
    )
}  # fmt: skip


ENDING = ("credentials", "data_actions", "data_action_integrations", "triggers")


def test_everything_is_made_linked_and_taken_away(terraform: Terraform) -> None:
    terraform.genesys.add_client("bridge", "bridge-secret-0001")
    terraform.inputs |= {"ops_command": OPS, "oauth_client_ids": ["bridge"]}
    terraform.genesys.admin.delays = 2  # the provider reads once, the command has to wait
    printed = terraform.apply()
    assert "webhook-secret-of" not in printed
    assert terraform.genesys.admin.held() == {
        "integrations": ["acme Instagram acme", "acme TikTok acme_tt"],
        "flows": ["acme conversation end", "acme inbound messages"],
        "settings": ["acme direct messages"],
        "supported_content": ["acme Instagram", "acme TikTok"],
        "queues": ["acme social messages"],
        "wrapup_codes": ["acme: Answered", "acme: Follow up", "acme: No answer needed"],
        "roles": ["acme bridge"],
        "external_sources": ["acme Instagram", "acme TikTok"],
        **{kind: ["acme conversation end"] for kind in ENDING},
    }
    outputs = terraform.outputs()
    assert set(outputs["integration_ids"]) == {"acme_ig", "acme_tt"}
    for key, identifier in outputs["integration_ids"].items():
        held = terraform.genesys.admin.integration(identifier)
        assert held["flow"]["id"] == outputs["flow_id"]
        assert held["identity"]["resolveIdentities"] is True
        assert held["outboundNotificationWebhookUrl"] == "https://bridge.example/api/genesys/outbound"
        assert held["outboundNotificationWebhookSignatureSecretToken"] == f"webhook-secret-of-{key}"
        assert held["supportedContent"]["id"]
        assert held["messagingSetting"]["id"]
    assert terraform.genesys.admin.roles_of("bridge") == [outputs["role_id"]]
    for permission in RUNTIME_PERMISSIONS:
        terraform.genesys.admin.require("bridge", permission)
    terraform.run("plan", "-detailed-exitcode")  # 0: a second plan is empty
    _ends_are_told(terraform)
    terraform.run("destroy", "-auto-approve")
    assert terraform.genesys.admin.held() == NOTHING
    assert terraform.genesys.admin.roles_of("bridge") == []


def _ends_are_told(terraform: Terraform) -> None:
    """What the trigger that was applied sends is what the bridge takes; other media's ends start nothing."""
    event = {
        "eventTime": 1_800_000_000_000, "conversationId": "c-1", "mediaType": "MESSAGE", "messageType": "OPEN",
        "addressTo": "int-ig", "addressFrom": 'odd "id"', "interactingDurationMs": 7,
        "conversationExternalContactIds": [],
    }  # fmt: skip
    for other in ({"mediaType": "VOICE"}, {"messageType": "WEBMESSAGING"}):
        assert terraform.genesys.admin.triggered(CUSTOMER_END, event | other) == []
    (sent,) = terraform.genesys.admin.triggered(CUSTOMER_END, event)
    assert sent.url == terraform.inputs["webhook_url"]
    headers = {name.lower(): value for name, value in sent.headers.items()}
    assert headers["content-type"] == "application/json"
    request = Request(method="POST", headers=headers, query={}, body=sent.body)
    WEBHOOK.verify(request, [terraform.inputs["ending_secret"]], 0)
    (piece,) = WEBHOOK.split(sent.body)
    told = TRANSLATOR.parse(
        Event(source="genesys", account="", party="", id=piece.id, received_ms=0, raw=msgspec.Raw(piece.raw))
    )
    assert told == DeskEnded(desk_conversation="c-1", integration="int-ig", customer='odd "id"')
    (later,) = terraform.genesys.admin.triggered(CUSTOMER_END, event | {"eventTime": 1_800_000_000_001})
    assert WEBHOOK.split(later.body)[0].id != piece.id


def test_nothing_tells_ends_where_that_is_switched_off(terraform: Terraform) -> None:
    terraform.inputs |= {"conversation_end": False, "identity_resolution": False}
    terraform.apply()
    held = terraform.genesys.admin.held()
    assert {name: held[name] for name in (*ENDING, "flows")} == {kind: [] for kind in ENDING} | {
        "flows": ["acme inbound messages"]
    }


def test_another_flow_takes_over_without_a_gap(terraform: Terraform) -> None:
    terraform.inputs["ops_command"] = OPS
    terraform.inputs["accounts"] = {"acme_tt": terraform.inputs["accounts"]["acme_tt"]}
    terraform.apply()
    other = terraform.genesys.admin.add_flow("Theirs")
    terraform.inputs["flow"] = {"own": False, "name": "Theirs"}
    terraform.apply()
    (identifier,) = terraform.outputs()["integration_ids"].values()
    assert terraform.genesys.admin.integration(identifier)["flow"]["id"] == other
    assert terraform.genesys.admin.held()["flows"] == ["Theirs", "acme conversation end"]


def test_customers_are_looked_up_no_longer_and_the_flow_stays(terraform: Terraform) -> None:
    terraform.inputs["ops_command"] = OPS
    terraform.inputs["accounts"] = {"acme_tt": terraform.inputs["accounts"]["acme_tt"]}
    terraform.apply()
    (identifier,) = terraform.outputs()["integration_ids"].values()
    terraform.inputs["identity_resolution"] = False
    terraform.apply()
    held = terraform.genesys.admin.integration(identifier)
    assert held["flow"]["id"] == terraform.outputs()["flow_id"]
    assert held["identity"]["resolveIdentities"] is False
    assert terraform.genesys.admin.held()["external_sources"] == []


def test_what_the_module_waits_for_detaches_no_flow(terraform: Terraform) -> None:
    """`depends_on` leaves the id of a flow that is found by its name unknown until the apply."""
    other = terraform.genesys.admin.add_flow("Theirs")
    terraform.inputs |= {"ops_command": OPS, "flow": {"own": False, "name": "Theirs"}}
    terraform.inputs["accounts"] = {"acme_tt": terraform.inputs["accounts"]["acme_tt"]}
    for value in ("before", "after"):
        terraform.write(f'resource "terraform_data" "first" {{\n  input = "{value}"\n}}\n')
        root = terraform.folder / "main.tf"
        waits = "  depends_on = [terraform_data.first]\n"
        text = root.read_text(encoding="utf-8").replace('module "genesys" {\n', f'module "genesys" {{\n{waits}')
        root.write_text(text, encoding="utf-8")
        terraform.run("apply", "-auto-approve")
    (identifier,) = terraform.outputs()["integration_ids"].values()
    assert terraform.genesys.admin.integration(identifier)["flow"]["id"] == other


def test_one_of_two_bridges_is_destroyed_and_the_other_stays_whole(terraform: Terraform, initialised: Path) -> None:
    terraform.inputs["ops_command"] = OPS
    terraform.inputs["accounts"] = {"acme_tt": terraform.inputs["accounts"]["acme_tt"]}
    terraform.apply()
    alone = terraform.genesys.admin.held()
    second = copy.copy(terraform)
    second.folder = terraform.folder / "second"
    second.inputs = terraform.inputs | {"name": "acme-b"}
    shutil.copytree(initialised, second.folder, symlinks=True)
    second.apply()
    both = terraform.genesys.admin.held()
    for kind, names in alone.items():
        more = [name for name in both[kind] if name not in names]
        assert len(more) == len(names), f"each has {kind} of its own"
        assert all(name.startswith("acme-b") for name in more), kind
    second.run("destroy", "-auto-approve")
    assert terraform.genesys.admin.held() == alone
    terraform.run("plan", "-detailed-exitcode")  # 0: nothing of it is gone or changed
    (identifier,) = terraform.outputs()["integration_ids"].values()
    assert terraform.genesys.admin.integration(identifier)["flow"]["id"] == terraform.outputs()["flow_id"]


def test_what_exists_is_used_by_name(terraform: Terraform) -> None:
    queue = terraform.genesys.admin.add_queue("Support")
    flow = terraform.genesys.admin.add_flow("Theirs")
    terraform.inputs |= {
        "queue": {"name": "Support", "create": False},
        "flow": {"own": False, "name": "Theirs"},
        "identity_resolution": False,
    }
    terraform.apply()
    assert (terraform.outputs()["queue_id"], terraform.outputs()["flow_id"]) == (queue, flow)
    held = terraform.genesys.admin.held()
    assert (held["wrapup_codes"], held["external_sources"]) == ([], [])
    terraform.run("destroy", "-auto-approve")
    assert terraform.genesys.admin.held() == NOTHING | {"queues": ["Support"], "flows": ["Theirs"]}


def test_queue_and_role_are_in_the_division(terraform: Terraform) -> None:
    sales = terraform.genesys.admin.add_division("Sales")
    terraform.genesys.add_client("bridge", "bridge-secret-0001")
    terraform.inputs |= {"ops_command": OPS, "oauth_client_ids": ["bridge"], "accounts": {}, "division": "Sales"}
    terraform.apply()
    role = terraform.outputs()["role_id"]
    admin = terraform.genesys.admin
    assert admin.division_of("acme social messages") == "Sales"
    assert (admin.roles_of("bridge", sales), admin.roles_of("bridge")) == ([role], [])
    terraform.run("plan", "-detailed-exitcode")
    terraform.inputs["division"] = "Home"
    terraform.apply()
    assert (admin.roles_of("bridge", sales), admin.roles_of("bridge")) == ([], [role])


def test_a_division_that_is_none_is_told(terraform: Terraform) -> None:
    terraform.inputs["division"] = "Nowhere"
    terraform.write()
    assert "no auth_division found with name 'Nowhere'" in terraform.run("plan", code=1)


def test_where_nothing_is_run_the_commands_are_told(terraform: Terraform) -> None:
    """As in a pipeline without Python; somebody runs them later, and Terraform leaves alone what they did."""
    admin = terraform.genesys.admin
    terraform.genesys.add_client("bridge", "bridge-secret-0001")
    terraform.inputs |= {"ops_command": "true", "oauth_client_ids": ["bridge"]}
    terraform.apply()
    outputs = terraform.outputs()
    made = outputs["integration_ids"]
    assert [admin.integration(one)["flow"] for one in made.values()] == [None, None]
    assert admin.roles_of("bridge") == []
    for command in outputs["link_commands"]:
        name, *arguments = shlex.split(command)
        assert name == "dmdesk"
        hosts = ["--genesys-url", terraform.genesys.url, "--login-url", terraform.genesys.url]
        ran = CliRunner().invoke(cli, [*arguments, *hosts], env=CREDENTIALS)
        assert ran.exit_code == 0, ran.output
    assert {admin.integration(one)["flow"]["id"] for one in made.values()} == {outputs["flow_id"]}
    assert all(admin.integration(one)["identity"]["resolveIdentities"] for one in made.values())
    assert admin.roles_of("bridge") == [outputs["role_id"]]
    terraform.run("plan", "-detailed-exitcode")
    terraform.run("destroy", "-auto-approve")
    assert admin.held() == NOTHING


def test_a_pipeline_takes_over_what_the_command_linked(terraform: Terraform) -> None:
    terraform.inputs |= {"ops_command": OPS, "accounts": {"acme_tt": ACCOUNTS["acme_tt"]}}
    terraform.apply()
    (linked,) = terraform.outputs()["integration_ids"].values()
    flow = terraform.genesys.admin.integration(linked)["flow"]
    terraform.inputs["ops_command"] = "true"
    terraform.apply()
    assert terraform.genesys.admin.integration(linked)["flow"] == flow


def test_a_name_that_is_not_there_is_told(terraform: Terraform) -> None:
    terraform.inputs["flow"] = {"own": False, "name": "Nobody's"}
    terraform.write()
    assert 'no flow found with name "Nobody\'s"' in terraform.run("plan", code=1)


def test_changes_arrive_and_the_plan_is_empty_again(terraform: Terraform) -> None:
    terraform.apply()
    before = terraform.outputs()
    terraform.inputs |= {
        "webhook_url": "https://moved.example/api/genesys/outbound",
        "late_reply": 'Zu spät: "morgen" 😀 # {x}\nBis dann',
        "priority": 5,
        "queue": {"name": "Social messages", "alerting_timeout_s": 45, "wrapup_codes": ["Answered", "Spam"]},
    }
    terraform.apply()
    assert terraform.outputs() == before
    held = terraform.genesys.admin.integration(before["integration_ids"]["acme_ig"])
    assert held["outboundNotificationWebhookUrl"] == "https://moved.example/api/genesys/outbound"
    assert terraform.genesys.admin.held()["wrapup_codes"] == ["acme: Answered", "acme: Spam"]
    terraform.run("plan", "-detailed-exitcode")


def test_what_was_changed_by_hand_is_seen(terraform: Terraform) -> None:
    terraform.apply()
    identifier = terraform.outputs()["integration_ids"]["acme_tt"]
    terraform.genesys.admin.rename_integration(identifier, "by hand")
    terraform.run("plan", "-detailed-exitcode", code=2)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"webhook_secrets": {"acme_ig": "short"}}, "longer than 15 characters"),
        ({"webhook_url": "https://bridge.example:8443/hook"}, "https on port 443"),
        ({"accounts": {"a": {"channel": "whatsapp", "id": "1"}}}, "must be instagram or tiktok"),
        (
            {"accounts": {"a": {"channel": "tiktok", "id": "1"}, "b": {"channel": "tiktok", "id": "1"}}},
            "could not be told apart",
        ),
        ({"queue": {"name": "q", "alerting_timeout_s": 3}}, "at least 7"),
        ({"queue": {"name": "q", "service_level_share": 80}}, "from 0 to 1"),
        ({"flow": {"own": False}}, "flow.name must name an inbound message flow"),
        ({"late_reply": "ä" * 501}, "at most 1,000 bytes"),
        ({"late_reply": " …"}, "must hold words"),
        ({"late_reply": "<your text>"}, "must hold words"),
        ({"late_reply": "see {{link}}"}, "must not hold {{"),
        ({"late_after_hours": 0}, "from 1 to 8760"),
        ({"priority": 0.5}, "whole number"),
        ({"name": "1"}, "must start with a letter"),
        ({"division": " "}, "division is the name of a division"),
        ({"base_url": "x; rm"}, "must be empty or a URL"),
    ],
)
def test_wrong_inputs_are_refused_in_words(terraform: Terraform, inputs: dict[str, Any], words: str) -> None:
    terraform.inputs |= inputs
    terraform.write()
    assert words in terraform.run("plan", code=1)


@pytest.mark.parametrize(
    ("resource", "body", "words"),
    [
        ("routing_wrapupcode", "", 'argument "name" is required'),
        ("routing_wrapupcode", 'name = "x"\n  colour = "red"', 'argument named "colour" is not expected'),
        ("routing_wrapupcode", 'name = "x"\n  id = "y"', "read-only|cannot be set|computed"),
        ("routing_queue", 'name = "x"\n  media_settings_message {\n    alerting_timeout_sec = 3\n  }', "at least 7"),
        ("routing_queue", 'name = "x"\n  peer_id = "y"', "does not carry it"),
        ("conversations_messaging_settings", 'name = "x"', "one of content, event must be specified"),
        (
            "conversations_messaging_settings",
            'name = "x"\n  content {\n    story {\n      reply {\n        inbound = "On"\n      }\n    }\n  }',
            "expected Enabled or Disabled",
        ),
        (
            "conversations_messaging_supportedcontent",
            'name = "x"\n  media_types {\n    allow {\n    }\n    allow {\n    }\n  }',
            "No more than 1",
        ),
        ("flow", 'filepath = "nowhere.yaml"', "there is no file"),
        ("auth_role", 'name = "x"\n  permission_policies {\n    domain = "d"\n  }', "is required"),
    ],
)
def test_the_stand_in_refuses_what_the_provider_refuses(
    terraform: Terraform, resource: str, body: str, words: str
) -> None:
    terraform.inputs["accounts"] = {}
    terraform.write(f'\nresource "genesyscloud_{resource}" "x" {{\n  {body}\n}}\n')
    printed = terraform.run("validate", code=1)
    assert any(word in printed for word in words.split("|")), printed


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('domain = "conversation"\n    entity_name = "message"\n    action_set = ["obey"]', "message:obey does not"),
        ('domain = "moon"\n    entity_name = "message"\n    action_set = ["view"]', "moon:message:view does not"),
    ],
)
def test_a_permission_that_does_not_exist_is_refused(terraform: Terraform, body: str, words: str) -> None:
    block = (
        f'\nresource "genesyscloud_auth_role" "x" {{\n  name = "x"\n  permission_policies {{\n    {body}\n  }}\n}}\n'
    )
    terraform.inputs["accounts"] = {}
    terraform.write(block)
    assert words in terraform.run("apply", "-auto-approve", code=1)


def test_a_flow_that_architect_refuses_is_told(terraform: Terraform) -> None:
    (terraform.folder / "bad.yaml").write_text('inboundShortMessage:\n  name: "{{left}}"\n')
    terraform.inputs["accounts"] = {}
    terraform.write('\nresource "genesyscloud_flow" "x" {\n  filepath = "bad.yaml"\n}\n')
    assert "{{left}} was not substituted" in terraform.run("apply", "-auto-approve", code=1)


def test_the_stand_in_carries_only_documented_attributes() -> None:
    for kind in KINDS:
        assert set(kind.carried) <= set(kind.attributes)
        assert set(kind.defaults) <= set(kind.carried)
        assert f"genesyscloud_{kind.name}" in documented()["data_sources"]
