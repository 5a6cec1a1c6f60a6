"""The counter's API as far as the bridge calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from chalicelib.credentials import Secret, Secrets
from chalicelib.errors import AlreadyThere, Misconfigured, RateLimited, Refused, Retryable, Uncertain
from chalicelib.http import Answer, Outgoing
from chalicelib.protocols.calls import harmless
from chalicelib.vocabulary.messages import Attachment, DeskMessage, Source
from chalicelib.vocabulary.records import Account, Profile, Seat, Urged
from chalicelib.vocabulary.replies import File, Receipt
from tests.extension.counter.capabilities import CAPABILITIES

SESSIONS, FILES = "/sessions", "/files"
OVER = 410


class Counter:
    """A seat's conversation is a session, its state the session's key."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, host: str, secret: str) -> None:
        self._http, self._secrets, self._host, self._secret = http, secrets, host, secret

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        """Into the seat's session, or with the first message of another."""
        letter = self._letter(message)
        if seat.conversation:
            answer = self._post(f"{SESSIONS}/{seat.conversation}/messages", letter, seat)
            if answer.status != OVER:
                _judged(answer)
                return seat
        asked = {"hall": account.integration, "customer": message.customer, "name": message.nickname}
        opened = _judged(self._post(SESSIONS, asked | {"facts": message.attributes, "message": letter}))
        return Seat(seat.desk, opened["session"], opened["key"])

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        """Among all of the customer's sessions: the counter forgets none."""
        query = urlencode({"hall": account.integration, "customer": customer})
        for one in self._get(f"{SESSIONS}?{query}")["sessions"]:
            if message in one["messages"]:
                same = one["session"] == seat.conversation
                return seat if same else Seat(seat.desk, one["session"], one["key"])
        return None

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        """Never asked for: the counter takes no receipts."""

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        """As the session itself says."""
        return bool(self._get(f"{SESSIONS}/{seat.conversation}", seat)["open"])

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        """Never asked for: at the counter nobody is raised."""
        return "held"

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        """Never asked for: the counter keeps no register."""

    def source(self, file: File, seat: Seat) -> Source:
        """At the counter itself, whatever else a file names."""
        headers = self._headers(seat)
        return Source(url=self._host + quote(file.url), hosts=(urlsplit(self._host).hostname or "",), headers=headers)

    def _letter(self, message: DeskMessage) -> dict[str, Any]:
        file, tap = message.attachment, message.tap
        told: dict[str, Any] = {"id": message.id, "text": message.text or (tap.text if tap else "")}
        told |= {"at_ms": message.sent_ms}
        if tap:
            told["answers"] = {"message": tap.message, "choice": tap.payload}
        return told | ({"file": self._uploaded(file)} if file else {})

    def _uploaded(self, file: Attachment) -> str:
        headers = self._headers() | {"Content-Type": file.mime}
        url = f"{self._host}{FILES}?{urlencode({'name': file.name})}"
        found: str = harmless(lambda: _judged(self._http.post(url, headers=headers, body=file.body)))["file"]
        return found

    def _post(self, path: str, body: dict[str, Any], seat: Seat | None = None) -> Answer:
        headers = self._headers(seat) | {"Content-Type": "application/json"}
        return self._http.post(self._host + path, headers=headers, body=msgspec.json.encode(body))

    def _get(self, path: str, seat: Seat | None = None) -> dict[str, Any]:
        return harmless(lambda: _judged(self._http.get(self._host + path, headers=self._headers(seat))))

    def _headers(self, seat: Seat | None = None) -> dict[str, str]:
        key = Secret(self._secret, self._secrets(self._secret)).line("key")
        return {"Counter-Key": key} | ({"Session-Key": seat.state} if seat and seat.state else {})


def _judged(answer: Answer) -> dict[str, Any]:
    """The object that was answered; raises what its status means."""
    detail, status = f"the counter answers {answer.status}", answer.status
    if status == 401:
        raise Misconfigured(detail, 'store {"key": "…"}, the counter\'s key, in its secret')
    if status == 409:
        raise AlreadyThere(detail)
    if status == 429:
        raise RateLimited(detail, answer.retry_after_s())
    if status in Answer.NOT_PROCESSED or (status == 503 and answer.retry_after_s() is not None):
        raise Retryable(detail, answer.retry_after_s())
    if 400 <= status < 500:
        raise Refused("other", detail)
    found = answer.json()
    if status >= 500 or not isinstance(found, dict):
        raise Uncertain(detail, answered=True)
    return found


def open_desk(
    http: Outgoing,
    secrets: Secrets,
    refresh: Callable[[str], bool],
    setting: Callable[[str], str],
    clock: Callable[[], float],
) -> Counter:
    """The counter, with its address and its secret from settings."""
    return Counter(http, secrets, setting("counter_api"), setting("counter_secret"))
