"""X as an operator's terminal meets it, by its documentation: webhooks, subscriptions, and public keys.

docs.x.com/x-api/webhooks/quickstart, x-api/activity/quickstart, xchat/getting-started, openapi.json 2.167
"""

from __future__ import annotations

from typing import Any

from sandbox.stage.web import RESET, Answer, Call, Outcome, WebServer

BRAND, OTHER = "1111111111111111111", "1111111111111111112"
BEARER, TOKEN = "AAAA-bearer-token-0001", "x-access-token-0001"
WEBHOOK, JOB = "1234567890", "7200000000000000001"
RESET_AT = "1795777200"  # 2026-11-27T11:00:00Z


def problem(status: int, title: str, detail: str = "") -> Answer:
    return Answer(status, {"title": title, "detail": detail, "type": "about:blank", "status": status})


class Platform:
    """What it holds, what it was asked, and what it refuses: `refusals` maps method and path to an answer."""

    def __init__(self) -> None:
        self.hooks: list[dict[str, Any]] = []
        self.subscriptions: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.refusals: dict[tuple[str, str], Answer | Outcome] = {}
        self.answers = True  # to X's own check of the URL
        self.scopes = {"media.write"}
        self.owner = BRAND
        self.requests = False
        self.future = True  # whether the next replay may end in a minute that is not over
        self.most: int | None = None  # webhooks of the app
        self.calls: list[tuple[str, str, Any]] = []
        self.web = WebServer(self._handle)

    def made(self, method: str) -> list[tuple[str, Any]]:
        """The calls of that method: path and body."""
        return [(path, body) for verb, path, body in self.calls if verb == method]

    def hook(self, url: str, *, valid: bool = True, identifier: str = WEBHOOK) -> None:
        self.hooks.append({"id": identifier, "url": url, "valid": valid, "created_at": "2026-11-27T10:00:00.000Z"})

    def _handle(self, call: Call) -> Answer | Outcome:
        body = call.json() if call.body else None
        self.calls.append((call.method, call.path, body))
        token = call.header("Authorization").removeprefix("Bearer ")
        if token not in {BEARER, TOKEN}:
            return problem(401, "Unauthorized", "Unauthorized")
        refusal = self.refusals.get((call.method, call.path))
        if isinstance(refusal, Answer):
            return refusal
        found = self._routed(call, body, token)
        return RESET if refusal is RESET else found  # it was done, and the answer is lost

    def _routed(self, call: Call, body: Any, token: str) -> Answer:
        app, parts = token == BEARER, call.path.split("/")[2:]
        if (call.method, parts) == ("POST", ["activity", "subscriptions"]):
            return self._subscribe(body, app=app)
        found = self._apps(call.method, parts, body) if app else self._accounts(call, parts, body)
        return found or problem(403, "Forbidden", "You are not permitted to perform this action.")

    def _apps(self, method: str, parts: list[str], body: Any) -> Answer | None:
        match method, parts:
            case "GET", ["webhooks"]:
                return Answer(200, {"data": self.hooks, "meta": {"result_count": len(self.hooks)}})
            case "POST", ["webhooks"]:
                return self._register(body["url"])
            case "POST", ["webhooks", "replay"]:
                return self._replay()
            case "PUT", ["webhooks", identifier]:
                for hook in self.hooks:
                    hook["valid"] = hook["valid"] or (hook["id"] == identifier and self.answers)
                return Answer(200, {"data": {"valid": True}})
            case "DELETE", ["webhooks", identifier]:
                self.hooks[:] = [hook for hook in self.hooks if hook["id"] != identifier]
                return Answer(200, {"data": {"deleted": True}})
            case "GET", ["activity", "subscriptions"]:
                return Answer(200, {"data": self.subscriptions, "meta": {}})
            case "PUT", ["activity", "subscriptions", identifier]:
                [found] = [one for one in self.subscriptions if one["subscription_id"] == identifier]
                found |= body
                return Answer(200, {"data": {"subscription": found}})
        return None

    def _accounts(self, call: Call, parts: list[str], body: Any) -> Answer | None:
        match call.method, parts:
            case "GET", ["users", "me"]:
                return Answer(200, {"data": {"id": self.owner, "name": "Acme", "username": "acme"}})
            case "GET", ["users", _, "public_keys"]:
                return self._keys(call)
            case "POST", ["users", _, "public_keys"]:
                return self._publish(body)
            case "GET", ["chat", "conversations"]:
                return Answer(200, {"data": [], "meta": {"has_message_requests": self.requests}})
            case "GET", ["media", "upload"]:
                return problem(404, "Not Found") if "media.write" in self.scopes else problem(403, "Forbidden")
        return None

    def _replay(self) -> Answer:
        if not self.future:
            self.future = True
            return problem(400, "Invalid Request", "to_date")
        return Answer(200, {"data": {"job_id": JOB, "created_at": "2026-11-27T10:00:00.000Z"}})

    def _register(self, url: str) -> Answer:
        if any(hook["url"] == url for hook in self.hooks):
            return Answer(400, {"errors": [{"message": "DuplicateUrlFailed: already registered"}]})
        if self.most is not None and len(self.hooks) >= self.most:
            return Answer(400, {"errors": [{"message": "WebhookLimitExceeded"}]})
        if not self.answers:
            return Answer(400, {"errors": [{"message": "CrcValidationFailed: 401"}]})
        self.hook(url)
        return Answer(200, {"data": self.hooks[-1]})

    def _subscribe(self, body: dict[str, Any], *, app: bool) -> Answer:
        if app == bool(body["filter"]):  # events of one account are private
            return problem(403, "Unsupported Authentication")
        name = {"chat.conversation_join": "chat.conversation.join"}.get(body["event_type"], body["event_type"])
        if any((one["event_type"], one["filter"]) == (name, body["filter"]) for one in self.subscriptions):
            return Answer(400, {"errors": [{"message": "DuplicateSubscriptionFailed"}]})
        made = body | {"event_type": name, "subscription_id": str(2000 + len(self.subscriptions))}
        self.subscriptions.append(made)
        return Answer(201, {"data": {"subscription": made}})

    def _keys(self, call: Call) -> Answer:
        asked = set(call.query["public_key.fields"].split(","))
        return Answer(200, {"data": [{name: row[name] for name in row if name in asked} for row in self.rows]})

    def _publish(self, body: dict[str, Any]) -> Answer:
        """A version of its own, as `generate_version` lets it."""
        version = str(int(body["version"]) + 7)
        names = ("public_key", "signing_public_key", "identity_public_key_signature")
        self.rows.append({name: body["public_key"][name] for name in names} | {"public_key_version": version})
        return Answer(201, {"data": {"public_key_version": version}})
