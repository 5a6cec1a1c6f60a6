"""X's servers, as far as encrypted conversations need them: what they hold is set, and what they are asked is kept."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.http import Answer, Outgoing
from tests.channels.x.phones import Phone, Talk, decoded, nested
from tests.fakes import Call, answer

API = "https://api.x.example"
EVENT_FIELDS = {
    "conversation_id", "conversation_token", "created_at", "encoded_event", "id", "is_trusted",
    "message_event_signature", "previous_id", "sender_id",
}  # fmt: skip


class ChatServer(Outgoing):
    """`answers` come before its own, for paths that end so; `failure` is the number of why the next message is not
    passed on (field 1 of a Failure event)."""

    def __init__(self, brand: Phone, talk: Talk) -> None:
        self.brand, self.talk = brand, talk
        self.rows: dict[str, list[dict[str, Any]]] = {one.user: [one.row] for one in talk.people}
        self.events: list[str] = []
        self.changes: list[str] = []
        self.more = False
        self.calls: list[Call] = []
        self.answers: dict[str, list[Answer | Exception]] = {}
        self.failure = 0
        self.passed: list[dict[str, str]] = []
        self.handed_out: list[dict[str, Any]] = []
        self.uploads: dict[str, bytearray] = {}
        self.finished: dict[str, bytes] = {}

    def asked(self, ending: str) -> list[Call]:
        """Of its calls those whose paths end so."""
        return [call for call in self.calls if urlsplit(call.url).path.endswith(ending)]

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        call = Call("GET", url, headers, None)
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if (planned := self._planned(call, path)) is not None:
            return planned
        if path.endswith("/public_keys"):
            rows = self.rows.get(path.split("/")[3], [])
            return answer(200, {"data": rows})
        assert path == f"/2/chat/conversations/{self.talk.id.replace(':', '-')}/events", path
        assert set(query["chat_message_event.fields"][0].split(",")) <= EVENT_FIELDS
        page: dict[str, Any] = {"meta": {"conversation_key_events": self.changes}}
        page["data"] = [{"id": "1", "encoded_event": event} for event in reversed(self.events)]
        if self.more:
            page["meta"]["next_token"] = "next"
        return answer(200, page)

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        call = Call("POST", url, headers, body)
        path = urlsplit(url).path
        if (planned := self._planned(call, path)) is not None:
            return planned
        if path.endswith("/messages"):
            return self._message(call.json())
        if path.endswith("/keys"):
            self.handed_out.append(call.json())
            return answer(200, {"data": {"conversation_id": self.talk.id, "sequence_id": self.talk.count()}})
        if "/media/upload/" in path:
            return self._upload(path.rpartition("/")[2], call.json())
        assert path.endswith(("/typing", "/read")), path
        return answer(200, {"data": {}})

    def _planned(self, call: Call, path: str) -> Answer | None:
        self.calls.append(call)
        for ending, planned in self.answers.items():
            if path.endswith(ending) and planned:
                one = planned.pop(0)
                if isinstance(one, Exception):
                    raise one
                return one
        return None

    def _message(self, sent: dict[str, str]) -> Answer:
        if self.failure:
            detail = nested(5, b"\x08\0\x01" + self.failure.to_bytes(4, "big") + b"\0") + b"\0"
            self.failure = 0
            event = self.talk.event(self.brand, "failure", detail)
            return answer(201, {"data": {"encoded_message_event": event}})
        self.passed.append(sent)
        detail = nested(1, decoded(sent["encoded_message_create_event"])) + b"\0"
        signature = decoded(sent["encoded_message_event_signature"])
        event = self.talk.event(self.brand, sent["message_id"], detail, signature)
        self.events.append(event)
        return answer(201, {"data": {"encoded_message_event": event}})

    def _upload(self, step: str, sent: dict[str, Any]) -> Answer:
        assert sent["conversation_id"] == self.talk.id.replace(":", "-")
        if step == "initialize":
            name = f"Hash{len(self.uploads)}"
            self.uploads[name] = bytearray()
            self.finished[name] = int(sent["total_bytes"]).to_bytes(8, "big")
            return answer(200, {"data": {"session_id": "77", "media_hash_key": name}})
        name = sent["media_hash_key"]
        if step == "append":
            self.uploads[name] += base64.b64decode(sent["media"])
            return answer(200, {"data": {}})
        assert len(self.uploads[name]) == int.from_bytes(self.finished[name], "big")
        self.finished[name] = bytes(self.uploads[name])
        return answer(200, {"data": {"success": True}})
