"""What the operator changes meanwhile: an account is added, and secrets are rotated."""

from __future__ import annotations

import threading
from typing import Any

from sandbox.simulators.genesys.cast import ROLE
from sandbox.simulators.genesys.vendor import Genesys
from sandbox.stage.vendors import Vendor
from tests.chaos.processes.site import FIRST, Site

ROTATED = "chaos-next-webhook-secret"
CLIENT = {"id": "chaos-next-client", "secret": "chaos-next-client-secret"}
# Shares of the time that the storm lasts.
ADDED, ROTATES, ALONE = 0.1, 0.1, 0.4


def change(site: Site, over: threading.Event) -> None:
    """By and by; what is left at once where the storm is over."""
    lasts_s = site.weather.lasts_s
    over.wait(lasts_s * ADDED)
    for account in site.accounts[FIRST:]:
        if account is not site.late:
            site.add(account)
    over.wait(lasts_s * ROTATES)
    alone = _rotated(site)
    if not over.wait(lasts_s * ALONE):  # else something may be on its way that was signed with the former ones
        site.aws.put_secrets(alone)


def _rotated(site: Site) -> dict[str, dict[str, Any]]:
    """The new webhook secrets stand beside the former ones, then whoever signs changes over; the desk's new client
    stands alone at once, since it is let in before. Answers the secrets without the former ones."""
    before = _kept(site)
    for vendor in site.vendors.all:
        vars(vendor)["secrets"] = {name: _next(name, value) for name, value in vendor.secrets.items()}
    alone = _kept(site)
    for vendor in site.vendors.desks:
        if not isinstance(vendor, Genesys):
            continue
        simulator = vendor.simulator
        simulator.add_client(CLIENT["id"], CLIENT["secret"])
        simulator.admin.grant(CLIENT["id"], simulator.admin.add_role(ROLE))
    alone = {name: {"clients": [CLIENT]} if "clients" in value else value for name, value in alone.items()}
    site.aws.put_secrets({name: value | _beside(value, before[name]) for name, value in alone.items()})
    site.connect()
    return alone


def _kept(site: Site) -> dict[str, dict[str, Any]]:
    vendors: tuple[Vendor, ...] = site.vendors.all
    return {name: value for vendor in vendors for name, value in vendor.kept_secrets().items()}


def _next(name: str, value: str) -> str:
    """Who subscribes is asked for a token that stays."""
    return value if "verify" in name else f"{ROTATED}-{name}"


def _beside(value: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    return {"secrets": [*value["secrets"], *former["secrets"]]} if "secrets" in value else {}
