"""The counter's servers: sessions with their messages, uploaded files, and webhooks of what agents do."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.wire import hmac_sha256
from sandbox.stage.faults import Faults, struck
from sandbox.stage.files import png
from sandbox.stage.served import Served
from sandbox.stage.watching import traced
from sandbox.stage.web import Answer, Call, Outcome

RETRY_DELAYS_S = (1.0,) * 5
SAMPLE = "mug"


@dataclass
class Session:
    """One talk at the counter. `messages` are the customer's, `replies` the agents'."""

    name: str
    hall: str
    customer: str
    facts: dict[str, str]
    key: str
    open: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Hall:
    """Where an account's customers are received, and where its webhooks go."""

    name: str
    hook: str


class CounterSimulator(Served):
    """`told` hears of each thing that its agents see: the session, what it is, and its fields."""

    def __init__(self, clock: Callable[[], float], faults: Faults) -> None:
        self._clock, self._faults = clock, faults
        faults.enter("counter", numbered=False)
        self.key, self.secret = "sandbox-counter-key", "sandbox-counter-secret"
        self.halls: dict[str, Hall] = {}
        self.sessions: dict[str, Session] = {}
        self.files: dict[str, tuple[str, str, bytes]] = {}
        self.calls: list[dict[str, Any]] = []
        self.told: Callable[[Session, str, dict[str, Any]], None] = lambda session, kind, fields: None
        self._lock = threading.Lock()
        super().__init__(self._handle)
        self.reset()

    def reset(self) -> None:
        self.deliveries.cancel()
        with self._lock:
            self.sessions.clear()
            self.calls.clear()
            self.files = {SAMPLE: ("mug.png", "image/png", png())}

    def media(self) -> dict[str, str]:
        return {"image": SAMPLE}

    # --- what agents do

    def reply(self, session: str, text: str = "", file: str = "", choices: tuple[str, ...] = ()) -> str:
        """An agent answers; the reply's id. ValueError where the session or the file is not known, or is over."""
        talk = self._known(session)
        reply: dict[str, Any] = {"id": f"r-{secrets.token_hex(6)}", "at": self._clock(), "text": text}
        if file:
            if file not in self.files:
                raise ValueError(f"file must be one of: {', '.join(self.files)}")
            name, mime, _ = self.files[file]
            reply["files"] = [{"path": f"/files/{file}", "mime": mime, "name": name}]
        reply["choices"] = list(choices)
        talk.replies.append(reply)
        self.told(talk, "reply", reply)
        self._tell(talk, reply)
        return str(reply["id"])

    def end(self, session: str) -> None:
        """An agent closes the session."""
        talk = self._known(session)
        talk.open = False
        self.told(talk, "conversation", {"id": talk.name})
        self._tell(talk, {"kind": "ended"})

    def webhook(self, talk: Session, told: dict[str, Any]) -> bytes:
        """As it is delivered."""
        said = {name: value for name, value in told.items() if name != "at"}
        return json.dumps({"session": talk.name, "hall": talk.hall} | said).encode()

    def _known(self, session: str) -> Session:
        talk = self.sessions.get(session)
        if talk is None or not talk.open:
            raise ValueError(f"session must be one that is open: {', '.join(self.sessions)}")
        return talk

    def _tell(self, talk: Session, told: dict[str, Any]) -> None:
        body = self.webhook(talk, told)
        self.deliveries.send(
            self.halls[talk.hall].hook,
            body,
            lambda: {
                "Content-Type": "application/json",
                "X-Counter-Signature": hmac_sha256(self.secret, body).hex(),
            },
            timeout_s=30,
            retry_delays_s=RETRY_DELAYS_S,
            retry_on=lambda status: status is None or status >= 500,
            key=talk.name,
        )

    # --- the API

    def _handle(self, call: Call) -> Answer | Outcome:
        return struck(
            self._faults.pick("counter", call.path, accepting=call.method == "POST" and "/sessions" in call.path),
            work=lambda: self._take(call),
            refuse=lambda fault: Answer(fault.status, {"error": "the counter is closed"}, fault.headers),
            pause=self._web.pause,
        )

    def _take(self, call: Call) -> Answer:
        if call.header("Counter-Key") != self.key and not call.header("Session-Key"):
            return Answer(401, {"error": "the counter knows no such key"})
        with self._lock:
            match call.method, *call.path.strip("/").split("/"):
                case "GET", "halls", name if name in self.halls:
                    return Answer(200, {"name": self.halls[name].name})
                case "POST", "files":
                    name = f"f-{secrets.token_hex(4)}"
                    self.files[name] = call.query["name"], call.header("Content-Type"), call.body
                    return Answer(200, {"file": name})
                case "GET", "files", name if name in self.files:
                    return self._file(call, name)
                case "GET", "sessions":
                    return Answer(200, {"sessions": self._of(call.query["hall"], call.query["customer"])})
                case "POST", "sessions":
                    return self._opened(call)
                case "GET", "sessions", name if name in self.sessions:
                    return Answer(200, {"open": self.sessions[name].open})
                case "POST", "sessions", name, "messages" if name in self.sessions:
                    return self._message(call, self.sessions[name], call.json())
        return Answer(404, {"error": "there is no such thing at the counter"})

    def _file(self, call: Call, name: str) -> Answer:
        if call.header("Session-Key") not in {one.key for one in self.sessions.values()}:
            return Answer(401, {"error": "whose session?"})
        _, mime, body = self.files[name]
        return Answer(200, body, content_type=mime)

    def _of(self, hall: str, customer: str) -> list[dict[str, Any]]:
        return [
            {"session": one.name, "key": one.key, "messages": [message["id"] for message in one.messages]}
            for one in self.sessions.values()
            if (one.hall, one.customer) == (hall, customer)
        ]

    def _opened(self, call: Call) -> Answer:
        body = call.json()
        if body["hall"] not in self.halls:
            return Answer(404, {"error": "there is no such hall"})
        name = f"session-{len(self.sessions) + 1}"
        talk = Session(name, body["hall"], body["customer"], body["facts"], secrets.token_hex(8))
        self.sessions[name] = talk
        self._message(call, talk, body["message"])
        return Answer(200, {"session": name, "key": talk.key})

    def _message(self, call: Call, talk: Session, message: dict[str, Any]) -> Answer:
        if not talk.open:
            return Answer(410, {"error": "the session is over"})
        if any(one["id"] == message["id"] for one in talk.messages):
            return Answer(409, {"error": "the counter has this message"})
        talk.messages.append(message | {"at": self._clock()})
        self.calls.append({"session": talk.name, "hall": talk.hall, "message": message} | traced(call))
        self.told(talk, "message", message)
        return Answer(200, {})
