"""Meta's Conversation Routing: who has a customer's conversation.

developers.facebook.com/docs/messenger-platform/instagram/features/conversation-routing and
developers.facebook.com/documentation/business-messaging/instagram-messaging/features/conversation-routing/apis
Documented with a Page and its token only, that is with Facebook Login. Control ends 24 hours after the customer's
newest message; that, and a release, are told to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from chalicelib.channels.instagram.about import options
from chalicelib.channels.instagram.client import is_person, objects
from chalicelib.channels.instagram.problems import judged
from chalicelib.credentials import Secrets
from chalicelib.errors import Refused
from chalicelib.http import Outgoing
from chalicelib.protocols.calls import access_token, harmless
from chalicelib.vocabulary.records import Account

LONGEST_S = 7 * 86_400
"""What a conversation may be prolonged by."""
# A reply may wait for it, a message does not (s).
CALL_S = 4.0


class GraphThreads:
    """Implements `protocols.routing.Threads`."""

    def __init__(self, http: Outgoing, secrets: Secrets, host: str, version: str) -> None:
        self._http = http
        self._secrets = secrets
        self._base = f"{host}/{version}"

    def owns(self, account: Account, customer: str) -> bool | None:
        """`is_owner`, since 2025-10-13. Of calls for conversations Meta takes two a second."""
        query = urlencode({"platform": "instagram", "user_id": customer, "fields": "is_owner"})
        url = f"{self._base}/{self._node(account, customer)}/conversations?{query}"
        headers = self._bearer(account)
        told = harmless(lambda: judged(self._http.get(url, headers=headers, read_s=CALL_S), "control"))
        flags = [one.get("is_owner") for one in objects(told, "data")]
        return flags[0] if flags and isinstance(flags[0], bool) else None

    def take(self, account: Account, customer: str) -> None:
        """Only with routing on, for an app that may take control."""
        self._post(account, customer, "take_thread_control")

    def request(self, account: Account, customer: str) -> None:
        """Only with routing off."""
        self._post(account, customer, "request_thread_control")

    def give(self, account: Account, customer: str, app: str) -> None:
        """Without a target, to the default app."""
        self._post(account, customer, "pass_thread_control", **({"target_app_id": app} if app else {}))

    def release(self, account: Account, customer: str) -> None:
        """Nobody is told of that."""
        self._post(account, customer, "release_thread_control")

    def extend(self, account: Account, customer: str, seconds: int) -> None:
        """By 7 days at most."""
        self._post(account, customer, "extend_thread_control", duration=min(seconds, LONGEST_S))

    def _post(self, account: Account, customer: str, edge: str, **more: str | int) -> None:
        url = f"{self._base}/{self._node(account, customer)}/{edge}"
        headers = {**self._bearer(account), "Content-Type": "application/json"}
        body: dict[str, Any] = {"recipient": {"id": customer}, **more}
        told = judged(self._http.post(url, headers=headers, body=msgspec.json.encode(body), read_s=CALL_S), "control")
        if told.get("success") is not True:
            raise Refused("other_app", "Meta answers the call by no success")

    def _node(self, account: Account, customer: str) -> str:
        """The Page. Raises Refused where there is none, or the customer is no person of Instagram's."""
        ours = options(account)
        if ours.login != "facebook":
            raise Refused("other_app", "Meta lets nobody take or pass conversations by Instagram Login")
        if not is_person(customer):
            raise Refused("no_conversation", "nobody on Instagram has this id")
        return quote(ours.page or "me", safe="")

    def _bearer(self, account: Account) -> dict[str, str]:
        return {"Authorization": f"Bearer {access_token(self._secrets, account)}"}


def open_routing(http: Outgoing, secrets: Secrets, url: Callable[[str], str], *_: object) -> GraphThreads:
    """With base URLs from settings, as the client."""
    return GraphThreads(http, secrets, url("facebook_graph"), url("graph_version"))
