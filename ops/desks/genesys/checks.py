"""doctor's checks of Genesys Cloud: the runtime's clients and what they may do, and each account's integration."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.errors import Retryable, Uncertain
from chalicelib.vocabulary.records import Account
from ops import causes
from ops.bridge import Bridge
from ops.clocks import clock
from ops.desks.genesys.admin import Genesys, Hosts, Missing
from ops.findings import Check, Checks, check, made, subject
from ops.provider import Asked

# What the running bridge calls needs them; terraform/modules/genesys/role.tf gives exactly these.
RUNTIME_PERMISSIONS = ("conversation:message:receive", "conversation:message:view", "analytics:conversationDetail:view")
# … and this one where an account has its conversations raised.
RAISING = "routing:conversation:edit"
# The topic of ending.tf's trigger, whose description names the URL.
CUSTOMER_END = "v2.detail.events.conversation.{id}.customer.end"
_ROLE = '"$(terraform -chdir=terraform output -raw genesys_role_id)"'


def run(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
    """Every check but the clock's; without the operator's login only those that need none."""
    where = _hosts(bridge, asked)
    yield from made("genesys runtime login", where.login, _runtime_logins, bridge, where)
    api: list[Genesys] = []
    yield from made("genesys login", where.login, _login, bridge, where, api)
    if api:
        yield from made("role permissions", "runtime clients", _roles, bridge, api[0], accounts)
        for account in accounts:
            yield from made("integration", subject(account), _integration, api[0], account)
        yield from made("conversation end", "trigger", _ending, api[0], accounts)


def time(bridge: Bridge, asked: Asked) -> Checks:
    """This machine's clock by the API's."""
    api = _hosts(bridge, asked).api
    yield from made("clock", api, clock, bridge, api, "/api/v2/organizations/me", "Genesys Cloud")


def _hosts(bridge: Bridge, asked: Asked) -> Hosts:
    return Hosts(
        (asked.option("genesys_url") or bridge.settings.vendors["genesys_api"]).rstrip("/"),
        (asked.option("login_url") or bridge.settings.vendors["genesys_login"]).rstrip("/"),
    )


def _clients(bridge: Bridge) -> list[str]:
    """The ids of the runtime clients that the secret holds in full."""
    listed = bridge.listed(bridge.settings.vendors["genesys_oauth_secret"], "clients")
    return [str(client["id"]) for client in listed if not _lacking(client)]


def _lacking(client: Any) -> list[str]:
    """Which of its parts an entry of the secret lacks."""
    known = client if isinstance(client, dict) else {}
    return [name for name in ("id", "secret") if not (isinstance(known.get(name), str) and known[name].strip())]


def _runtime_logins(bridge: Bridge, where: Hosts) -> Checks:
    name = bridge.settings.vendors["genesys_oauth_secret"]
    for number, client in enumerate(bridge.listed(name, "clients"), 1):
        if lacking := _lacking(client):
            yield check("genesys runtime login", f"client {number}", "fail",
                         f"its entry in the secret {name} has no {' and no '.join(lacking)}",
                         f'put {{"clients": [{{"id": …, "secret": …}}]}} into the secret {name}')  # fmt: skip
        else:
            yield _runtime_login(bridge, client, where)


def _runtime_login(bridge: Bridge, entry: dict[str, str], where: Hosts) -> Check:
    secret, client = bridge.settings.vendors["genesys_oauth_secret"], entry["id"]
    tokens = Tokens(bridge.http, lambda _: {"clients": [entry]}, secret, where.login, bridge.clock)
    try:
        tokens.token(client)
    except Retryable as error:
        behind = error.__cause__ if isinstance(error.__cause__, (Retryable, Uncertain)) else error
        told = causes.vendor(behind, where.login)
        return check("genesys runtime login", client, "fail", told.message, told.fix)
    return check("genesys runtime login", client, "ok", "gets tokens")


def _login(bridge: Bridge, where: Hosts, api: list[Genesys]) -> Checks:
    found = Genesys(where, os.environ, bridge.hide)
    name = found.organisation()
    api.append(found)
    yield check("genesys login", where.api, "ok", f"organisation {name}")


def _roles(bridge: Bridge, api: Genesys, accounts: Sequence[Account]) -> Checks:
    raises = any(account.closing == "raise" for account in accounts)
    needed = (*RUNTIME_PERMISSIONS, RAISING) if raises else RUNTIME_PERMISSIONS
    for client in _clients(bridge):
        held = api.permissions(client)
        missing = [wanted for wanted in needed if not _allowed(wanted, held)]
        if missing:
            yield check("role permissions", client, "fail", f"lacks {', '.join(missing)}",
                         f"dmdesk grant-role --client {client} --role {_ROLE}")  # fmt: skip
        else:
            yield check("role permissions", client, "ok", f"has all {len(needed)} that the bridge needs")


def _allowed(wanted: str, held: set[str]) -> bool:
    domain, entity, _ = wanted.split(":")
    return bool({wanted, f"{domain}:{entity}:*", f"{domain}:*:*"} & held)


def _ending(api: Genesys, accounts: Sequence[Account]) -> Checks:
    """Whether Genesys Cloud tells where it delivers agents' messages that conversations are over."""
    urls: set[str] = set()
    for account in accounts:
        with suppress(Missing):  # which the integration's own check tells
            urls.add(api.integration(account.integration).webhook_url)
    triggers = api.triggers(CUSTOMER_END) if urls else []
    for url in sorted(urls):
        telling = next((name for name, description in triggers if url in description.split()), "")
        if telling:
            yield check("conversation end", "trigger", "ok", f"{telling} tells {url}")
        else:
            detail = f"no trigger tells {url}: ends are found by asking, hours later"
            fix = "run terraform apply with conversation_end = true; nothing is wrong where that is false on purpose"
            yield check("conversation end", "trigger", "warn", detail, fix)


def _integration(api: Genesys, account: Account) -> Checks:
    found = api.integration(account.integration)
    if found.created not in {"Completed", ""} or not found.recipient:
        yield check("integration", subject(account), "fail", f"{found.created or 'no recipient'} {found.error}".strip(),
                     "run terraform apply again; it waits for the integration")  # fmt: skip
        return
    yield check("integration", subject(account), "ok", f"{found.name}, {found.status or found.created}")
    flow = api.flow_of(found.recipient)
    if flow:
        yield check("flow", subject(account), "ok", f"flow {flow} is attached")
    else:
        yield check("flow", subject(account), "fail", "no flow is attached: conversations reach nobody",
                     f"dmdesk link-flow --integration {account.integration} --flow …")  # fmt: skip
