"""The Participant Service: what a customer's client does in a chat, with a token of the chat's and nothing else.

docs.aws.amazon.com/connect-participant/latest/APIReference/
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from sandbox.simulators.connect.contacts import (
    ACKNOWLEDGED,
    DELIVERED,
    DENIED,
    MARKDOWN,
    PLAIN,
    READ,
    RESPONSE,
    TYPING,
    Chat,
    File,
    Item,
    Kind,
    Verdict,
)
from sandbox.simulators.connect.hall import Hall
from sandbox.simulators.connect.wire import ApiError
from sandbox.stage.clock import iso

Asked = dict[str, Any]
JSON = "application/json"
MOST_FILES = 35
# Told as it happens, and not kept
_PASSING = {TYPING, READ, DELIVERED}
LINK_S = 300
# What every scanner of viruses finds, and harms nobody: eicar.org/download-anti-malware-testfile
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


class Participating:
    """The operations by their names."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self.operations: dict[str, Callable[[Asked], Asked]] = {
            "CreateParticipantConnection": self._connect,
            "SendMessage": self._say,
            "SendEvent": self._event,
            "DisconnectParticipant": self._leave,
            "StartAttachmentUpload": self._begin_upload,
            "CompleteAttachmentUpload": self._complete_upload,
            "GetAttachment": self._attachment,
            "GetTranscript": self._transcript,
        }

    def _connect(self, asked: Asked) -> Asked:
        """As often as one likes. Only a customer who is streamed to can be connected by it."""
        chat = self._hall.chats.by_token(asked["ParticipantToken"], connection=False)
        kinds = asked.get("Type", [])
        if not kinds and not asked.get("ConnectParticipant"):
            raise ApiError("ValidationException", "Type or ConnectParticipant is needed")
        told: Asked = {}
        if "WEBSOCKET" in kinds:
            told["Websocket"] = {"Url": "wss://127.0.0.1/websocket", "ConnectionExpiry": iso(self._hall.clock() + 120)}
        if "CONNECTION_CREDENTIALS" in kinds:
            token, until = self._hall.chats.connected(chat)
            told["ConnectionCredentials"] = {"ConnectionToken": token, "Expiry": iso(until)}
        if asked.get("ConnectParticipant") and chat.streams:
            chat.connected_at = chat.connected_at or self._hall.clock()
        return told

    def _say(self, asked: Asked) -> Asked:
        chat = self._chat(asked)
        kind, content = asked["ContentType"], asked["Content"]
        if kind not in {PLAIN, MARKDOWN, JSON, RESPONSE} or kind not in chat.content_types:
            raise ApiError("ValidationException", f"ContentType {kind} is not supported by the chat")
        if kind in {PLAIN, MARKDOWN} and len(content) > self._hall.switches.text_limit:
            raise ApiError("ValidationException", f"Content has more than {self._hall.switches.text_limit} characters")
        if kind in {JSON, RESPONSE} and not _is_json(content):
            raise ApiError("ValidationException", "Content is no JSON")
        return self._once(chat, asked, "message", lambda: self._said(chat, "MESSAGE", kind, content))

    def _event(self, asked: Asked) -> Asked:
        chat, kind = self._chat(asked), asked["ContentType"]
        if kind not in {TYPING, READ, DELIVERED, ACKNOWLEDGED}:
            raise ApiError("ValidationException", f"a client sends no event {kind}")
        content = asked.get("Content", "")
        if kind in {READ, DELIVERED}:
            self._check_receipt(chat, content)
        elif content:
            raise ApiError("ValidationException", f"an event {kind} has no Content")
        return self._once(chat, asked, "event", lambda: self._said(chat, "EVENT", kind, content))

    def _said(self, chat: Chat, what: Kind, kind: str, content: str) -> Asked:
        item = self._hall.say(chat, what, chat.customer, kind, content)
        return {"Id": item.id, "AbsoluteTime": iso(item.at)}

    def _check_receipt(self, chat: Chat, content: str) -> None:
        try:
            named = json.loads(content)["messageId"]
        except (ValueError, KeyError, TypeError):
            raise ApiError("ValidationException", 'a receipt\'s Content is {"messageId": "…"}') from None
        if chat.present > 2:
            raise ApiError("ConflictException", "receipts are for chats of two participants")
        if all(one.id != named for one in chat.items):
            raise ApiError("ValidationException", "there is no such message")

    def _leave(self, asked: Asked) -> Asked:
        chat = self._chat(asked)
        self._hall.leaves(chat, chat.customer)
        self._hall.ends(chat, "CUSTOMER_DISCONNECT")
        return {}

    # --- files

    def _begin_upload(self, asked: Asked) -> Asked:
        chat = self._chat(asked)
        return self._once(chat, asked, "upload", lambda: self._upload(chat, asked))

    def _upload(self, chat: Chat, asked: Asked) -> Asked:
        if len(chat.files) >= MOST_FILES:
            raise ApiError("ServiceQuotaExceededException", "the chat has as many attachments as it may")
        file = File(asked["AttachmentName"], asked["ContentType"], asked["AttachmentSizeInBytes"], chat.customer.id)
        chat.files[file.id] = file
        return {"AttachmentId": file.id, "UploadMetadata": self._hall.shelf.upload_of(file, chat.current.id, chat.id)}

    def _complete_upload(self, asked: Asked) -> Asked:
        chat = self._chat(asked)
        file = chat.files.get(asked["AttachmentIds"][0])
        if file is None or file.owner != chat.customer.id:
            raise ApiError("ValidationException", "there is no such attachment of this participant")
        return self._once(chat, asked, "completed", lambda: self._completed(chat, file))

    def _completed(self, chat: Chat, file: File) -> Asked:
        """What the file is, is judged now; what the scanner finds in it is told by the stream."""
        if file.status:
            raise ApiError("ConflictException", "the attachment is being uploaded already")
        if file.body is None:
            raise ApiError("ValidationException", "nothing was uploaded")
        fault = self._hall.instance.fault(file.name, file.size)
        if fault:
            raise ApiError("ValidationException", fault)
        self._hall.scanned(chat, file, self._found(file.body))
        return {}

    def _found(self, body: bytes) -> Verdict:
        match self._hall.switches.scanner:
            case "rejects":
                return "REJECTED"
            case "waits":
                return "IN_PROGRESS"
            case "off":
                return "APPROVED"
        return "REJECTED" if EICAR in body else "APPROVED"

    def _attachment(self, asked: Asked) -> Asked:
        chat = self._chat(asked)
        file = chat.files.get(asked["AttachmentId"])
        if file is None or file.status != "APPROVED":
            raise DENIED
        return dict(self._hall.shelf.link_to(file, asked.get("UrlExpiryInSeconds", LINK_S)))

    # --- what was said

    def _transcript(self, asked: Asked) -> Asked:
        """The newest first, unless it is asked for in the other order."""
        chat = self._chat(asked)
        if chat.id != asked.get("ContactId", chat.id) and self._hall.chats.of(asked["ContactId"]) is not chat:
            raise DENIED
        items = [one for one in chat.items if one.visibility != "AGENT" and one.content_type not in _PASSING]
        forward = asked.get("ScanDirection") == "FORWARD"
        walked = items if forward else items[::-1]
        begin, most = self._begin(walked, asked), asked.get("MaxResults") or 15
        page, more = walked[begin : begin + most], walked[begin + most :]
        # newest first is also the order of the answer, unless another is asked for
        ascending = asked.get("SortOrder") == "ASCENDING"
        page = sorted(page, key=lambda one: one.at, reverse=not ascending)
        told: Asked = {"InitialContactId": chat.id, "Transcript": [_told(one) for one in page]}
        return told | ({"NextToken": more[0].id} if more else {})

    def _begin(self, walked: list[Item], asked: Asked) -> int:
        start = asked.get("StartPosition", {})
        if "NextToken" in asked:
            start = {"Id": asked["NextToken"]}
        if "Id" not in start:
            return 0
        found = next((number for number, one in enumerate(walked) if one.id == start["Id"]), None)
        if found is None:
            raise ApiError("ValidationException", "the transcript has no such place")
        return found

    # --- tokens

    def _chat(self, asked: Asked) -> Chat:
        return self._hall.chats.by_token(asked["ConnectionToken"], connection=True)

    def _once(self, chat: Chat, asked: Asked, what: str, do: Callable[[], Asked]) -> Asked:
        """The same ClientToken has the same answer, and nothing more comes of it."""
        key = (what, asked.get("ClientToken") or secrets.token_hex(16))
        if key not in chat.repeats:
            chat.repeats[key] = do()
        return chat.repeats[key]


def _told(item: Item) -> Asked:
    told = item.told()
    return told | {"ContactId": item.contact}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
