"""A simulated X's webhooks: proven by a challenge, subscribed, delivered to, replayed.

Source: docs.x.com/x-api/webhooks/introduction and quickstart, activity/quickstart, account-activity/quickstart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from sandbox.simulators.x.access import Account, App
from sandbox.simulators.x.ids import Snowflakes
from sandbox.simulators.x.schema import (
    ReplayBody,
    SubscriptionBody,
    WebhookBody,
    failed,
    forbidden,
    parsed,
)
from sandbox.stage.clock import iso
from sandbox.stage.web import HOST, Call

_LOOK_S = 3600.0  # the quickstart: every hour. The introduction says: half-hourly, after a day without success
_LOST_S = 28 * 3600.0
_ANSWER_S = 10.0
_REPLAYED = timedelta(hours=24)
_MOST_HOOKS = 1  # of an app that pays per use
_MOST_SUBSCRIPTIONS = 1500
_MINUTE = "%Y%m%d%H%M"


@dataclass
class Hook:
    """A webhook; `proven` is when its URL last proved itself, `looked` when it was last asked (epoch seconds)."""

    id: str
    url: str
    created: float
    valid: bool
    proven: float
    looked: float

    @property
    def told(self) -> dict[str, Any]:
        return {"id": self.id, "url": self.url, "valid": self.valid, "created_at": iso(self.created)}


@dataclass
class Subscription:
    """Of one kind of event of one account's, "" for all of the app's, by the X Activity API."""

    id: str
    event_type: str
    user: str
    tag: str
    hook: str
    at: float

    @property
    def told(self) -> dict[str, Any]:
        told = {
            "subscription_id": self.id,
            "event_type": self.event_type,
            "filter": {"user_id": self.user} if self.user else {},
            "created_at": iso(self.at),
            "updated_at": iso(self.at),
        }
        return told | ({"tag": self.tag} if self.tag else {}) | ({"webhook_id": self.hook} if self.hook else {})


@dataclass
class Delivered:
    """What was told to a webhook, whatever became of it."""

    hook: str
    at: float
    raw: bytes


@dataclass
class Hooks:
    """`anywhere` lets webhooks be at any address: X wants https, and no port. `clock` in epoch seconds."""

    app: App
    ids: Snowflakes
    clock: Callable[[], float]
    anywhere: bool = True
    hooks: dict[str, Hook] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    whole: set[tuple[str, str]] = field(default_factory=set)  # account activity: webhook and account
    log: list[Delivered] = field(default_factory=list)

    def reset(self) -> None:
        """Nothing was delivered; webhooks and subscriptions stay."""
        self.log.clear()

    # --- the API's, for webhooks

    def create(self, call: Call) -> dict[str, Any]:
        url, now = parsed(call, WebhookBody).url, self.clock()
        parts = urlsplit(url)
        secure = parts.scheme == "https" and parts.port is None and parts.hostname
        if not (secure or (self.anywhere and parts.hostname == HOST)):
            raise failed("UrlValidationFailed", "The URL has to be https, without a port.")
        if any(one.url == url for one in self.hooks.values()):
            raise failed("DuplicateUrlFailed", "A webhook is already registered for this URL.")
        if len(self.hooks) >= _MOST_HOOKS:
            raise failed("WebhookLimitExceeded", "The maximum number of webhooks is reached.")
        if self._asked(url) is not True:
            raise failed("CrcValidationFailed", "The URL did not answer the CRC as it has to.")
        return {"data": self.enter(url, now).told}

    def enter(self, url: str, now: float) -> Hook:
        """A webhook that has proven itself; the known one where there is one at this address."""
        known = next((one for one in self.hooks.values() if one.url == url), None)
        hook = known or Hook(self.ids.next(), url, now, valid=True, proven=now, looked=now)
        hook.valid, hook.proven, hook.looked = True, now, now
        self.hooks[hook.id] = hook
        return hook

    def all(self, call: Call) -> dict[str, Any]:
        return {"data": [hook.told for hook in self.hooks.values()], "meta": {"result_count": len(self.hooks)}}

    def validate(self, call: Call, identifier: str) -> dict[str, Any]:
        hook = self._hook(identifier)
        if not self.look(hook):
            raise failed("CrcValidationFailed", "The URL did not answer the CRC as it has to.")
        return {"data": {"valid": hook.valid}}

    def delete(self, call: Call, identifier: str) -> dict[str, Any]:
        del self.hooks[self._hook(identifier).id]
        self.whole = {pair for pair in self.whole if pair[0] != identifier}
        for name in [name for name, one in self.subscriptions.items() if one.hook == identifier]:
            del self.subscriptions[name]
        return {"data": {"deleted": True}}

    def replay(self, call: Call) -> tuple[dict[str, Any], Hook, list[bytes], str]:
        """What is answered, and what then goes once more to which webhook under which job's name."""
        body = parsed(call, ReplayBody)
        hook = self._hook(body.webhook_id)
        try:
            start, end = (datetime.strptime(one, _MINUTE).replace(tzinfo=UTC) for one in (body.from_date, body.to_date))
        except ValueError as error:
            raise failed("InvalidDate", f"from_date and to_date are yyyymmddhhmm: {error}") from error
        now = datetime.fromtimestamp(self.clock(), UTC)
        if start < now - _REPLAYED - timedelta(minutes=1) or end <= start:
            raise failed("InvalidDate", "from_date has to be within the last 24 hours, and before to_date.")
        job, first, last = self.ids.next(), start.timestamp(), end.timestamp()
        again = [one.raw for one in self.log if one.hook == hook.id and first <= one.at <= last]
        return {"data": {"job_id": job, "created_at": iso(self.clock())}}, hook, list(dict.fromkeys(again)), job

    def _hook(self, identifier: str) -> Hook:
        if identifier not in self.hooks:
            raise failed("WebhookIdInvalid", "The webhook was not found or is not associated with your app.")
        return self.hooks[identifier]

    # --- the challenge

    def look(self, hook: Hook) -> bool:
        """Asks the URL to prove itself; whether it has. A wrong proof ends it at once, a fault after 28 hours."""
        now = self.clock()
        answered = self._asked(hook.url)
        hook.looked = now
        if answered is True:
            hook.valid, hook.proven = True, now
        elif answered is False or now - hook.proven > _LOST_S:
            hook.valid = False
        return answered is True

    def _asked(self, url: str) -> bool | None:
        """Whether the URL proves itself; None where it does not answer, or with a fault of its own."""
        token = secrets.token_urlsafe(24)
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_ANSWER_S)
        try:
            connection.request("GET", f"{parts.path or '/'}?crc_token={quote(token)}", headers={"Connection": "close"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if answer.status >= 400:
            return None
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        proof = told.get("response_token") if isinstance(told, dict) else None
        return 200 <= answer.status < 300 and proof == self.sign(token.encode())

    def sign(self, raw: bytes) -> str:
        """By which X proves who it is, and asks others to."""
        made = hmac.new(self.app.consumer_secret.encode(), raw, hashlib.sha256).digest()
        return f"sha256={base64.b64encode(made).decode()}"

    # --- the API's, for subscriptions

    def subscribe(self, call: Call, account: Account | None) -> dict[str, Any]:
        """POST /2/activity/subscriptions: what is private wants the token of whose it is."""
        body = parsed(call, SubscriptionBody)
        if body.filter.user_id and (account is None or account.id != body.filter.user_id):
            raise forbidden("Private events need the user context of the account in the filter.")
        hook = "" if isinstance(body.webhook_id, msgspec.UnsetType) else self._hook(body.webhook_id).id
        same = (body.event_type, body.filter.user_id, hook)
        if any((one.event_type, one.user, one.hook) == same for one in self.subscriptions.values()):
            raise failed("DuplicateSubscriptionFailed", "The subscription exists already.")
        if len(self.subscriptions) >= _MOST_SUBSCRIPTIONS:
            raise failed("SubscriptionLimitExceeded", "The maximum number of subscriptions is reached.")
        tag = "" if isinstance(body.tag, msgspec.UnsetType) else body.tag
        return {"data": {"subscription": self.follow(body.event_type, body.filter.user_id, hook, tag).told}}

    def follow(self, event_type: str, user: str, hook: str, tag: str = "") -> Subscription:
        """A subscription; the known one where there is one."""
        for one in self.subscriptions.values():
            if (one.event_type, one.user, one.hook) == (event_type, user, hook):
                return one
        made = Subscription(self.ids.next(), event_type, user, tag, hook, self.clock())
        self.subscriptions[made.id] = made
        return made

    def followed(self, call: Call) -> dict[str, Any]:
        told = [one.told for one in self.subscriptions.values()]
        return {"data": told, "meta": {"result_count": len(told)}}

    def unfollow(self, call: Call, identifier: str) -> dict[str, Any]:
        if self.subscriptions.pop(identifier, None) is None:
            raise failed("SubscriptionIdInvalid", "The subscription was not found.")
        return {"data": {"deleted": True}}

    def subscribe_all(self, identifier: str, account: Account) -> dict[str, Any]:
        """POST …/subscriptions/all of the Account Activity API."""
        pair = (self._hook(identifier).id, account.id)
        if pair in self.whole:
            raise failed("DuplicateSubscriptionFailed", "The subscription exists already.")
        self.whole.add(pair)
        return {"data": {"subscribed": True}}

    def subscribed_all(self, identifier: str, account: Account) -> dict[str, Any]:
        return {"data": {"subscribed": (self._hook(identifier).id, account.id) in self.whole}}

    def all_of(self, call: Call, identifier: str) -> dict[str, Any]:
        hook = self._hook(identifier)
        users = [{"user_id": user} for name, user in sorted(self.whole) if name == hook.id]
        told = {"webhook_id": hook.id, "webhook_url": hook.url, "application_id": self.app.id, "subscriptions": users}
        return {"data": told}

    def unsubscribe_all(self, call: Call, identifier: str, user: str) -> dict[str, Any]:
        self.whole.discard((self._hook(identifier).id, user))
        return {"data": {"subscribed": False}}

    def counted(self, call: Call) -> dict[str, Any]:
        told = {"account_name": "sandbox", "provisioned_count": "3", "subscriptions_count_all": str(len(self.whole))}
        return {"data": told | {"subscriptions_count_direct_messages": "0"}}

    # --- what is delivered

    def subscribed(self, event_type: str, user: str) -> list[tuple[Hook, Subscription]]:
        """Where an event goes by the X Activity API, and by which subscription."""
        found = [(self.hooks.get(one.hook), one) for one in self.subscriptions.values()
                 if one.event_type == event_type and one.user in ("", user)]  # fmt: skip
        return [(hook, one) for hook, one in found if hook is not None]

    def following(self, user: str) -> list[Hook]:
        """Where an account's events go by the Account Activity API."""
        return [self.hooks[name] for name, whose in sorted(self.whole) if whose == user]

    def takes(self, hook: Hook) -> bool:
        """Whether the webhook is told anything; X looks from time to time whether it still proves itself."""
        if self.clock() - hook.looked >= _LOOK_S and hook.valid:
            self.look(hook)
        return hook.valid

    def noted(self, hook: Hook, raw: bytes) -> None:
        """What is told to the webhook, for a replay."""
        self.log.append(Delivered(hook.id, self.clock(), raw))


def envelope(subscription: Subscription, payload: dict[str, Any]) -> dict[str, Any]:
    """As the X Activity API delivers; its ids may be negative."""
    uuid = str(secrets.randbits(64) - 2**63)
    told = subscription.told
    tag = {"tag": subscription.tag} if subscription.tag else {}
    head = {"event_uuid": uuid, "filter": told["filter"], "event_type": subscription.event_type}
    return {"data": {**head, **tag, "payload": payload}}


def unsubscribed(event_type: str, user: str) -> Subscription:
    """As if somebody had asked for such events."""
    return Subscription("", event_type, user, "", "", 0.0)
