"""The desk, over a session that answers as Connect does and judges each request by botocore's models."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from chalicelib.desks.connect.about import ABOUT
from chalicelib.desks.connect.client import Connect, open_desk
from chalicelib.errors import Uncertain
from chalicelib.http import Answer, Outgoing
from chalicelib.vocabulary.messages import Attachment, DeskMessage
from chalicelib.vocabulary.records import Account, Seat
from chalicelib.wire import iso
from tests.desks.connect import wire
from tests.fakes import START, FakeClock

INSTANCE, FLOW = "11111111-2222-4333-8444-555555555555", "aaaaaaaa-0000-4000-8000-00000000000f"
ARN = f"arn:aws:connect:eu-central-1:123456789012:instance/{INSTANCE}"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:dmdesk-to-customers"
API = "https://connect.eu-central-1.amazonaws.com"
PARTICIPANT_API = "https://participant.connect.eu-central-1.amazonaws.com"
PROFILES = "https://profile.eu-central-1.amazonaws.com"
UPLOADS = "https://uploads.s3.eu-central-1.amazonaws.com/staging/1?X-Amz-Signature=s"
HEADERS = {
    "Content-Disposition": 'attachment; filename="cat.png"',
    "Content-Length": "3",
    "Content-Type": "image/png",
    "x-amz-acl": "bucket-owner-full-control",
    "x-amz-meta-contact_id": "c",
}
ACCOUNT = Account(channel="instagram", id="1784", integration="connect-tea", secret="s", name="tea", desk="connect")
SETTINGS = {name: default or "" for name, default in ABOUT.settings.items()} | {
    "connect_instance": ARN,
    "connect_flow": f"{ARN}/contact-flow/{FLOW}",
    "connect_topic": TOPIC,
}
DAY_S = 86_400
EMPTY = Seat("connect")


def error(status: int, code: str, **headers: str) -> Answer:
    """As AWS answers."""
    told = {"x-amzn-errortype": f"{code}:http://internal.amazon.com/coral/com.amazon.coral.service/"} | headers
    return Answer(status=status, headers=told, body=b'{"Message": "words that change"}')


DENIED = error(403, "AccessDeniedException")


class Played(Outgoing):
    """Contacts that last, unless `ended` says otherwise; what `next` holds for a call is answered first. As Connect
    does, it does once what comes twice under one ClientToken."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.next: dict[str, list[Answer | Exception]] = {}
        self.contacts: dict[str, str] = {}
        self.ended: set[str] = set()
        self.stale: set[str] = set()
        self.said: dict[str, dict[str, str]] = {}
        self.files: list[tuple[dict[str, str], bytes]] = []

    def names(self) -> list[str]:
        """Of the calls, in order."""
        return [name for name, _ in self.calls]

    def texts(self) -> list[tuple[str, str]]:
        """Contact and text of all that agents read."""
        return [(contact, text) for contact, said in self.said.items() for text in said.values()]

    def given(self, name: str) -> list[dict[str, Any]]:
        """What each call of that name was given."""
        return [one for called, one in self.calls if called == name]

    def signed(
        self,
        service: str,
        region: str,
        method: str,
        url: str,
        body: bytes,
        read_s: float | None = None,
        within_s: float | None = None,
    ) -> Answer:
        model, api, longest_s = {"connect": ("connect", API, None), "profile": ("customer-profiles", PROFILES, 2)}[
            service
        ]
        assert region == "eu-central-1"
        assert url.startswith(f"{api}/")
        assert read_s == longest_s
        return self._answered(*wire.request(model, method, urlsplit(url).path, {}, body))

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        assert url.startswith(PARTICIPANT_API)
        assert set(headers) == {"X-Amz-Bearer", "Content-Type"}
        return self._answered(*wire.request("connectparticipant", "POST", urlsplit(url).path, headers, body))

    def put(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        assert url == UPLOADS
        self.calls.append(("PUT", {}))
        self.files.append((headers, body))
        return self._next("PUT") or Answer(status=200, headers={}, body=b"")

    def _answered(self, name: str, given: dict[str, Any]) -> Answer:
        self.calls.append((name, given))
        scripted = self._next(name)
        if scripted:
            return scripted
        token = str(given.get("ConnectionToken") or given.get("ParticipantToken") or "")
        contact = token.partition(":")[2].partition(":")[0]
        if token and (contact in self.ended or token in self.stale):
            return DENIED
        return Answer(status=200, headers={}, body=json.dumps(getattr(self, f"_{name}")(given)).encode())

    def _next(self, name: str) -> Answer | None:
        scripted = self.next.get(name)
        if not scripted:
            return None
        found = scripted.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def _StartChatContact(self, given: dict[str, Any]) -> dict[str, Any]:
        contact = self.contacts.setdefault(given["ClientToken"], f"contact-{len(self.contacts) + 1}")
        answer = {"ContactId": contact, "ParticipantId": "p", "ParticipantToken": f"participant:{contact}"}
        if "ConnectionTypes" in given:
            return answer | self._credentials(contact) | {"StreamingId": "s"}
        return answer

    def _StartContactStreaming(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"StreamingId": "s"}

    def _CreateParticipantConnection(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._credentials(given["ParticipantToken"].partition(":")[2])

    def _credentials(self, contact: str) -> dict[str, Any]:
        expiry = iso(int((self.clock() + DAY_S) * 1000))
        token = f"connection:{contact}:{len(self.calls)}"
        return {"ConnectionCredentials": {"ConnectionToken": token, "Expiry": expiry}}

    def _SendMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        contact = given["ConnectionToken"].split(":")[1]
        self.said.setdefault(contact, {}).setdefault(given["ClientToken"], given["Content"])
        return self._SendEvent(given)

    def _SendEvent(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"Id": "i", "AbsoluteTime": iso(int(self.clock() * 1000))}

    def _StartAttachmentUpload(self, given: dict[str, Any]) -> dict[str, Any]:
        metadata = {"Url": UPLOADS, "UrlExpiry": iso(int(self.clock() * 1000)), "HeadersToInclude": HEADERS}
        return {"AttachmentId": "file-1", "UploadMetadata": metadata}

    def _CompleteAttachmentUpload(self, given: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _GetAttachment(self, given: dict[str, Any]) -> dict[str, Any]:
        url = f"https://files.s3.eu-central-1.amazonaws.com/{given['AttachmentId']}?X-Amz-Signature=s"
        return {"Url": url, "UrlExpiry": "-", "AttachmentSizeInBytes": 3}

    def _PutProfileObject(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"ProfileObjectUniqueKey": "k"}

    def _GetTranscript(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"InitialContactId": "c", "Transcript": []}


class Instance:
    """A desk at a played instance. The methods are what is asked of `Played` and `Connect` most."""

    def __init__(self, **settings: str) -> None:
        self.clock = FakeClock()
        self.http = Played(self.clock)
        given = SETTINGS | settings
        self.desk: Connect = open_desk(self.http, lambda name: {}, lambda name: True, given.__getitem__, self.clock)

    def say(self, message: DeskMessage, seat: Seat = EMPTY, account: Account = ACCOUNT) -> Seat:
        return self.desk.deliver(account, message, seat, self.clock())

    def opened(self) -> Seat:
        """After a first message, whose calls are forgotten."""
        seat = self.say(said("Hello", "first"))
        self.http.calls.clear()
        return seat


def said(text: str = "Is the oolong back?", identifier: str = "m" * 40, **more: Any) -> DeskMessage:
    told: dict[str, Any] = {
        "id": identifier, "customer": "55501", "sent_ms": int(START * 1000), "text": text, "nickname": "Ada",
        "attributes": {"source": "Instagram_DM", "accountId": "1784"},
    }  # fmt: skip
    return DeskMessage(**(told | more))


def picture(name: str = "cat.png", body: bytes = b"png") -> Attachment:
    return Attachment(kind="image", url="https://bridge.example/x", mime="image/png", name=name, size=3, body=body)


def unknown() -> Uncertain:
    return Uncertain("no answer")
