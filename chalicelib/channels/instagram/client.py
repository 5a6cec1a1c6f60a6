"""The Graph API as far as the bridge calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from chalicelib.channels.base import Capabilities, Secrets
from chalicelib.errors import Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer, Outgoing
from chalicelib.messages import Account

# developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
CAPABILITIES = Capabilities(text_limit=1000, text_unit="bytes")

# developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
# (code, subcode) → what it means to an agent's message; a subcode of 0 stands for any.
_WINDOW = "MessageNotAllowed"
REFUSED: dict[tuple[int, int], str] = {
    (10, 2534022): _WINDOW, (10, 2018278): _WINDOW, (10, 2018065): _WINDOW,
    (10, 2018108): "RecipientOptedOut", (200, 1545041): "RecipientOptedOut", (551, 0): "RecipientOptedOut",
    (100, 2534014): "InvalidDestination", (100, 2018001): "InvalidDestination", (100, 33): "InvalidDestination",
    (9010, 0): "InvalidDestination", (2534001, 0): "InvalidDestination",
    (100, 2534015): "InvalidMessageStructure",
    (368, 0): "MessageNotAllowed", (2022, 0): "MessageNotAllowed", (100, 2534037): "MessageNotAllowed",
}  # fmt: skip
RATE = {4, 17, 32, 613, 80002, 80006}
# "Received invalid JSON reply": Meta says that the message was sent all the same.
SENT_ANYWAY = (1, 1357046)


class InstagramClient:
    """Sends as the account, on the host of its login: graph.instagram.com or graph.facebook.com."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, hosts: dict[str, str], version: str) -> None:
        """`hosts` maps "instagram" and "facebook" to base URLs, `version` is like "v25.0"."""
        self._http = http
        self._secrets = secrets
        self._hosts = hosts
        self._version = version

    def send_text(self, account: Account, customer: str, platform_thread: str, text: str) -> str:
        """One text of at most 1,000 bytes. Answers the mid; raises as the protocol says."""
        body = {"recipient": {"id": customer}, "message": {"text": text}}
        return str(self._post(account, "messages", body).get("message_id", ""))

    def _post(self, account: Account, edge: str, body: dict[str, Any]) -> dict[str, Any]:
        # a Page token acts for the Page; its Instagram account is not a node it may post to
        node = account.id if account.login == "instagram" else account.page or "me"
        token = str(self._secrets(account.secret).get("access_token", ""))
        if not token:
            raise TokenRefused(f"the secret {account.secret} holds no access_token", 60)
        answer = self._http.post(
            f"{self._hosts[account.login]}/{self._version}/{quote(node)}/{edge}",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            body=msgspec.json.encode(body),
        )
        return _judge(answer)


def _judge(answer: Answer) -> dict[str, Any]:
    """Meta's answer by its code, never by HTTP status or words."""
    found = answer.json()
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(error, dict):
        if answer.status == 200 and isinstance(found, dict):
            return found
        if answer.status == 429:
            raise Retryable("HTTP 429", answer.retry_after_s())
        raise Uncertain(f"HTTP {answer.status} without an error body")
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    detail = f"Instagram {code}/{subcode}, HTTP {answer.status}, trace {str(error.get('fbtrace_id', ''))[:64]}"
    if (code, subcode) == SENT_ANYWAY:
        raise Uncertain(detail)
    if code in RATE or answer.status == 429:
        raise Retryable(f"rate limit: {detail}", answer.retry_after_s() or _regain_s(answer))
    if code == 190:
        raise TokenRefused(f"access token refused: {detail}", 60)
    if code in {2, 1} or error.get("is_transient") is True:
        raise Retryable(f"passing: {detail}")
    raise Refused(REFUSED.get((code, subcode)) or REFUSED.get((code, 0)) or "GeneralError", detail)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _regain_s(answer: Answer) -> float | None:
    """Seconds until calls are allowed again: the header tells minutes.

    developers.facebook.com/docs/graph-api/overview/rate-limiting
    """
    try:
        usage = msgspec.json.decode(
            answer.headers.get("x-business-use-case-usage", "{}"), type=dict[str, list[dict[str, Any]]]
        )
        minutes = [_number(use.get("estimated_time_to_regain_access")) for uses in usage.values() for use in uses]
    except msgspec.MsgspecError:
        return None
    return max(minutes, default=0) * 60.0 or None


def open_client(http: Outgoing, secrets: Secrets, url: Callable[[str], str]) -> InstagramClient:
    """The client, with base URLs from settings: `url("instagram_graph")` and so on."""
    hosts = {"instagram": url("instagram_graph"), "facebook": url("facebook_graph")}
    return InstagramClient(http, secrets, hosts, url("graph_version"))
