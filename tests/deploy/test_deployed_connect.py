"""The story of an account at Amazon Connect: what Terraform makes for it carries a conversation both ways.

The emulator has no Amazon Connect, so the simulator stands in by address; topic, subscription, queue, functions and
roles are the ones that Terraform made. Flows and storage are looked at by modules/connect/tests.

Beside it a second bridge is made, with the same TikTok account, and destroyed while this one works: in the same AWS
account and Genesys organisation, by a state of its own. All that follows is told by the bridge that stays.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.simulators.connect.instance import FLOW
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.simulators.connect.topics import SnsTopics
from sandbox.stage.aws import ACCOUNT, REGION
from tests import terraform_here
from tests.deploy.deployment import CREDENTIALS, INSTAGRAM, TIKTOK, Deployment
from tests.deploy.test_deployed import BY_AWS, HERE
from tests.stub_provider.__main__ import REPOSITORY
from tools import package

CUSTOMER = "1000000000000001"
SECOND = "dmdesk-b"
pytestmark = pytest.mark.xdist_group("terraform")


class AtConnect(Deployment):
    """One account at Genesys Cloud, and one at Amazon Connect."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.connect = ConnectSimulator(self.clock, self.faults, region=REGION, account=ACCOUNT)

    def start(self) -> None:
        super().start()
        self.connect.start()

    def stop(self) -> None:
        self.connect.stop()
        super().stop()

    def _inputs(self) -> dict[str, Any]:
        url = self.connect.url
        return super()._inputs() | {
            "accounts": {
                "acme_ig": {"channel": "instagram", "id": INSTAGRAM, "name": "acme", "desk": "connect"},
                "acme_tt": {"channel": "tiktok", "id": TIKTOK, "name": "acme"},
            },
            "connect": {"instance": self.connect.instance.arn, "flow": FLOW, "api": url, "participant_api": url},
            "waf": {"acl": "none"},
        }

    def texts(self) -> list[list[str]]:
        """What each contact has been told by the customer, oldest first."""
        return [
            [message["content"] for message in one["messages"] if message["role"] == "CUSTOMER"]
            for one in self.connect.contacts()
        ]

    def sent(self) -> list[str]:
        """What the customer has got."""
        bodies = [call["body"]["message"] for call in self.instagram.sent() if call["message_id"]]
        return [body["text"] for body in bodies]


def beside(first: Deployment, folder: Path) -> Deployment:
    """Another bridge in the same clouds, for one of the same accounts and with a state of its own."""
    second = copy.copy(first)
    second.folder, second.outputs = folder, {}
    second._changed = {
        "name": SECOND,
        "accounts": {"acme_tt": {"channel": "tiktok", "id": TIKTOK, "name": "acme"}},
        "account_tokens": {"acme_tt": {"access_token": "token-tt", "refresh_token": "refresh-tt"}},
        "connect": None,
    }
    return second


def once_for_the_account(first: Deployment, folder: Path) -> None:
    """What examples/account makes, by its own state."""
    shutil.copytree(REPOSITORY / "terraform" / "examples" / "account", folder)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}, **CREDENTIALS,
        "TF_CLI_CONFIG_FILE": str(first.folder / "terraformrc"), "CHECKPOINT_DISABLE": "1",
        "AWS_ENDPOINT_URL": first.aws, "AWS_REGION": REGION,
    }  # fmt: skip
    for arguments in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        ran = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=folder, env=environment, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def bridges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AtConnect, Deployment]]:
    """The one that stays and the one that goes."""
    terraform_here.needed()
    made = AtConnect(tmp_path_factory.mktemp("connect"))
    package.build(made.package, HERE)
    try:
        made.start()
        made.prepare()
        second = beside(made, tmp_path_factory.mktemp("second"))
        once_for_the_account(made, tmp_path_factory.mktemp("account") / "once")
        for one in (made, second):  # both at once would keep the emulator so long that the provider creates twice
            one.apply()
        made.connect_platforms()
        made.connect.tells(SnsTopics(made.client("sns")))
        yield made, second
    finally:
        made.stop()


@pytest.fixture
def deployed(bridges: tuple[AtConnect, Deployment]) -> AtConnect:
    return bridges[0]


def test_each_bridge_has_its_own(bridges: tuple[AtConnect, Deployment]) -> None:
    first, second = bridges
    for kind, names in first.genesys.admin.held().items():
        own = [name for name in names if name.startswith(SECOND)]
        assert len(own) * 2 == len(names), f"of {kind} each has its own"
    for output in ("queue_urls", "function_names", "role_names", "log_group_names"):
        assert set(second.outputs["aws"][output].values()).isdisjoint(first.outputs["aws"][output].values())
    for output in ("api_id", "table_name", "bucket_name"):
        assert second.outputs["aws"][output] != first.outputs["aws"][output]
    assert second.outputs["integration_ids"]["acme_tt"] != first.outputs["integration_ids"]["acme_tt"]


def test_one_is_destroyed_while_the_other_works(bridges: tuple[AtConnect, Deployment]) -> None:
    """And afterwards: what is signed is taken and delivered both ways, and of the other nothing is left."""
    first, second = bridges
    with ThreadPoolExecutor() as beside_it:
        destroyed = beside_it.submit(second.terraform, "destroy", "-auto-approve", "-input=false")
        talks(first, "Is anybody there?", "I am.")
        destroyed.result()
    talks(first, "Still?", "Still.")
    for left in (*first.left().values(), *first.genesys.admin.held().values()):
        assert SECOND not in str(left)
    assert len(first.left()["keys"]) == 1, "each has a key of its own"
    role = first.client("apigateway").get_account()["cloudwatchRoleArn"]
    assert role == first.client("iam").get_role(RoleName="api-gateway-logs")["Role"]["Arn"]


def talks(deployed: Deployment, asked: str, answered: str) -> None:
    """One question on TikTok and its answer, through Genesys Cloud."""
    before = len(deployed.taken())
    deployed.tiktok.write(TIKTOK, "+Customer/0001=", asked)
    deployed.until(lambda: len(deployed.taken()) > before, "the message at Genesys")
    [seen] = deployed.taken()[before:]
    assert (seen["integration_id"], seen["body"]["text"]) == (deployed.outputs["integration_ids"]["acme_tt"], asked)
    assert deployed.status_of(deployed.genesys.reply(seen["conversation_id"], text=answered)) == "Delivered"
    sent = [call["body"]["text"]["body"] for call in deployed.tiktok.sent() if call["message_id"]]
    assert sent[-1] == answered


def test_a_second_plan_is_empty(deployed: AtConnect) -> None:
    """All of it is there, as it was made."""
    deployed.terraform("plan", "-detailed-exitcode", "-input=false", code=0)


def test_a_conversation_goes_both_ways_until_it_ends(deployed: AtConnect) -> None:
    """By the topic's policy, the subscription's filter, the queue's policy, the mapping, and the roles."""
    deployed.instagram.write(INSTAGRAM, CUSTOMER, "Is it in stock?")
    deployed.until(lambda: deployed.texts() == [["Is it in stock?"]], "the message at Connect")
    [contact] = deployed.connect.contacts()
    deployed.connect.agents.text(contact["contact_id"], "It is.")
    deployed.until(lambda: deployed.sent() == ["It is."], "the reply at Instagram")
    deployed.connect.agents.end(contact["contact_id"])
    deployed.until(lambda: _nothing_waits(deployed), "the end of the chat in its seat")
    deployed.instagram.write(INSTAGRAM, CUSTOMER, "Thanks!")
    deployed.until(lambda: deployed.texts() == [["Is it in stock?"], ["Thanks!"]], "the next contact")


def _nothing_waits(deployed: AtConnect) -> bool:
    [fed] = deployed.outputs["aws"]["fed_queue_urls"].values()
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = deployed.client("sqs").get_queue_attributes(QueueUrl=fed, AttributeNames=names)["Attributes"]
    return not any(map(int, told.values())) and not any(deployed.waiting().values())


def test_its_subscription_is_filtered_and_not_raw(deployed: AtConnect) -> None:
    told = deployed.outputs["connect"]
    sns = deployed.client("sns")
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=told["topic"])["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == json.loads(told["filter_policy"])
    assert attributes.get("RawMessageDelivery", "false") == "false"
    assert subscription["Endpoint"] == told["fed_queue"]


def test_the_function_that_the_queue_wakes_stores_and_calls_nothing_else(deployed: AtConnect) -> None:
    role = deployed.outputs["aws"]["role_names"]["fed"]
    done = {action for who, action, _, _ in deployed.noted() if f":assumed-role/{role}/" in f"{who}/"}
    assert done - BY_AWS == {"sqs:SendMessage"}


def test_destroy_leaves_nothing_but_the_aws_accounts_role(deployed: AtConnect) -> None:
    deployed.terraform("destroy", "-auto-approve", "-input=false")
    found = {name: found for name, found in deployed.left().items() if found}
    assert [role["RoleName"] for role in found.pop("roles")] == ["api-gateway-logs"]
    assert found == {}
