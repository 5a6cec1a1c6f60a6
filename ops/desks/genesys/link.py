"""link-flow and grant-role: what Terraform's provider cannot do.

link-flow attaches the inbound message flow to an integration's recipient (PUT
/api/v2/routing/message/recipients/{id}) and sets its external source (PUT
…/messaging/identityresolution/integrations/open/{id}). grant-role gives a role to an OAuth client that Terraform
did not make (POST /api/v2/authorization/subjects/{id}/divisions/{id}/roles/{id}).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from ops.desks.genesys.admin import Genesys, Integration, Missing
from ops.errors import OpsError

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0

Pause = Callable[[float], object]


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """What holds now; `changed` tells whether this run brought it about."""

    integration: str
    recipient: str
    flow: str
    external_source: str
    changed: bool


def pause(seconds: float) -> None:
    """Waits; replaced in tests."""
    threading.Event().wait(seconds)


def created(genesys: Genesys, identifier: str, patience_s: float, wait: Pause) -> Integration:
    """The integration once its asynchronous creation has ended well. OpsError otherwise."""
    waited, step = 0.0, FIRST_PAUSE_S
    while True:
        found = genesys.integration(identifier)
        if found.created == "Error":
            raise OpsError(
                f"Genesys Cloud could not create integration {identifier}: {found.error or 'no reason given'}",
                "delete it (terraform apply -replace=…integrations_open.account[…]) and let Terraform create it again",
            )
        if found.recipient and found.created in {"Completed", ""}:
            return found
        if waited >= patience_s:
            raise OpsError(
                f"integration {identifier} is still {found.created or 'without a recipient'} after {patience_s:g} s",
                "run the command again; if it stays so, ask Genesys support",
            )
        wait(step)
        waited, step = waited + step, min(LONGEST_PAUSE_S, step * 2)


def link(genesys: Genesys, integration: str, flow: str, source: str, patience_s: float, wait: Pause) -> Linked:
    """Attaches and verifies by reading back; writes nothing that already holds.

    `source` "" leaves identity resolution as it is. Raises OpsError.
    """
    recipient = created(genesys, integration, patience_s, wait).recipient
    changed = _flow(genesys, recipient, flow)
    if source and genesys.source_of(integration) != source:
        genesys.resolve(integration, source)
        _verify(genesys.source_of(integration), source, "external source")
        changed = True
    return Linked(integration=integration, recipient=recipient, flow=flow, external_source=source, changed=changed)


def undo(genesys: Genesys, integration: str, flow: str, source: str) -> Linked:
    """Detaches `flow` ("" means whichever it is), and ends the lookup by `source` where one is named.

    What another flow or source has replaced meanwhile is left alone. An integration that is gone is fine.
    """
    try:
        found = genesys.integration(integration)
    except Missing:
        return Linked(integration=integration, recipient="", flow="", external_source="", changed=False)
    held = genesys.flow_of(found.recipient) if found.recipient else ""
    changed = bool(held) and held == (flow or held) and _flow(genesys, found.recipient, "")
    if source and genesys.source_of(integration) == source:
        genesys.resolve(integration, "")
        changed = True
    left = "" if changed else held
    return Linked(integration=integration, recipient=found.recipient, flow=left, external_source="", changed=changed)


def grant(genesys: Genesys, client: str, role: str, division: str) -> bool:
    """Gives an OAuth client a role in a division and reads it back; False where it had it. Raises OpsError.

    `division` "" is the home division.
    """
    if genesys.has_role(client, role, division):
        return False
    genesys.grant(client, role, division)
    if not genesys.has_role(client, role, division):
        raise OpsError(
            f"Genesys Cloud took role {role} for OAuth client {client} but does not show it",
            "run the command again; else give it by hand (Admin > Integrations > OAuth > Roles)",
        )
    return True


def revoke(genesys: Genesys, client: str, role: str, division: str) -> bool:
    """Takes the role in the division away; False where the client (or its role) is gone. Raises OpsError."""
    try:
        if not genesys.has_role(client, role, division):
            return False
        genesys.revoke(client, role, division)
    except Missing:
        return False
    return True


def _flow(genesys: Genesys, recipient: str, flow: str) -> bool:
    if genesys.flow_of(recipient) == flow:
        return False
    genesys.attach(recipient, flow)
    _verify(genesys.flow_of(recipient), flow, "flow")
    return True


def _verify(found: str, wanted: str, what: str) -> None:
    if found != wanted:
        raise OpsError(
            f"Genesys Cloud took the {what} {wanted or '(none)'} but shows {found or 'none'}",
            "is somebody else changing it (Admin > Message > Message Routing)? Run the command again",
        )
