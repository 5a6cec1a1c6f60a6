"""The command line knows channels and desks by their names only: one from elsewhere is checked as ours are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

import ops
from chalicelib import registry
from chalicelib.registry import abouts
from chalicelib.settings import Settings
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.findings import Checks, Subscribed, check, subject
from ops.pasting import Given
from ops.provider import Asked, Channel, Option
from ops.registry import channels, desks, operator
from tests.extension.pigeon import operator as pigeon
from tests.ops.conftest import HOOK, INSTAGRAM, TIKTOK, Deployment

pytestmark = pytest.mark.xdist_group("ops")
OPS = Path(ops.__file__).parent


class Pigeons:
    """A channel that subscribes by asking, and has something to say of each account."""

    options: Sequence[Option] = ()
    commands: Sequence[click.Command] = ()
    refusal = ""

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        return [(settings.media_secret, "rings")]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        for account in accounts:
            yield check("loft", subject(account), "ok", f"hears {asked.webhook_url}")

    def login(self, account: Account) -> str:
        return "by ring"

    def pasted(self, account: Account, given: Given) -> Mapping[str, Any]:
        return {"access_token": given.word("access_token")}

    def ready(self, asked: Asked) -> None:
        if asked.change and self.refusal:
            raise OpsError(self.refusal)

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        for account in accounts:
            yield Subscribed(account=subject(account), status="changed" if asked.change else "ok", detail="coos")


@pytest.fixture
def pigeons(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Pigeons:
    """The channel is entered from outside, and an account of it stands in the table."""
    made = Pigeons()
    provider: Channel = made
    monkeypatch.setattr(pigeon, "PROVIDER", provider)
    monkeypatch.setenv("DMDESK_PIGEON_SECRET", "dmdesk/pigeon")
    monkeypatch.setitem(registry.CHANNELS, "pigeon", "tests.extension.pigeon")
    deployment.account("pigeon", "7")
    deployment.vendors.add("int-7")
    return made


def test_our_own_stand_here_and_others_bring_theirs() -> None:
    assert operator("chalicelib.channels.instagram") == "ops.channels.instagram"
    assert operator("lofts.pigeon") == "lofts.pigeon.operator"


def test_each_channel_and_desk_has_its_part() -> None:
    assert list(channels()) == list(registry.CHANNELS)
    assert list(desks()) == list(registry.DESKS)


def told_by(package: str) -> str:
    """What names it, as a pattern: its name, or what only it is called where that is also a word."""
    name = package.rpartition(".")[2]
    title = abouts({name: package})[name].title.casefold()
    if name == "connect":
        return f'{re.escape(title)}|"{name}"|desks.{name}'
    return re.escape(name) if len(name) > 1 else f'"{name}"|channels.{name}\\b|{name}_(?:api|secret)'


@pytest.mark.parametrize("package", [*registry.CHANNELS.values(), *registry.DESKS.values()])
def test_a_provider_is_named_in_its_own_part_only(package: str) -> None:
    name = told_by(package)
    room = OPS.joinpath(*operator(package).split(".")[1:])
    named = {
        str(path.relative_to(OPS))
        for path in OPS.rglob("*.py")
        if re.search(name, path.read_text(encoding="utf-8").casefold()) and room not in path.parents
    }
    assert named <= {"__main__.py"}  # whose help says what the product does


def test_doctor_checks_a_channel_from_elsewhere(deployment: Deployment, pigeons: Pigeons) -> None:
    told = deployment.vendors.run("doctor", "--webhook-url", HOOK, "--json").json
    by_check = {one["check"]: one for one in told if one["subject"] == "pigeon 7"}
    assert by_check["loft"]["detail"] == f"hears {HOOK}"
    assert set(by_check) == {"loft", "integration", "flow", "last inbound"}
    assert [one["detail"] for one in told if one["subject"] == "dmdesk/media"] == [
        "holds no rings: the bridge refuses what it cannot verify"
    ]


def test_a_channel_from_elsewhere_is_subscribed_in_its_turn(deployment: Deployment, pigeons: Pigeons) -> None:
    told = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json").json
    assert [(one["account"], one["status"]) for one in told if one["detail"] == "coos"] == [("pigeon 7", "changed")]
    assert told[0]["account"] == f"instagram {INSTAGRAM}"
    assert told[-1]["account"].startswith("tiktok app")


def test_nothing_is_changed_where_one_channel_is_not_ready(deployment: Deployment, pigeons: Pigeons) -> None:
    pigeons.refusal = "no pigeon has hatched"
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK)
    assert (ran.code, ran.err) == (1, "Error: no pigeon has hatched\n")
    told = deployment.vendors.run("subscribe", "--check", "--webhook-url", HOOK, "--json").json
    assert told[0]["status"] == "missing"


def test_an_account_is_listed_with_the_login_that_its_channel_tells(deployment: Deployment, pigeons: Pigeons) -> None:
    listed = {one["id"]: one["login"] for one in deployment.vendors.run("accounts", "--json").json}
    assert (listed["7"], listed[INSTAGRAM], listed[TIKTOK]) == ("by ring", "instagram", "")


# --- a channel that this release does not know


UNKNOWN = "this dmdesk knows no channel raven"
FIX = "use the dmdesk of the release that is deployed"


def test_an_unknown_channel_is_a_failure_and_the_rest_is_checked(deployment: Deployment) -> None:
    deployment.account("raven", "9")
    told = deployment.vendors.run("doctor", "--json").json
    assert [(one["status"], one["detail"], one["fix"]) for one in told if one["subject"] == "raven"] == [
        ("fail", UNKNOWN, FIX)
    ]
    assert "webhook" in {one["check"] for one in told}


def test_an_unknown_channel_stops_no_other_subscription(deployment: Deployment) -> None:
    deployment.account("raven", "9")
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    told = {one["account"]: one for one in ran.json if one["part"] == "messages"}
    assert (ran.code, told["raven"]["detail"], told["raven"]["fix"]) == (1, UNKNOWN, FIX)
    assert told[f"instagram {INSTAGRAM}"]["status"] == "changed"


def test_an_account_of_an_unknown_channel_is_listed(deployment: Deployment) -> None:
    deployment.account("raven", "9")
    listed = {one["id"]: one for one in deployment.vendors.run("accounts", "--json").json}
    assert (listed["9"]["channel"], listed["9"]["login"]) == ("raven", "")


# --- a row that is no account


PROBLEM = "Invalid enum value 'carrier' - at `$.login`"


def test_a_row_that_cannot_be_read_is_a_failure_and_the_rest_is_checked(deployment: Deployment) -> None:
    deployment.account("instagram", "55", login="carrier")
    told = deployment.vendors.run("doctor", "--json").json
    [row] = [one for one in told if one["subject"] == "instagram 55"]
    assert (row["check"], row["status"], row["detail"]) == ("account", "fail", PROBLEM)
    assert row["fix"].startswith("correct the account's entry in Terraform's variable accounts")
    assert f"instagram {INSTAGRAM}" in {one["subject"] for one in told if one["check"] == "ids"}


def test_a_row_that_cannot_be_read_is_not_subscribed_and_the_rest_is(deployment: Deployment) -> None:
    deployment.account("instagram", "55", login="carrier")
    ran = deployment.vendors.run("subscribe", "--webhook-url", HOOK, "--json")
    told = {one["account"]: (one["status"], one["detail"]) for one in ran.json if one["part"] == "messages"}
    assert (ran.code, told["instagram 55"]) == (1, ("missing", PROBLEM))
    assert told[f"instagram {INSTAGRAM}"][0] == "changed"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_row_that_cannot_be_read_is_told_beside_the_list(deployment: Deployment, options: list[str]) -> None:
    deployment.account("instagram", "55", login="carrier")
    ran = deployment.vendors.run("accounts", *options)
    assert (ran.code, ran.err) == (0, f"not listed: instagram 55: {PROBLEM}\n")
    assert INSTAGRAM in ran.out


def test_a_table_of_such_rows_only_does_not_want_another_apply(deployment: Deployment) -> None:
    deployment.clear()
    deployment.account("instagram", "55", login="carrier")
    told = deployment.vendors.run("doctor", "--json").json
    assert "accounts" not in {one["check"] for one in told}
