"""What the commands say of themselves, and how they fail: one cause, and the command that mends it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from click.testing import CliRunner

from chalicelib.errors import Misconfigured, Retryable, Uncertain
from ops import causes
from ops.__main__ import cli
from ops.channels.instagram import graph
from tests.ops.conftest import APP, HOOK, INSTAGRAM, PAGE_ACCOUNT, RUNTIME, TIKTOK, Deployment

pytestmark = pytest.mark.xdist_group("ops")
ROOT = Path(__file__).resolve().parents[2]


def shown(*arguments: str, width: int = 80) -> str:
    return CliRunner().invoke(cli, arguments, prog_name="dmdesk", terminal_width=width).output


# --- help


@pytest.mark.parametrize("width", [50, 80, 120])
def test_the_list_of_commands_is_not_cut(width: int) -> None:
    told = " ".join(shown("--help", width=width).partition("Commands:")[2].split())
    assert "..." not in told
    for name, command in cli.commands.items():
        sentence = " ".join((command.help or "").split()).partition(". ")[0].rstrip(".")
        assert f"{name} {sentence}." in told


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_has_an_example_that_it_takes(name: str) -> None:
    told = shown(name, "--help")
    assert all(option.help for option in cli.commands[name].params if isinstance(option, click.Option))
    examples = told.partition("Example:\n")[2].replace("\\\n", "").strip().splitlines()
    assert examples
    for line in examples:
        program, command, *arguments = shlex.split(line)
        assert (program, command) == ("dmdesk", name)
        cli.commands[name].make_context(name, arguments)


# --- an environment that is not the operator's


def test_a_python_without_what_it_needs_says_what_makes_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['click'] = None; import runpy; runpy.run_module('ops', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "dmdesk: this Python has no click: `make operator` makes .venv/bin/dmdesk, which has it\n"


def test_the_light_environment_says_what_brings_the_sdk() -> None:
    code = (
        "import sys; sys.modules['PureCloudPlatformClientV2'] = None; sys.argv[1:] = ['grant-role', '--client=c', "
        "'--role=r']; import runpy; runpy.run_module('ops', run_name='__main__')"
    )
    environment = {**os.environ, "GENESYSCLOUD_REGION": "eu-central-1", "DMDESK_GENESYS_API": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1, "Error: this Python has no SDK of Genesys Cloud\n  fix: make operator\n",
    )  # fmt: skip


# --- settings


def test_a_terminal_that_knows_no_deployment_is_told_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DMDESK_")]:
        monkeypatch.delenv(name)
    assert shown("accounts") == (
        "Error: this terminal knows no deployment: no DMDESK_* is set\n"
        '  fix: eval "$(terraform -chdir=terraform output -raw operator_environment)"\n'
    )


@pytest.mark.parametrize("days", ["ninety", "1.5", "90 days"])
def test_a_setting_that_is_no_number_is_named(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("DMDESK_MEDIA_DAYS", days)
    ran = deployment.vendors.run("doctor")
    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        f"Error: DMDESK_MEDIA_DAYS is {days!r}: Expected `int`, got `str`",
    )


@pytest.mark.parametrize("option", ["--webhook-url", "--genesys-url", "--login-url"])
@pytest.mark.parametrize("address", ["not a url", "example.com/hook", "https://", "ftp://a.example", "https://a b",
                                     "https://a.example\n", "https://[::1", "https://a.example:port"])  # fmt: skip
def test_what_is_no_address_is_named(option: str, address: str) -> None:
    told = CliRunner().invoke(cli, ["doctor", option, address])
    assert told.exit_code == 2
    assert f"Invalid value for '{option}': {address!r} is no address" in told.output


# --- AWS


def refusal(code: str, said: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": said}}, "Query")


@pytest.mark.parametrize(
    ("error", "cause", "fix"),
    [
        (exceptions.NoCredentialsError(), "no AWS credentials", "aws configure"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), "half of the AWS cred", "aws configure"),
        (exceptions.ProfileNotFound(profile="dev"), "no such AWS profile", "aws configure list-profiles"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="x"), "login has ended", "aws sso login"),
        (exceptions.SSOTokenLoadError(error_msg="x"), "login has ended", "aws sso login"),
        (exceptions.NoRegionError(), "no AWS region", "export AWS_REGION="),
        (exceptions.EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-9.amazonaws.com/"),
         "no connection to AWS", "curl -sI https://dynamodb.eu-west-9.amazonaws.com must answer"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://sqs.eu-west-1.amazonaws.com/"),
         "no connection to AWS", "curl -sI https://sqs.eu-west-1.amazonaws.com must answer"),
        (exceptions.ReadTimeoutError(endpoint_url="https://a.example:81/x"), "no connection to AWS", "a.example:81"),
        (refusal("ExpiredTokenException"), "login has ended", "aws sso login"),
        (refusal("ExpiredToken"), "login has ended", "aws sso login"),
        (refusal("RequestExpired"), "login has ended", "aws sso login"),
        (refusal("UnrecognizedClientException"), "does not know the access key", "aws configure"),
        (refusal("InvalidClientTokenId"), "does not know the access key", "aws configure"),
        (refusal("SignatureDoesNotMatch", "The request signature we calculated does not match"),
         "secret access key is wrong", "aws configure"),
        (refusal("SignatureDoesNotMatch", "Signature expired: 20261126T…"), "clock is wrong", "timedatectl"),
        (refusal("InvalidSignatureException", "Signature not yet current: …"), "clock is wrong", "timedatectl"),
        (refusal("RequestTimeTooSkewed"), "clock is wrong", "timedatectl"),
        (refusal("AccessDeniedException", "User: arn:x is not authorized to perform: dynamodb:Query on resource: y"),
         "may not do that", "allow dynamodb:Query to"),
        (refusal("AccessDenied"), "may not do that", "allow it to"),
        (refusal("ResourceNotFoundException"), "none in this account and region", "operator_environment"),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), "none in this account and region", "operator_environment"),
        (refusal("NoSuchBucket"), "none in this account and region", "operator_environment"),
        (refusal("ThrottlingException"), "ThrottlingException", "run it again"),
    ],
)  # fmt: skip
def test_aws_failures_have_one_cause(error: Exception, cause: str, fix: str) -> None:
    told = causes.aws(error, "table dmdesk")
    assert told.message.startswith("table dmdesk: ")
    assert cause in told.message
    assert fix in told.fix
    behind = Retryable("aws: …")
    behind.__cause__ = error
    assert causes.aws(behind, "table dmdesk").message == told.message


# --- the vendors


def test_a_vendor_that_cannot_be_reached_is_told_from_one_that_does_not_answer() -> None:
    unreached = causes.vendor(Retryable("nothing was sent to graph.example: ConnectionRefusedError"), "Instagram 1")
    assert unreached.fix == "see to the network between: curl -sI https://graph.example must answer"
    silent = causes.vendor(Uncertain("no answer from graph.example: ReadTimeout"), "Instagram 1")
    assert silent.fix == "run it again; where it stays so, the vendor's status page tells"
    unfit = causes.vendor(Misconfigured("an address that is none", "correct DMDESK_GENESYS_API"), "Genesys")
    assert unfit.fix == "correct DMDESK_GENESYS_API"


def logins(deployment: Deployment) -> list[dict[str, Any]]:
    told = deployment.vendors.run("doctor", "--json").json
    return [one for one in told if one["check"] == "genesys runtime login"]


def test_a_login_host_that_is_down_is_no_wrong_client(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMDESK_GENESYS_LOGIN", "http://127.0.0.1:9")
    [told] = logins(deployment)
    assert told["detail"].startswith("http://127.0.0.1:9: nothing was sent to 127.0.0.1:9")
    assert "compare" not in told["fix"]


def test_a_login_that_answers_nonsense_is_no_wrong_client(deployment: Deployment) -> None:
    deployment.vendors.faults.add("genesys", "status", status=502, path="/oauth/token", count=1)
    [told] = logins(deployment)
    assert told["detail"].endswith("HTTP 502")
    assert "compare" not in told["fix"]


def test_a_client_that_is_refused_is_to_be_compared(deployment: Deployment) -> None:
    deployment.secret("dmdesk/genesys-oauth", {"clients": [{"id": RUNTIME[0], "secret": "another-secret-0001"}]})
    [told] = logins(deployment)
    assert RUNTIME[0] in told["detail"]
    assert told["fix"].startswith("compare it with Admin > Integrations > OAuth")


@pytest.mark.parametrize(
    ("clients", "lacks"),
    [
        ([{"id": "a"}], ["has no secret"]),
        ([{"client_id": "a", "client_secret": "b"}], ["has no id and no secret"]),
        (["a", None, 5], ["has no id and no secret"] * 3),
        ([{"id": "", "secret": " "}], ["has no id and no secret"]),
        ([{"id": 5, "secret": "b"}], ["has no id"]),
    ],
)  # fmt: skip
def test_an_odd_secret_of_clients_is_told(deployment: Deployment, clients: Any, lacks: list[str]) -> None:
    deployment.secret("dmdesk/genesys-oauth", {"clients": clients})
    told = logins(deployment)
    assert [one["detail"] for one in told] == [f"its entry in the secret dmdesk/genesys-oauth {one}" for one in lacks]
    assert all(one["fix"].startswith('put {"clients": [{"id": …, "secret": …}]} into the secret') for one in told)


@pytest.mark.parametrize("clients", [{"id": "a", "secret": "b"}, "a", 5])
def test_a_secret_that_lists_no_clients_is_no_traceback(deployment: Deployment, clients: Any) -> None:
    deployment.secret("dmdesk/genesys-oauth", {"clients": clients})
    assert logins(deployment) == []


def test_an_odd_client_does_not_hide_a_good_one(deployment: Deployment) -> None:
    deployment.secret("dmdesk/genesys-oauth", {"clients": [{"id": "a"}, {"id": RUNTIME[0], "secret": RUNTIME[1]}]})
    assert [one["status"] for one in logins(deployment)] == ["fail", "ok"]


@pytest.mark.parametrize("odd", [[""], "a-secret", {"a": "b"}, [None], 7])
@pytest.mark.parametrize("name", ["genesys-webhook", "instagram", "tiktok"])
def test_a_secret_of_another_shape_is_a_failure(deployment: Deployment, name: str, odd: Any) -> None:
    deployment.secret(f"dmdesk/{name}", {"secrets": odd, "verify_tokens": ["verify-token-0001"], "app_id": APP})
    told = deployment.vendors.run("doctor", "--json").json
    [hit] = [one for one in told if one["subject"] == f"dmdesk/{name}" and one["status"] == "fail"]
    assert hit["detail"].startswith("holds no secrets")


# --- accounts


def subscribed(deployment: Deployment) -> dict[str, str]:
    """Each account's status of its messages."""
    told = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json").json
    return {one["account"]: one["status"] for one in told if one["part"] == "messages"}


@pytest.mark.parametrize(
    "harm",
    [
        lambda one: one.secret(f"dmdesk/account/{INSTAGRAM}", {"access_token": "revoked-token-0001"}),
        lambda one: one.secret(f"dmdesk/account/{INSTAGRAM}", {}),
        lambda one: one.secret(f"dmdesk/account/{INSTAGRAM}", {"access_token": f"to ken-{INSTAGRAM}"}),
        lambda one: one.vendors.faults.add("instagram", "reset", count=1),
    ],
    ids=["dead token", "no token", "odd token", "no answer"],
)
def test_one_accounts_fault_is_a_line_of_its_own(deployment: Deployment, harm: Callable[[Deployment], None]) -> None:
    harm(deployment)
    assert subscribed(deployment) == {
        f"instagram {INSTAGRAM}": "missing", f"instagram {PAGE_ACCOUNT}": "changed", f"tiktok app {APP}": "ok",
    }  # fmt: skip


def test_tiktoks_fault_leaves_instagram(deployment: Deployment) -> None:
    deployment.secret("dmdesk/tiktok", {})
    assert subscribed(deployment) == {
        f"instagram {INSTAGRAM}": "changed", f"instagram {PAGE_ACCOUNT}": "changed", "tiktok app": "missing",
    }  # fmt: skip


@pytest.mark.parametrize("account", [INSTAGRAM, PAGE_ACCOUNT, TIKTOK])
@pytest.mark.parametrize("odd", ["token-{}\nsecond line", "token {}", "token-{}\tx", "tökén-{}"])
def test_a_token_that_cannot_be_one_is_told(deployment: Deployment, account: str, odd: str) -> None:
    deployment.secret(f"dmdesk/account/{account}", {"access_token": odd.format(account)})
    ran = deployment.vendors.run("doctor")
    secret = f"dmdesk/account/{account}"
    assert f"the secret {secret} holds a value of access_token that cannot be one" in ran.out
    assert f"in the secret {secret}: one word of plain characters, without spaces" in ran.out


@pytest.mark.parametrize("account", [INSTAGRAM, PAGE_ACCOUNT, TIKTOK])
@pytest.mark.parametrize("pasted", ["token-{}\n", ' "token-{}" ', "\ufefftoken-{}"])
def test_a_token_is_read_as_the_bridge_reads_it_and_stays_hidden(
    deployment: Deployment, account: str, pasted: str
) -> None:
    as_it_was = deployment.vendors.run("doctor").out
    deployment.secret(f"dmdesk/account/{account}", {"access_token": pasted.format(account)})
    ran = deployment.vendors.run("doctor")
    assert "cannot be one" not in ran.out
    assert f"token-{account}" not in ran.out + ran.err
    assert ran.out.count("ok") == as_it_was.count("ok")


def test_nothing_is_changed_where_the_webhook_url_is_missing(deployment: Deployment) -> None:
    assert deployment.vendors.run("subscribe").code == 1
    told = deployment.vendors.run("subscribe", "--check", "--json").json
    assert next(one for one in told if one["account"] == f"instagram {INSTAGRAM}")["missing"] == sorted(graph.FIELDS)
