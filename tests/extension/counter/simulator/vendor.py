"""What the sandbox plays of the counter, what its agents do and see, and how its traffic is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from chalicelib.pipeline.presenting import desk_id
from chalicelib.vocabulary import records
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.lines import line_of
from sandbox.stage.purposes import Purpose, by_tail
from sandbox.stage.routes import Body, Routes, parsed
from sandbox.stage.sources import signed
from sandbox.stage.vendors import Account, Desk, Masked, Reply, Seen
from sandbox.stage.web import Call
from tests.extension.counter.simulator.hall import CounterSimulator, Hall, Session
from tests.extension.counter.webhook import WEBHOOK

SECRET = "dmdesk/counter"


class _Reply(Body):
    session: str
    text: str = ""
    file: str = ""
    choices: tuple[str, ...] = ()


class _End(Body):
    session: str


class Counter(Desk):
    """Halls, and whoever talks in them."""

    name = "counter"
    title = "Counter"
    source = signed(WEBHOOK, "out", "/api/genesys/outbound")
    secrets: ClassVar[dict[str, str]] = {"counter_secret": "sandbox-counter-secret"}
    creates = ("/sessions", "/messages")
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {}
    looks: ClassVar[Mapping[str, str]] = {"/counter/sessions": "what the counter shows"}
    simulator: CounterSimulator

    def __init__(self, simulator: CounterSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock
        self._accounts: dict[str, records.Account] = {}

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Counter:
        return cls(CounterSimulator(clock, faults), clock)

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        if "/sessions/" in path and not path.endswith("/messages"):
            return "is_open"
        if path.endswith("/sessions"):
            return "message" if body else "search"
        return by_tail(path, (("/messages", "message"), ("/files", "upload")))

    def settings(self) -> dict[str, str]:
        return {"counter_secret": SECRET, "counter_api": self.simulator.url}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {SECRET: {"secrets": [self.simulator.secret], "key": self.simulator.key}}

    def masked(self) -> Masked:
        headers = (WEBHOOK.signature_header, "counter-key", "session-key")
        return Masked(texts=(self.simulator.key,), headers=headers, members=("key",))

    def routes(self) -> Routes:
        return {
            "/counter/sessions": {"GET": lambda call: [vars(one) for one in self.simulator.sessions.values()]},
            "/counter/reply": {"POST": self._reply},
            "/counter/end": {"POST": self._end},
        }

    def connect(self, accounts: Iterable[Account], webhook_url: str) -> None:
        for account in accounts:
            hall = account["integration"]
            self.simulator.halls[hall] = Hall(f"{account['channel']} {account['name']}", webhook_url)
            names = ("channel", "id", "integration", "secret")
            self._accounts[hall] = records.Account(**{name: account[name] for name in names})

    def show(self, tell: Callable[[dict[str, Any]], None], channels: Mapping[str, str]) -> None:
        def told(session: Session, kind: str, fields: dict[str, Any]) -> None:
            line = "" if kind != "message" or session.messages[-1] is session.messages[0] else line_of(fields["text"])
            tell(
                {
                    "kind": kind,
                    "id": fields["id"],
                    "conversation_id": session.name,
                    "channel": channels.get(session.hall, ""),
                    "account": session.facts.get("accountId", ""),
                    "customer": session.customer,
                    "at_ms": int(self._clock() * 1000),
                    "attributes": session.facts,
                    "state": "connected" if session.open else "disconnected",
                    "waiting_since_ms": 0,
                    "priority": 0,
                    "text": fields.get("text", ""),
                    "attachments": [],
                    "nickname": "",
                    "author": "human" if kind == "reply" else "customer",
                    "line": line,
                    "status": "delivered",
                }
            )

        self.simulator.told = told

    def replies(self) -> list[Reply]:
        """A line that tells of a reply is known by its id: there are no receipts."""
        sessions = list(self.simulator.sessions.values())
        sent = [(one["at"], session, one) for session in sessions for one in session.replies]
        return [
            Reply(one["id"], self.simulator.webhook(session, one), self._told_of(session, one["id"]))
            for _, session, one in sorted(sent, key=lambda each: each[0])
        ]

    def calls(self) -> list[dict[str, Any]]:
        return list(self.simulator.calls)

    def shown(self, call: Mapping[str, Any]) -> str:
        return str(call["message"]["id"])

    def seen(self, integration: str) -> Iterable[Seen]:
        for call in self.simulator.calls:
            if call["hall"] == integration:
                facts = self.simulator.sessions[call["session"]].facts
                yield Seen(call["session"], call["message"]["text"], facts)

    def reply(self, conversation: str, text: str) -> str:
        return self.simulator.reply(conversation, text)

    def receipts(self, reply: str) -> Iterable[str]:
        """None are taken."""
        return ()

    def _told_of(self, session: Session, reply: str) -> bool:
        notice = desk_id(self._accounts[session.hall], f"notice:{reply}")
        return any(one["id"] == notice for one in session.messages)

    def _reply(self, call: Call) -> object:
        body = parsed(call, _Reply)
        return {"id": self.simulator.reply(body.session, body.text, body.file, body.choices)}

    def _end(self, call: Call) -> object:
        self.simulator.end(parsed(call, _End).session)
        return {"ended": True}
