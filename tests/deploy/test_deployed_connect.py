"""The story of an account at Amazon Connect: what Terraform makes for it carries a conversation both ways.

The emulator has no Amazon Connect, so the simulator stands in by address; topic, subscription, queue, functions and
roles are the ones that Terraform made. Flows and storage are looked at by modules/connect/tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.simulators.connect.instance import FLOW
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.simulators.connect.topics import SnsTopics
from sandbox.stage.aws import ACCOUNT, REGION
from tests import terraform_here
from tests.deploy.deployment import INSTAGRAM, TIKTOK, Deployment
from tests.deploy.test_deployed import BY_AWS, HERE
from tools import package

CUSTOMER = "1000000000000001"
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


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtConnect]:
    terraform_here.needed()
    made = AtConnect(tmp_path_factory.mktemp("connect"))
    package.build(made.package, HERE)
    try:
        made.start()
        made.apply()
        made.connect_platforms()
        made.connect.tells(SnsTopics(made.client("sns")))
        yield made
    finally:
        made.stop()


def test_a_second_plan_is_empty(deployed: AtConnect) -> None:
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


def test_destroy_leaves_nothing(deployed: AtConnect) -> None:
    deployed.terraform("destroy", "-auto-approve", "-input=false")
    assert {name: found for name, found in deployed.left().items() if found} == {}
