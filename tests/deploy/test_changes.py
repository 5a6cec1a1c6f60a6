"""What a change of the settings makes of what is there: planned on a state of mocked providers, address by address."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.test_terraform import ROOT, terraform
from tests.deploy.test_terraform import settings as settings  # noqa: PLC0414  (a fixture)
from tests.papers import code

DEPLOY = ROOT.parent / "docs" / "deploy.md"
ACCOUNTS = {
    "old": {"channel": "instagram", "id": "17841400000000001", "name": "acme"},
    "other": {"channel": "tiktok", "id": "-000Ab1Cd", "name": "acme"},
}
RENAMED = {"new": ACCOUNTS["old"], "other": ACCOUNTS["other"]}
CALL = """
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
    genesyscloud = {{ source = "mypurecloud/genesyscloud" }}
  }}
}}

resource "terraform_data" "first" {{
  input = "{first}"
}}

module "dmdesk" {{
  source     = "{source}"
  depends_on = [terraform_data.first]

  package                = "dmdesk/tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  ops_command            = "true"
  accounts               = {accounts}
}}
{extra}
"""
SECOND = """
module "second" {{
  source = "../dmdesk"

  name                   = "dmdesk-b"
  package                = "dmdesk/tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  ops_command            = "true"
  accounts               = {accounts}
}}
"""
# what a company's own modules make in the same apply: nobody knows it yet
THEIRS = """
resource "terraform_data" "theirs" {{}}

locals {{
  theirs = terraform_data.theirs.id
}}

module "company" {{
  source = "../dmdesk"

  name                   = "dmdesk-c"
  package                = "dmdesk/tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  ops_command            = "true"
  accounts               = {accounts}

  kms_key     = {{ arn = "arn:aws:kms:eu-west-1:111122223333:key/${{local.theirs}}" }}
  alarm_topic = {{ arn = "arn:aws:sns:eu-west-1:111122223333:${{local.theirs}}" }}
  vpc         = {{ subnet_ids = [local.theirs], security_group_ids = [local.theirs] }}
  domain = {{
    name            = "dm.example.com"
    certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/${{local.theirs}}"
  }}
  waf = {{
    acl = "given"
    arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/theirs/${{local.theirs}}"
  }}
  file_access_log           = {{ bucket = local.theirs }}
  role_permissions_boundary = "arn:aws:iam::111122223333:policy/${{local.theirs}}"
}}
"""
# by what a resource is called within an AWS account, or within an organisation; what stands inside another is called
# within that, and what is not known before it is made is AWS' own
CALLED = ("name", "bucket", "function_name", "alarm_name", "dashboard_name")
INSIDE = {"aws_iam_role_policy", "aws_cloudwatch_log_metric_filter"}
TESTS = """
mock_provider "aws" {
  source = "./dmdesk/modules/aws/tests"
}
mock_provider "genesyscloud" {}
run "made" {
  state_key = "bridge"
  module {
    source = "./made"
  }
}
"""
RUN = """
run "{name}" {{
  command   = plan
  state_key = "bridge"
  module {{
    source = "./{name}"
  }}
}}
"""


def moved(old: str = "old", new: str = "new") -> str:
    """The blocks that docs/deploy.md gives for another key."""
    text = "\n".join(line for line in code(DEPLOY.read_text(encoding="utf-8")))
    blocks = re.findall(r"^moved \{\n.*?^\}", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 7
    words = {"old": old, "new": new}
    return re.sub(r'"(account/)?(old|new)"', lambda word: f'"{word[1] or ""}{words[word[2]]}"', "\n".join(blocks))


@pytest.fixture(scope="module")
def planned(settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What each change does: name of the change → address → what is done there. All on a state whose accounts' secrets
    were made under their keys, as releases before this one named them."""
    folder = tmp_path_factory.mktemp("changes")
    for name in ("dmdesk", "former"):
        left_out = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfvars")
        shutil.copytree(ROOT, folder / name, ignore=left_out)
    secrets = folder / "former" / "modules" / "aws" / "secrets.tf"
    written = secrets.read_text(encoding="utf-8")
    assert "${local.secret_names[each.key]}" in written
    secrets.write_text(written.replace("${local.secret_names[each.key]}", "${each.key}"), encoding="utf-8")
    changes: dict[str, dict[str, Any]] = {
        "made": {"source": "../former"},
        "waits": {"first": "2"},
        "renamed": {"accounts": RENAMED, "extra": moved()},
        "removed": {"accounts": {"other": ACCOUNTS["other"]}},
        "beside": {"extra": SECOND.format(accounts=json.dumps(ACCOUNTS))},
        "theirs": {"extra": THEIRS.format(accounts=json.dumps(ACCOUNTS))},
    }
    for name, change in changes.items():
        call = {"first": "1", "source": "../dmdesk", "accounts": ACCOUNTS, "extra": ""} | change
        (folder / name).mkdir()
        text = CALL.format(**call | {"accounts": json.dumps(call["accounts"])})
        (folder / name / "main.tf").write_text(text, encoding="utf-8")
    (folder / "main.tf").write_text("", encoding="utf-8")
    (folder / "tests").mkdir()
    runs = "".join(RUN.format(name=name) for name in changes if name != "made")
    (folder / "tests" / "changes.tftest.hcl").write_text(TESTS + runs, encoding="utf-8")
    terraform(settings, folder, "init", "-backend=false", "-input=false", "-no-color")
    printed = [json.loads(line) for line in terraform(settings, folder, "test", "-json", "-verbose").splitlines()]
    return {
        line["@testrun"]: {
            one["address"].removeprefix("module.dmdesk."): one["change"]
            for one in line["test_plan"]["resource_changes"]
        }
        for line in printed
        if line["type"] == "test_plan"
    }


def undone(plan: dict[str, Any]) -> set[str]:
    return {address for address, change in plan.items() if "delete" in change["actions"]}


def begun(plan: dict[str, Any]) -> set[str]:
    return {address for address, change in plan.items() if "create" in change["actions"]}


def test_what_the_module_waits_for_replaces_nothing(planned: Any) -> None:
    plan = planned["waits"]
    assert plan["module.aws.aws_s3_bucket.shelf"]["actions"] in (["no-op"], ["update"])
    assert undone(plan) == begun(plan) == set()


def test_another_key_for_an_account_replaces_nothing(planned: Any) -> None:
    plan = planned["renamed"]
    assert plan['module.aws.aws_secretsmanager_secret.this["account/new"]']["actions"] in (["no-op"], ["update"])
    assert undone(plan) == begun(plan) == set()


def test_an_account_that_is_taken_out_takes_its_own_with_it_only(planned: Any) -> None:
    plan = planned["removed"]
    # told by a new id, what the edge verifies with has another version
    assert begun(plan) == {"terraform_data.webhook_secrets"}
    assert {re.sub(r"\[.*", "", address) for address in undone(plan)} >= {
        "aws_dynamodb_table_item.account",
        "module.aws.aws_secretsmanager_secret.this",
        "module.genesys.genesyscloud_conversations_messaging_integrations_open.account",
        "module.genesys.terraform_data.unlink",
    }
    # the last account of its channel takes what only that channel has, too
    ours = ('["old"]', '["account/old"]', '["instagram"]')
    assert [address for address in undone(plan) if not address.endswith(ours)] == ["terraform_data.webhook_secrets"]


def test_a_second_bridge_calls_nothing_as_the_first_does(planned: Any) -> None:
    plan = planned["beside"]
    assert undone(plan) == set()
    called: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for address, change in plan.items():
        kind = re.findall(r"(?:^|\.)((?:aws|genesyscloud)_\w+)\.", address)
        if kind and kind[-1] not in INSIDE:
            names = [(kind[-1], change["after"][word]) for word in CALLED if change["after"].get(word)]
            called[address.startswith("module.second.")] |= set(names)
    assert len(called[True]) > 50
    assert called[True] & called[False] == set()
    assert all("dmdesk-b" in name for _, name in called[True])


def test_what_a_company_makes_in_the_same_apply_is_planned(planned: Any) -> None:
    made = {address.partition("[")[0] for address in begun(planned["theirs"])}
    assert undone(planned["theirs"]) == set()
    aws = "module.company.module.aws"
    assert f"{aws}.aws_sns_topic.alarms" not in made
    assert f"{aws}.aws_lambda_function.role" in made
    own = ("aws_api_gateway_domain_name.this", "aws_s3_bucket_logging.shelf", "aws_wafv2_web_acl_association.this")
    assert {f"{aws}.{one}" for one in own} <= made
