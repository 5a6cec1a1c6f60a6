"""The Business Messaging API as far as the bridge calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.channels.base import Capabilities, Secrets
from chalicelib.errors import Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer, Outgoing
from chalicelib.messages import Account

# TikTok portal doc 1832184403754242
CAPABILITIES = Capabilities(text_limit=6000, text_unit="characters")
SEND = "/open_api/v1.3/business/message/send/"  # without the last slash TikTok answers 404

# TikTok portal doc 1737172488964097. The HTTP status is 200 whatever happens.
RATE = {40016, 40100, 40133}
TOKEN = {40102, 40103, 40104, 40105, 40107, 40110}
PASSING = {60001}
# A server error may come after the message went out, and there is no idempotency key.
AMBIGUOUS = {50000, 50002, 51065}
REFUSED = {
    40001: "MessageNotAllowed", 40002: "InvalidMessageStructure", 40007: "InvalidDestination",
    40064: "MessageNotAllowed", 40907: "InvalidMediaContentLength", 40908: "MediaTypeNotAllowed",
}  # fmt: skip


class TikTokClient:
    """Sends as the business account. TikTok addresses conversations, never people."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, host: str) -> None:
        self._http = http
        self._secrets = secrets
        self._host = host

    def send_text(self, account: Account, customer: str, platform_thread: str, text: str) -> str:
        """One text of at most 6,000 characters. Answers the message id; raises as the protocol says."""
        if not platform_thread:
            raise Refused("InvalidDestination", "TikTok: this person has not written to the account yet")
        body = {
            "business_id": account.id,
            "recipient_type": "CONVERSATION",
            "recipient": platform_thread,
            "message_type": "TEXT",
            "text": {"body": text},
        }
        data = self._post(account, SEND, body)
        message = data.get("message")
        return str(message.get("message_id", "")) if isinstance(message, dict) else ""

    def _post(self, account: Account, path: str, body: dict[str, Any]) -> dict[str, Any]:
        token = str(self._secrets(account.secret).get("access_token", ""))
        if not token:
            raise TokenRefused(f"the secret {account.secret} holds no access_token", 60)
        answer = self._http.post(
            self._host + path,
            headers={"Access-Token": token, "Content-Type": "application/json"},
            body=msgspec.json.encode(body),
        )
        return _judge(answer)


def _judge(answer: Answer) -> dict[str, Any]:
    """TikTok's answer by its `code`."""
    found = answer.json()
    code = found.get("code") if isinstance(found, dict) else None
    if not isinstance(code, int):
        if answer.status == 429:
            raise Retryable("HTTP 429", answer.retry_after_s())
        raise Uncertain(f"HTTP {answer.status} without a code")
    if code == 0:
        data = found.get("data")
        return data if isinstance(data, dict) else {}
    detail = f"TikTok {code}, request {str(found.get('request_id', ''))[:64]}"
    if code in RATE:
        raise Retryable(f"rate limit: {detail}", answer.retry_after_s())
    if code in TOKEN:
        raise TokenRefused(f"access token refused: {detail}", 60)
    if code in PASSING:
        raise Retryable(f"maintenance: {detail}", 60)
    if code in AMBIGUOUS:
        raise Uncertain(detail)
    raise Refused(REFUSED.get(code, "GeneralError"), detail)


def open_client(http: Outgoing, secrets: Secrets, url: Callable[[str], str]) -> TikTokClient:
    """The client, with the base URL from settings: `url("tiktok_api")`."""
    return TikTokClient(http, secrets, url("tiktok_api"))
