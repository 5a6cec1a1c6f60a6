"""Genesys Cloud as an administrator uses it, through its SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import requests

from ops.desks.genesys import sdk
from ops.errors import OpsError

CREDENTIALS = (
    "set GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET to a client-credentials client "
    "(Admin > Integrations > OAuth)"
)


class Hosts(msgspec.Struct, frozen=True):
    """Where the API and the login answer."""

    api: str
    login: str


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """An Open Messaging integration; `created` is Initiated, Completed or Error."""

    id: str
    name: str
    created: str
    status: str
    recipient: str
    webhook_url: str
    error: str = ""


class Missing(OpsError):
    """What was asked for does not exist."""


def hosts(environment: Mapping[str, str], api: str | None, login: str | None) -> Hosts:
    """From the options, else from GENESYSCLOUD_REGION. OpsError where neither says."""
    if not api:
        region = environment.get("GENESYSCLOUD_REGION", "")
        api = sdk.region_host(region)
        if api is None:
            raise OpsError(
                f"GENESYSCLOUD_REGION {region!r} is no Genesys Cloud region" if region else "no Genesys Cloud region",
                "set GENESYSCLOUD_REGION to the organisation's AWS region, such as eu-central-1, or pass --genesys-url",
            )
    api = api.rstrip("/")
    return Hosts(api, (login or api.replace("//api.", "//login.", 1)).rstrip("/"))


class Genesys:
    """Logged in when made. Every method raises OpsError, which says what to mend."""

    def __init__(self, where: Hosts, environment: Mapping[str, str], hide: Callable[[Any], None]) -> None:
        self._where = where
        self._api = sdk.client(where.api)
        given = environment.get("GENESYSCLOUD_ACCESS_TOKEN") or self._login(environment, hide)
        hide(given)
        self._api.access_token = given
        self._sdk = sdk.load()

    def _login(self, environment: Mapping[str, str], hide: Callable[[Any], None]) -> str:
        client, secret = (environment.get(f"GENESYSCLOUD_OAUTHCLIENT_{name}", "") for name in ("ID", "SECRET"))
        hide(secret)
        if not client or not secret:
            raise OpsError("no credentials for Genesys Cloud", CREDENTIALS)
        try:
            door = sdk.client(self._where.login).get_client_credentials_token(client, secret)
        except requests.RequestException as error:
            raise _unreachable(self._where.login, error) from None
        except Exception as error:
            if not hasattr(error, "status"):
                raise
            raise OpsError(
                f"Genesys Cloud refuses the OAuth client {client} (HTTP {error.status})", CREDENTIALS
            ) from None
        return str(door.access_token)

    # --- what link-flow does

    def integration(self, identifier: str) -> Integration:
        """Raises Missing where there is none."""
        with self._asking(f"integration {identifier}", "messaging:integration:view"):
            found = self._conversations().get_conversations_messaging_integrations_open_integration_id(identifier)
        return Integration(
            id=identifier,
            name=found.name or "",
            created=found.create_status or "",
            status=found.status or "",
            recipient=(found.recipient.id if found.recipient else "") or "",
            webhook_url=found.outbound_notification_webhook_url or "",
            error=(found.create_error.message if found.create_error else "") or "",
        )

    def flow_of(self, recipient: str) -> str:
        """The id of the flow that the recipient's messages enter, "" for none."""
        with self._asking(f"message recipient {recipient}", "routing:message:manage"):
            found = self._routing().get_routing_message_recipient(recipient)
        return (found.flow.id if found.flow else "") or ""

    def attach(self, recipient: str, flow: str) -> None:
        """Sends the recipient's messages into the flow; "" detaches it."""
        body = {"flow": {"id": flow}} if flow else {}
        with self._asking(f"flow {flow} for recipient {recipient}", "routing:message:manage and architect:flow:view"):
            self._routing().put_routing_message_recipient(recipient, body)

    def source_of(self, integration: str) -> str:
        """The external source by which the integration's customers are looked up, "" for none."""
        with self._asking(f"identity resolution of {integration}", "messaging:integration:view"):
            api = self._conversations()
            found = api.get_conversations_messaging_identityresolution_integrations_open_integration_id(integration)
        return (found.external_source.id if found.resolve_identities and found.external_source else "") or ""

    def resolve(self, integration: str, source: str) -> None:
        """Looks customers up by the external source; "" ends that."""
        body: dict[str, Any] = {"resolveIdentities": bool(source)}
        if source:
            body["externalSource"] = {"id": source}
        rights = "messaging:integration:edit and messaging:identityResolutionOpen:edit"
        with self._asking(f"identity resolution of {integration}", rights):
            api = self._conversations()
            api.put_conversations_messaging_identityresolution_integrations_open_integration_id(integration, body)

    # --- what doctor reads

    def organisation(self) -> str:
        """The organisation's name."""
        with self._asking("the organisation", "an OAuth client with any role"):
            return str(self._sdk.OrganizationApi(self._api).get_organizations_me().name)

    def permissions(self, client: str) -> set[str]:
        """What the OAuth client's roles allow, as domain:entity:action ("*" where a role says so)."""
        found: set[str] = set()
        for grant in self._grants(client):
            for policy in grant.role.policies or []:
                found |= {f"{policy.domain}:{policy.entity_name}:{action}" for action in policy.actions or []}
        return found

    def triggers(self, topic: str) -> list[tuple[str, str]]:
        """Name and description of every trigger of the topic that is switched on."""
        with self._asking("the triggers", "processautomation:trigger:view"):
            api = self._sdk.ProcessAutomationApi(self._api)
            found = api.get_processautomation_triggers(topic_name=topic, page_size="200").entities or []
        return [(one.name or "", one.description or "") for one in found if one.enabled and one.topic_name == topic]

    # --- what grant-role does

    def has_role(self, client: str, role: str, division: str) -> bool:
        """Whether the OAuth client has the role in the division, "" for the home division."""
        where = division or self._home()
        return any(grant.role.id == role and grant.division.id == where for grant in self._grants(client))

    def grant(self, client: str, role: str, division: str) -> None:
        """Gives the OAuth client the role in the division, "" for the home division."""
        # Genesys Cloud lets nobody give what he does not have
        rights = "authorization:grant:add, and with every permission of the role itself"
        with self._asking(f"role {role} for OAuth client {client}", rights):
            self._authorization().post_authorization_subject_division_role(
                client, division or self._home(), role, subject_type="PC_OAUTH_CLIENT"
            )

    def revoke(self, client: str, role: str, division: str) -> None:
        """Takes the role in the division away again, "" for the home division."""
        with self._asking(f"role {role} of OAuth client {client}", "authorization:grant:delete"):
            self._authorization().delete_authorization_subject_division_role(client, division or self._home(), role)

    def _grants(self, client: str) -> list[Any]:
        with self._asking(f"OAuth client {client}", "authorization:grant:view"):
            return list(self._authorization().get_authorization_subject(client).grants or [])

    def _home(self) -> str:
        with self._asking("the home division", "authorization:division:view"):
            return str(self._authorization().get_authorization_divisions_home().id)

    def _authorization(self) -> Any:
        return self._sdk.AuthorizationApi(self._api)

    def _conversations(self) -> Any:
        return self._sdk.ConversationsApi(self._api)

    def _routing(self) -> Any:
        return self._sdk.RoutingApi(self._api)

    @contextmanager
    def _asking(self, what: str, rights: str) -> Iterator[None]:
        try:
            yield
        except requests.RequestException as error:
            raise _unreachable(self._where.api, error) from None
        except self._sdk.rest.ApiException as error:
            raise _refused(error, what, rights) from None


def _unreachable(host: str, error: Exception) -> OpsError:
    return OpsError(
        f"no answer from {host}: {type(error).__name__}", "check the region, --genesys-url, and the network between"
    )


def _refused(error: Any, what: str, rights: str) -> OpsError:
    """By status. The body's own words are shown where Genesys wrote them for people, never the whole body."""
    try:
        found = json.loads(error.body or "{}")
    except ValueError:
        found = {}
    code, message = str(found.get("code", "")), str(found.get("message", ""))[:300]
    label = f"{what}: HTTP {error.status} {code}".rstrip()
    if error.status == 404:
        return Missing(f"{what} does not exist in this organisation", "run terraform apply, or correct the id")
    if error.status == 401:
        return OpsError(f"{label}: the token is not accepted", CREDENTIALS)
    if error.status == 403:
        return OpsError(f"{label}: {message}", f"give the OAuth client a role with {rights}")
    if error.status == 429:
        return OpsError(f"{label}: too many calls", "wait a minute and run it again")
    return OpsError(f"{label}: {message}", "see the message; Genesys support asks for the correlation id of the call")
