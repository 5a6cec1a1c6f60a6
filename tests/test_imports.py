"""What a cold start pays for: the edge loads no client, no table and no vendor's SDK."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from chalicelib.registry import DESKS, part
from chalicelib.settings import variables

pytestmark = pytest.mark.xdist_group("imports")  # what a role has loaded is asked once
APP = Path(__file__).parent.parent / "app.py"
CLIENTS = [
    "chalicelib.channels.instagram.client",
    "chalicelib.channels.tiktok.client",
    "chalicelib.desks.genesys.client",
]
# what reads the Markdown of its agents among it
CONNECT = ["chalicelib.desks.connect.client", "chalicelib.desks.connect.translate", "markdown_it"]
WORKERS_ONLY = [
    "requests",
    "regex",
    "chalicelib.aws.table",
    "chalicelib.channels.instagram.translate",
    "chalicelib.channels.tiktok.translate",
    "chalicelib.desks.genesys.oauth",
    "chalicelib.pipeline.outbound.to_customer",
    "chalicelib.pipeline.inbound.to_desk",
    *CLIENTS,
]


def loaded(role: str, entry: str, without: Sequence[str]) -> set[str]:
    """Runs in a process of its own: the modules that this role has loaded through `entry`, where no setting of the
    desks `without` is given."""
    unset = {name for desk in without for name in part(DESKS[desk], "about", "ABOUT").settings}
    given = {name: default for name, default in variables().items() if name not in unset}
    needed = {f"DMDESK_{name.upper()}": str(default or "https://127.0.0.1/x") for name, default in given.items()}
    region = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    os.environ.update(needed | region | {"DMDESK_ROLE": role})
    if entry == "app":
        importlib.import_module("app")
    else:
        importlib.import_module("chalicelib.runtime").preload(role)
    return set(sys.modules)


@cache
def modules(role: str, entry: str = "chalicelib.runtime", without: Sequence[str] = ()) -> set[str]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(loaded, role, entry, without).result(timeout=60)


@pytest.mark.parametrize("role", ["edge", "desk_edge"])
@pytest.mark.parametrize("entry", ["chalicelib.runtime", "app"])
def test_the_edge_loads_nothing_that_only_workers_need(entry: str, role: str) -> None:
    found = modules(role, entry)
    assert "chalicelib.edge.receive" in found
    assert [name for name in [*WORKERS_ONLY, "PureCloudPlatformClientV2"] if name in found] == []


def test_the_inbound_worker_loads_what_it_asks_with_and_not_what_sends() -> None:
    found = modules("to_desk")
    assert [name for name in [*CLIENTS, "chalicelib.pipeline.media", "requests"] if name not in found] == []
    senders = [
        "chalicelib.pipeline.outbound.to_customer",
        "chalicelib.pipeline.outbound.enclosing",
        "PureCloudPlatformClientV2",
    ]
    assert [name for name in senders if name in found] == []
    in_front = (
        "chalicelib.pipeline.front.",
        "chalicelib.aws.bedrock",
        "chalicelib.aws.floor",
        "chalicelib.endpoint",
        "chalicelib.rules.saying",
        "chalicelib.rules.talking",
        "chalicelib.rules.triage",
    )
    assert [name for name in found if name.startswith(in_front)] == []


def test_the_outbound_worker_loads_what_it_sends_with() -> None:
    found = modules("to_customer")
    assert [name for name in [*CLIENTS, "requests", "chalicelib.aws.table"] if name not in found] == []
    assert "PureCloudPlatformClientV2" not in found
    assert [name for name in found if name.startswith(("chalicelib.pipeline.front.", "chalicelib.aws.floor"))] == []


@pytest.mark.parametrize("role", ["to_desk", "to_customer", "upkeep"])
def test_a_worker_pays_for_connect_only_where_it_is_set_up(role: str) -> None:
    assert CONNECT[0] in modules(role)
    found = modules(role, without=("connect",))
    assert "chalicelib.desks.genesys.client" in found
    assert [name for name in [*CONNECT, "chalicelib.aws.signing"] if name in found] == []


def test_the_upkeep_loads_what_calls_vendors_where_it_has_to_call_one() -> None:
    found = modules("upkeep")
    assert "chalicelib.pipeline.chores.tokens" in found
    assert {"requests", "chalicelib.session", "chalicelib.fetching"} & found == set()


@pytest.mark.parametrize("role", ["edge", "desk_edge", "to_desk", "to_customer", "upkeep"])
def test_nobody_loads_what_costs_much_and_does_little_here(role: str) -> None:
    assert {"aws_lambda_powertools", "boto3"} & modules(role) == set()


@pytest.mark.parametrize("role", ["edge", "desk_edge", "to_desk", "to_customer", "upkeep"])
def test_nobody_pays_for_cryptography_before_an_account_with_keys_needs_it(role: str) -> None:
    assert {"chat_xdk", "chalicelib.channels.x.sealing"} & modules(role) == set()


def test_a_role_that_is_not_known_loads_nothing_yet() -> None:
    assert "chalicelib.edge.receive" not in modules("")


def test_the_app_stays_small() -> None:
    assert len(APP.read_text().splitlines()) < 120


@pytest.mark.parametrize("role", ["to_desk", "to_customer", "upkeep"])
def test_nobody_pays_for_guards_before_an_account_has_them(role: str) -> None:
    guards = {"re2", "chalicelib.aws.guarding", "chalicelib.pipeline.front.guards", "chalicelib.rules.loops"}
    assert guards & modules(role) == set()
