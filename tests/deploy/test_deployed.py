"""What Terraform deploys carries the messages: one story, told in the order of this file."""

from __future__ import annotations

import base64
import json
import os
import platform
import re
import time
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from chalicelib.wire import iso
from sandbox.simulators.instagram.inbox import new_mid
from tests import terraform_here
from tests.contract.signing import signed
from tests.deploy import iam
from tests.deploy.aws_with_iam import LEADING_KEYS
from tests.deploy.deployment import DEPLOYER, INSTAGRAM, PATH, POLICIES, SECRETS, TAGS, TIKTOK, Deployment
from tools import package
from tools.evidence import permissions
from tools.evidence.permissions import Role

HERE = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
FIXTURES = Path(__file__).parents[1] / "fixtures"
EVERY_SCRIPT = '👩🏽‍🚀 السَّلَامُ عَلَيْكُمْ क्षत्रिय e\u0301 \\u0041 "x" <b>\n'
# For good, or until the secret, which was read just now, may be read anew.
REFUSED = {401, 403, 503}
# Granted for what this run cannot bring about.
UNUSED = {
    ("to_customer", "sqs:SendMessage"): "a reply is buried, or told of later, only after failures that nobody foresaw",
    ("desk_edge", "s3:PutObject"): "no reply of this story is too big for its queue, or no JSON",
    ("to_desk", "dynamodb:DeleteItem"): "nobody in this story was led here, so nothing of it is forgotten once told",
    **{
        ("upkeep", action): "nobody in this story asks a platform to have deleted what is held of them"
        for action in (
            "dynamodb:PutItem",
            "dynamodb:BatchWriteItem",
            "s3:GetBucketVersioning",
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "sqs:ChangeMessageVisibility",
        )
    },
    ("upkeep", "s3:PutObject"): "no message of this story is too big for its queue when it is found in a history",
    ("upkeep", "sqs:SendMessage"): "nothing comes back",
}
# What AWS itself does in the role's name, and the emulator does in its own.
BY_AWS = {
    "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "logs:CreateLogStream", "logs:PutLogEvents",
    # Lambda joins the VPC; services ask KMS, which enforces no key policy here. modules/aws/tests has who may do what.
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses", "kms:DescribeKey", "kms:Decrypt", "kms:Encrypt",
    "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
}  # fmt: skip


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    terraform_here.needed()
    made = Deployment(tmp_path_factory.mktemp("deployed"))
    package.build(made.package, HERE)
    try:
        made.start()
        made.apply()
        made.connect_platforms()
        yield made
    finally:
        made.stop()


def test_a_second_plan_is_empty(deployed: Deployment) -> None:
    deployed.terraform("plan", "-detailed-exitcode", "-input=false", code=0)


def test_the_state_holds_no_secret_but_the_one_that_the_provider_cannot_hide(deployed: Deployment) -> None:
    state = (deployed.folder / "terraform.tfstate").read_text(encoding="utf-8")
    found = {name for name, secret in SECRETS.items() if secret in state}
    assert found <= {"genesys"}
    assert "token-ig" not in state
    assert "refresh-tt" not in state
    media = deployed.outputs["aws"]["secret_names"]["media"]
    stored = deployed.client("secretsmanager").get_secret_value(SecretId=media)["SecretString"]
    [key] = json.loads(stored)["keys"]
    assert len(key) == 72
    assert key not in state


def test_each_resource_has_the_companys_tags(deployed: Deployment) -> None:
    state = json.loads((deployed.folder / "terraform.tfstate").read_text(encoding="utf-8"))
    held = {
        f"{one['type']}.{one['name']}": instance["attributes"]["tags"]
        for one in state["resources"] if one["mode"] == "managed"
        for instance in one["instances"] if "tags" in instance["attributes"]
    }  # fmt: skip
    assert len(held) > 20
    assert {name: tags for name, tags in held.items() if tags != TAGS} == {}


def test_the_companys_key_encrypts_all_that_is_kept(deployed: Deployment) -> None:
    names, arns = deployed.outputs["aws"], deployed.outputs["arns"]
    key, kms = arns["key"], deployed.client("kms")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    sqs, logs, secrets = (deployed.client(name) for name in ("sqs", "logs", "secretsmanager"))
    for url in [*names["queue_urls"].values(), *names["dead_letter_urls"].values()]:
        assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["KmsMasterKeyId"] == key
    for topic in arns["topics"].values():
        assert deployed.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"] == key
    table = deployed.client("dynamodb").describe_table(TableName=names["table_name"])["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key
    [rule] = deployed.client("s3").get_bucket_encryption(Bucket=names["bucket_name"])[
        "ServerSideEncryptionConfiguration"
    ]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert (default["SSEAlgorithm"], default["KMSMasterKeyID"]) == ("aws:kms", key)
    assert {secrets.describe_secret(SecretId=arn)["KmsKeyId"] for arn in arns["secrets"].values()} == {key}
    groups = {one["logGroupName"]: one.get("kmsKeyId") for one in logs.describe_log_groups()["logGroups"]}
    assert {groups[name] for name in names["log_group_names"].values()} == {key}


def test_roles_and_functions_are_where_the_company_wants_them(deployed: Deployment) -> None:
    wanted, functions = deployed.company, deployed.client("lambda")
    for name in deployed.outputs["aws"]["function_names"].values():
        configuration = functions.get_function(FunctionName=name)["Configuration"]
        network = configuration["VpcConfig"]
        assert (network["SubnetIds"], network["SecurityGroupIds"]) == tuple(wanted["vpc"].values())
        assert configuration["KMSKeyArn"] == deployed.outputs["arns"]["key"]
    roles = {role["RoleName"]: role for role in deployed.client("iam").list_roles()["Roles"]}
    assert {role["Path"] for role in roles.values()} == {PATH}
    for name in roles:
        bounds = deployed.client("iam").get_role(RoleName=name)["Role"]["PermissionsBoundary"]
        assert bounds["PermissionsBoundaryArn"] == wanted["role_permissions_boundary"]


def test_the_edge_answers(deployed: Deployment) -> None:
    health = requests.get(f"{deployed.front.url}/api/health", timeout=60)
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert deployed.instagram.verify(SECRETS["verify"])[0] == 200
    assert deployed.instagram.verify("wrong")[0] in REFUSED


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Hub-Signature-256", "sha256=" + "0" * 64), ("Tiktok-Signature", "t=1,s=" + "0" * 64), ("X-Other", "1")],
)
def test_a_forgery_is_refused(deployed: Deployment, header: str, value: str) -> None:
    for path in ("social/webhook", "genesys/outbound"):
        answer = requests.post(
            f"{deployed.front.url}/api/{path}", json={"object": "instagram"}, headers={header: value}, timeout=60
        )
        assert answer.status_code in REFUSED


@pytest.mark.parametrize("channel", ["instagram", "tiktok"])
def test_a_text_travels_both_ways(deployed: Deployment, channel: str) -> None:
    """Through the REST API, under the functions' own roles, through the real event source mappings."""
    before, told = len(deployed.taken()), len(deployed.taken("receipt"))
    if channel == "instagram":
        deployed.instagram.write(INSTAGRAM, "1000000000000001", EVERY_SCRIPT)
    else:
        deployed.tiktok.write(TIKTOK, "+Customer/0001=", EVERY_SCRIPT)
    deployed.until(lambda: len(deployed.taken()) > before, "the message at Genesys")
    [seen] = deployed.taken()[before:]
    assert seen["body"]["text"] == EVERY_SCRIPT
    key = "acme_ig" if channel == "instagram" else "acme_tt"
    assert seen["integration_id"] == deployed.outputs["integration_ids"][key]
    deployed.genesys.reply(seen["conversation_id"], text=EVERY_SCRIPT)
    deployed.until(lambda: len(deployed.taken("receipt")) > told, "the receipt")
    assert deployed.taken("receipt")[-1]["body"]["status"] == "Delivered"
    simulator = deployed.instagram if channel == "instagram" else deployed.tiktok
    [sent] = [call for call in simulator.sent() if call["message_id"]]
    text = sent["body"]["message"]["text"] if channel == "instagram" else sent["body"]["text"]["body"]
    assert text == EVERY_SCRIPT


PICTURES_FROM = "1000000000000007"


def test_a_customers_picture_opens_under_our_url_until_it_is_taken_back(deployed: Deployment) -> None:
    """Through the API to a presigned URL, under the roles of the worker that stores and the edge that opens."""
    before = len(deployed.taken())
    theirs = deployed.instagram.media()["image"]
    mid = new_mid(INSTAGRAM, PICTURES_FROM)
    picture = {"mid": mid, "attachments": [{"type": "image", "payload": {"url": theirs}}]}
    deployed.instagram.deliver(delivery(INSTAGRAM, PICTURES_FROM, picture))
    deployed.until(lambda: len(deployed.taken()) > before, "the picture at Genesys")
    [content] = deployed.taken()[before]["body"]["content"]
    ours = content["attachment"]["url"]
    assert ours.startswith(f"{deployed.front.url}/api/media/")
    opened = requests.get(ours, timeout=60)
    assert [answer.status_code for answer in opened.history] == [302]
    assert opened.content == requests.get(theirs, timeout=60).content
    assert opened.headers["Content-Type"] == content["attachment"]["mime"]
    bare = requests.get(opened.url.partition("?")[0], timeout=60)
    assert bare.status_code == 403, "the bucket is private"
    assert requests.get(ours[:-1] + ("A" if ours[-1] != "A" else "B"), timeout=60).status_code in {404, 503}
    deployed.instagram.deliver(delivery(INSTAGRAM, PICTURES_FROM, {"mid": mid, "is_deleted": True}))
    deployed.until(lambda: requests.get(ours, timeout=60).status_code in {404, 410}, "the end of the link")


def test_an_agents_pdf_reaches_the_customer_as_a_file(deployed: Deployment) -> None:
    """The platform fetches it from the bucket, by a URL that the worker presigned."""
    told = len(deployed.taken("receipt"))
    [conversation] = {call["conversation_id"] for call in deployed.taken() if call["body"].get("content")}
    theirs = deployed.genesys.media()["pdf"]
    attachment = {"mediaType": "File", "url": theirs, "mime": "application/pdf", "filename": "terms.pdf"}
    deployed.genesys.reply(conversation, content=[{"contentType": "Attachment", "attachment": attachment}])
    deployed.until(lambda: len(deployed.taken("receipt")) > told, "the receipt")
    assert deployed.taken("receipt")[-1]["body"]["status"] == "Delivered"
    sent = [call for call in deployed.instagram.sent() if call["message_id"]][-1]["body"]["message"]["attachment"]
    assert sent["type"] == "file"
    assert requests.get(sent["payload"]["url"], timeout=60).content == requests.get(theirs, timeout=60).content


def delivery(account: str, customer: str, *messages: dict[str, Any]) -> bytes:
    messaging = [
        {
            "sender": {"id": customer},
            "recipient": {"id": account},
            "timestamp": int(time.time() * 1000) + number,
            "message": message,
        }
        for number, message in enumerate(messages)
    ]
    entry = {"id": account, "time": 1, "messaging": messaging}
    return json.dumps({"object": "instagram", "entry": [entry]}).encode()


def instagram(account: str, *texts: str) -> bytes:
    customer = "1000000000000009"
    return delivery(account, customer, *({"mid": new_mid(account, customer), "text": text} for text in texts))


# What the next test leaves in the queues until it is parked.
WAITING = {"inbound": 1, "outbound": 1, "inbound dead letters": 0, "outbound dead letters": 0}


def test_what_belongs_to_no_account_waits_for_one(deployed: Deployment) -> None:
    """Both ways; it is parked in a few minutes, which the end of this story looks at."""
    deployed.instagram.deliver(instagram("999", "for nobody"), app_secret=SECRETS["meta"])
    deployed.genesys.add_integration(
        "unknown-integration", webhook_url=f"{deployed.front.url}/api/genesys/outbound", secret=SECRETS["shared"],
        name="not ours",
    )  # fmt: skip
    body = {"channel": {"messageId": "m", "from": {"id": "c", "idType": "Opaque"}, "time": "2026-01-01T00:00:00.000Z"}}
    token = _token(deployed)
    answer = requests.post(
        f"{deployed.genesys.url}/api/v2/conversations/messages/unknown-integration/inbound/open/message"
        "?prefetchConversationId=true",
        json={**body, "text": "hi"}, headers={"Authorization": f"Bearer {token}"}, timeout=60,
    )  # fmt: skip
    deployed.genesys.reply(answer.json()["conversationId"], text="To nobody")
    deployed.until(lambda: deployed.waiting() == WAITING, "an event of nobody in each queue")


def test_trouble_of_every_kind_is_within_the_roles(deployed: Deployment) -> None:
    """Too big for a queue, a throttle both ways, a refusal, a lost answer."""
    before = len(deployed.taken())
    deployed.instagram.deliver(instagram(INSTAGRAM, "long " * 60_000, "short"))
    deployed.until(lambda: len(deployed.taken()) == before + 2, "the long and the short message")
    deployed.faults.add("genesys", "status", status=429, retry_after=1, count=1, path="/inbound/")
    deployed.instagram.deliver(instagram(INSTAGRAM, "throttled"))
    deployed.until(lambda: len(deployed.taken()) == before + 3, "the throttled message")
    deployed.faults.add("genesys", "timeout_after_accept", count=1)
    deployed.instagram.deliver(instagram(INSTAGRAM, "answer lost"))
    deployed.until(lambda: len(deployed.taken()) == before + 4, "the message whose answer is lost")
    deployed.until(lambda: deployed.waiting() == WAITING, "the message found in its conversation")
    deployed.faults.add("genesys", "status", status=400, count=1, path="/inbound/")
    deployed.instagram.deliver(instagram(INSTAGRAM, "poison", "after it"))
    deployed.until(lambda: _said(deployed, before)[-1:] == ["after it"], "the message behind the poison")
    assert [text for text in _said(deployed, before) if not text.startswith("[")] == [
        "long " * 60_000, "short", "throttled", "answer lost", "after it"
    ]  # fmt: skip
    deployed.faults.add("instagram", "status", status=400, code=4, count=1)
    deployed.faults.add("instagram", "status", status=400, code=551, count=1, path="/messages")
    reply = deployed.genesys.reply(deployed.taken()[-1]["conversation_id"], text="First")
    deployed.status_of(reply)
    deployed.until(lambda: deployed.waiting() == WAITING | {"inbound dead letters": 1}, "nothing but the poison left")


def _said(deployed: Deployment, since: int) -> list[str]:
    """What agents read, oldest first."""
    return [call["body"]["text"] for call in deployed.taken()[since:]]


def _token(deployed: Deployment) -> str:
    answer = requests.post(
        f"{deployed.genesys.url}/oauth/token", data={"grant_type": "client_credentials"},
        auth=("runtime", SECRETS["runtime"]), timeout=60,
    )  # fmt: skip
    return str(answer.json()["access_token"])


def _typing_off() -> bytes:
    """Which Genesys tells now."""
    body = json.loads((FIXTURES / "genesys" / "event__typing_off.json").read_text())
    body["channel"]["time"] = iso(int(time.time() * 1000))
    return json.dumps(body).encode()


def test_the_webhook_secret_changes_under_way(deployed: Deployment) -> None:
    """Both clouds in one apply, AWS first; what was signed before the change is taken as long as both are listed."""
    [conversation] = {call["conversation_id"] for call in deployed.taken() if call["body"].get("content")}
    after, body = "deployed-genesys-next-secret", _typing_off()
    deployed.change(genesys_webhook_secret=after, genesys_webhook_former_secrets=[SECRETS["genesys"]])
    reply = deployed.genesys.reply(conversation, text="Signed with the next secret")
    assert deployed.status_of(reply) == "Delivered"
    own = sha256(f"{after}/instagram#{INSTAGRAM}".encode()).hexdigest()
    for secret in (SECRETS["genesys"], own):
        headers = dict(signed("genesys", body, secret).headers)
        answer = requests.post(f"{deployed.front.url}/api/genesys/outbound", data=body, headers=headers, timeout=60)
        assert answer.status_code == 200
    channel = {"id": deployed.outputs["integration_ids"]["acme_tt"], "to": {"id": "1000000000000001"}}
    forged = json.dumps({"id": "forged", "type": "Text", "text": "To another's customer", "channel": channel}).encode()
    headers = dict(signed("genesys", forged, own).headers)
    assert requests.post(f"{deployed.front.url}/api/genesys/outbound", data=forged, headers=headers, timeout=60).ok
    deployed.until(lambda: len(deployed.parked("foreign_signature/")) == 1, "the forgery is parked")
    deployed.change(genesys_webhook_former_secrets=[])
    reply = deployed.genesys.reply(conversation, text="The former secret is gone")
    assert deployed.status_of(reply) == "Delivered"


def test_the_upkeep_renews_and_stores_tokens(deployed: Deployment) -> None:
    secret = deployed.outputs["aws"]["account_secret_names"]["acme_tt"]

    def held() -> dict[str, Any]:
        text = deployed.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        return dict(json.loads(text))

    # the schedule may have done it
    log = upkeep(deployed, "tokens") if held()["access_token"] == "token-tt" else ""
    stored = held()
    assert stored["access_token"] != "token-tt", log
    assert stored["refresh_token"] != "refresh-tt"


def test_the_upkeep_raises_who_waits_and_tells_supervisors(deployed: Deployment) -> None:
    """Somebody wrote just now, and the table is told that it was 21 hours ago; and somebody on TikTok has had nine."""
    before = len(deployed.taken())
    deployed.instagram.write(INSTAGRAM, "1000000000000021", "Is anybody there?")
    deployed.until(lambda: len(deployed.taken()) > before, "the message at Genesys")
    conversation = deployed.taken()[-1]["conversation_id"]
    table, ledger = deployed.client("dynamodb"), deployed.outputs["aws"]["table_name"]
    waits = {"pk": {"S": f"CONV#instagram#{INSTAGRAM}#1000000000000021"}, "sk": {"S": "STATE"}}
    deployed.until(lambda: "waits_at" in table.get_item(TableName=ledger, Key=waits).get("Item", {}), "the wait")
    long_ago = {":ms": {"N": str(int((time.time() - 21 * 3600) * 1000))}}
    table.update_item(
        TableName=ledger, Key=waits, UpdateExpression="SET customer_ms = :ms, waits_since = :ms",
        ExpressionAttributeValues=long_ago,
    )  # fmt: skip
    spent = {"pk": {"S": "SPENT"}, "sk": {"S": f"tiktok#{TIKTOK}#+Customer/0001="}}
    numbers = {"left": {"N": "1"}, "customer_ms": {"N": "5"}, "expires_at": {"N": str(int(time.time()) + 86_400)}}
    table.put_item(TableName=ledger, Item=spent | numbers)
    log = upkeep(deployed, "closing", "spending")
    [raised] = [one for one in deployed.genesys.conversations() if one["id"] == conversation]
    assert (raised["priority"], raised["attributes"].get("windowWarning")) == (1440, "4"), log
    held = table.get_item(TableName=ledger, Key=waits)["Item"]
    assert (held["closing_step"], "closing_telling" in held) == ({"N": "1"}, False)  # and they have been told
    assert "Item" not in table.get_item(TableName=ledger, Key=spent)


def upkeep(deployed: Deployment, *chores: str) -> str:
    """Starts it, with these chores due whatever was done before; answers what it logged."""
    for chore in chores:
        key = {"pk": {"S": "RAN"}, "sk": {"S": chore}}
        deployed.client("dynamodb").delete_item(TableName=deployed.outputs["aws"]["table_name"], Key=key)
    name = deployed.outputs["aws"]["function_names"]["upkeep"]
    asked = {"FunctionName": name, "Payload": json.dumps(EVENT).encode(), "LogType": "Tail"}
    answer = deployed.client("lambda").invoke(**asked)
    assert "FunctionError" not in answer, answer["Payload"].read()
    return base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")


EVENT: dict[str, Any] = {
    "version": "0", "id": "1", "account": "000000000000", "region": "eu-west-1", "source": "aws.scheduler",
    "detail-type": "Scheduled Event", "time": "2026-01-01T00:00:00Z", "resources": [], "detail": {},
}  # fmt: skip


def test_the_upkeep_brings_what_no_webhook_brought(deployed: Deployment) -> None:
    """Under its own role: from the platform's conversations and the desk's, onto the queue."""
    before = len(deployed.taken())
    deployed.clock.offset_s, deployed.instagram.deliveries.loses = -3600.0, True
    deployed.instagram.write(INSTAGRAM, "1000000000000011", "Nobody told of this")
    deployed.clock.offset_s, deployed.instagram.deliveries.loses = 0.0, False
    then_s = time.time() - 90_000  # a day and an hour
    then = {"began_s": then_s, "ended_s": then_s}
    yesterday = {"since_ms": 1, "until_ms": int((time.time() - 7200) * 1000), "floor_ms": 1, **then}
    deployed.client("dynamodb").put_item(
        TableName=deployed.outputs["aws"]["table_name"],
        Item={
            "pk": {"S": "COMPARED"}, "sk": {"S": f"instagram#{INSTAGRAM}#daily"},
            "body": {"S": json.dumps(yesterday)}, "expires_at": {"N": str(int(time.time()) + 86_400)},
        },
    )  # fmt: skip
    upkeep(deployed, "reconciling")
    deployed.until(lambda: len(deployed.taken()) > before, "the message at Genesys")
    assert _said(deployed, before) == ["[This message comes late:]\nNobody told of this"]


def test_what_belonged_to_no_account_is_parked_and_told(deployed: Deployment) -> None:
    sources = ["genesys", "instagram"]
    deployed.until(
        lambda: [key.split("/")[2] for key in deployed.parked("unknown_account/")] == sources,
        "both in the bucket", patience_s=400,
    )  # fmt: skip
    deployed.until(lambda: _told_of(deployed, "unknown-integration") == ["Failed"], "the receipt")


def _told_of(deployed: Deployment, integration: str) -> list[str]:
    """What Genesys was told of the replies that this integration sent."""
    return [call["body"]["status"] for call in deployed.taken("receipt") if call["integration_id"] == integration]


def test_a_flood_on_one_route_costs_no_other_its_turn(deployed: Deployment) -> None:
    """Each route and verb has a limit of its own: one that is used up throttles nothing but itself."""
    [conversation] = {call["conversation_id"] for call in deployed.taken() if call["body"].get("content")}
    flood = (requests.get(f"{deployed.front.url}/api/social/webhook", timeout=60).status_code for _ in range(100))
    assert 429 in flood
    reply = deployed.genesys.reply(conversation, text="Beside a flood")
    assert deployed.status_of(reply) == "Delivered"
    assert deployed.instagram.deliver(instagram(INSTAGRAM, "Beside a flood")) == 200


def test_replies_come_in_where_the_rest_of_the_edge_has_no_concurrency_left(deployed: Deployment) -> None:
    [conversation] = {call["conversation_id"] for call in deployed.taken() if call["body"].get("content")}
    edge = {"FunctionName": deployed.outputs["aws"]["function_names"]["edge"]}
    deployed.client("lambda").put_function_concurrency(**edge, ReservedConcurrentExecutions=0)
    try:
        assert requests.get(f"{deployed.front.url}/api/health", timeout=60).status_code >= 400
        reply = deployed.genesys.reply(conversation, text="While the edge is full")
        assert deployed.status_of(reply) == "Delivered"
    finally:
        deployed.client("lambda").delete_function_concurrency(**edge)
    assert requests.get(f"{deployed.front.url}/api/health", timeout=60).status_code == 200


def test_only_verbs_that_are_served_reach_the_edge(deployed: Deployment) -> None:
    told = {
        (method, path): requests.request(method, f"{deployed.stage}/api/{path}", timeout=60).status_code
        for method, path in (("HEAD", "health"), ("PUT", "health"), ("DELETE", "social/webhook"), ("GET", "elsewhere"))
    }
    assert told == {
        ("HEAD", "health"): 200, ("PUT", "health"): 403, ("DELETE", "social/webhook"): 403, ("GET", "elsewhere"): 403,
    }  # fmt: skip


def test_no_function_may_write_an_account(deployed: Deployment) -> None:
    """Each write of this story once more, by a reading of the policies that is none of the emulator's: it is allowed,
    and of an account's row it is not, nor of a batch that holds one."""
    seen: set[str] = set()
    for function, role in deployed.outputs["aws"]["role_names"].items():
        policies = _documents(deployed, role)
        for principal, action, resource, keys in deployed.noted():
            if f":assumed-role/{role}/" not in f"{principal}/" or action not in WRITES:
                continue
            seen.add(function)
            assert keys
            assert "ACCOUNT" not in keys
            assert iam.allows(policies, action, resource, {LEADING_KEYS: keys}), (function, action, keys)
            assert not iam.allows(policies, action, resource, {LEADING_KEYS: ["ACCOUNT"]}), (function, action)
            assert not iam.allows(policies, action, resource, {LEADING_KEYS: [*keys, "ACCOUNT"]}), (function, action)
    assert seen == {"to_desk", "to_customer", "upkeep"}


WRITES = {f"dynamodb:{call}" for call in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")}


def _documents(deployed: Deployment, role: str) -> list[dict[str, Any]]:
    """A role's policies."""
    client = deployed.client("iam")
    names = client.list_role_policies(RoleName=role)["PolicyNames"]
    return [client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]


def test_each_role_may_do_what_it_does_and_no_more(deployed: Deployment) -> None:
    """The record is what `make evidence` shows, and judges once more."""
    used = {(principal, action) for principal, action, _, _ in deployed.noted()}
    client = deployed.client("iam")
    roles = {
        function: Role(
            policies=_documents(deployed, role),
            used=sorted(action for principal, action in used if f":assumed-role/{role}/" in f"{principal}/"),
            by_aws=sorted(BY_AWS),
            idle={action: why for (whose, action), why in UNUSED.items() if whose == function},
        )
        for function, role in deployed.outputs["aws"]["role_names"].items()
    }
    for role in deployed.outputs["aws"]["role_names"].values():
        assert client.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    if folder := os.environ.get("DMDESK_EVIDENCE"):
        (Path(folder) / "permissions.json").write_bytes(msgspec.json.encode(roles))
    assert list(permissions.wrong(roles)) == []


def test_a_changed_function_is_deployed(deployed: Deployment) -> None:
    name = deployed.outputs["aws"]["function_names"]["edge"]
    before = deployed.client("lambda").get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    with zipfile.ZipFile(deployed.package / "dmdesk.zip", "a") as archive:
        archive.writestr("changed.txt", "changed")
    deployed.terraform("apply", "-auto-approve", "-input=false")
    after = deployed.client("lambda").get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    assert after != before
    assert requests.get(f"{deployed.front.url}/api/health", timeout=60).status_code == 200


def test_destroy_leaves_nothing(deployed: Deployment) -> None:
    """Like all before it by a user who may do what terraform/policies grants, and nothing else."""
    deployed.terraform("destroy", "-auto-approve", "-input=false")
    assert {name: found for name, found in deployed.left().items() if found} == {}
    held = {kind: names for kind, names in deployed.genesys.admin.held().items() if names}
    assert held == {"integrations": ["not ours"]}  # which a test above made by hand


# What the policies for whoever runs Terraform grant, and this story does not use.
DEPLOYERS_UNUSED = {
    "Amazon Connect, which the emulator lacks, and which this story leaves alone": {
        action
        for statement in json.loads((POLICIES / "deployer-connect.json").read_text(encoding="utf-8"))["Statement"]
        for action in statement["Action"]
    },
    "the embedded CloudWatch asks for no permission": {
        f"cloudwatch:{call}"
        for call in (
            "DeleteAlarms", "DeleteDashboards", "DescribeAlarms", "GetDashboard", "ListTagsForResource", "PutDashboard",
            "PutMetricAlarm",
        )
    },
    "the emulator knows a mapping's calls by other names": {
        "lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping",
    },
    "AWS asks for them, and the emulator does not": {
        "iam:PassRole", "iam:CreateServiceLinkedRole", "apigateway:SetWebACL", "apigateway:UpdateRestApiPolicy",
        "apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain",
        # whoever makes a function in a VPC; whoever has services keep something under a key
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "kms:CreateGrant", "kms:Decrypt",
        "kms:Encrypt", "kms:GenerateDataKey",
    },
    "certificates and names are made by a setting, for which the emulator has no zone": {
        *(f"acm:{call}" for call in ("DeleteCertificate", "DescribeCertificate", "RequestCertificate")),
        "acm:AddTagsToCertificate", "acm:ListTagsForCertificate",
        *(f"route53:{call}" for call in ("ChangeResourceRecordSets", "GetChange", "GetHostedZone")),
        "route53:ListResourceRecordSets",
    },
    "settings that this story leaves alone: mails, a log of who opens files, a scanner, which the emulator lacks": {
        *(f"guardduty:{call}MalwareProtectionPlan" for call in ("Create", "Delete", "Get", "Update")),
        "guardduty:ListTagsForResource", "guardduty:TagResource", "guardduty:UntagResource",
        "iam:AttachRolePolicy", "iam:DetachRolePolicy",  # api_gateway_logs_role
        "lambda:DeleteFunctionCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig",
        "s3:PutBucketLogging", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes",
        "sns:Subscribe", "sns:Unsubscribe",
    },
    "changes that this story does not make": {
        "dynamodb:UpdateItem", "dynamodb:UpdateTable",
        "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", "kms:UpdateAlias",
        "kms:UpdateKeyDescription", "logs:AssociateKmsKey", "logs:DisassociateKmsKey",
        "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
        "lambda:DeleteFunctionConcurrency", "lambda:UpdateFunctionConfiguration",
        "lambda:GetFunctionConfiguration", "scheduler:UpdateSchedule", "secretsmanager:RestoreSecret",
        "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage", "wafv2:UpdateWebACL",
        "s3:DeleteObjectVersion",
    },
}  # fmt: skip


def test_who_runs_terraform_may_do_what_it_takes_and_no_more(deployed: Deployment) -> None:
    """By a reading of the policies that is none of the emulator's, under which all of this story ran."""
    texts = [policy.read_text(encoding="utf-8") for policy in POLICIES.glob("deployer*.json")]
    policies = [json.loads(text) for text in texts]
    done = [one for one in deployed.noted() if one[0].endswith(f":user/{DEPLOYER}")]
    assert len(done) > 100
    for _, action, resource, keys in done:
        assert iam.allows(policies, action, resource, {LEADING_KEYS: keys} if keys else {}), (action, resource)
    granted = {action for policy in policies for statement in policy["Statement"] for action in statement["Action"]}
    assert not any("*" in action for action in granted)
    unused = granted - {action for _, action, _, _ in done}
    tags = {action for action in unused if re.search("ag(Resource|Role|Queue)$|BucketTagging", action)}  # none is set
    assert unused - tags <= set().union(*DEPLOYERS_UNUSED.values())
    # docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: a managed policy's characters but for spaces
    assert all(len(re.sub(r"\s", "", text)) <= 6144 for text in texts)
