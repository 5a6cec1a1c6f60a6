"""The counter in memory: for tests of the workers, which need no server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.vocabulary.messages import DeskMessage, Source
from chalicelib.vocabulary.records import Account, Profile, Seat, Urged
from chalicelib.vocabulary.replies import File, Receipt
from tests.extension.counter.capabilities import CAPABILITIES


@dataclass
class Session:
    """One talk at the counter."""

    customer: str
    open: bool = True
    shown: list[DeskMessage] = field(default_factory=list)


class Counter:
    """Knows its sessions by their names only. `beside` happens each time a message was taken, before that is told."""

    capabilities = CAPABILITIES

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.beside: Callable[[], None] = lambda: None

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Session and text of all that was shown."""
        return [(name, one.text) for name, session in self.sessions.items() for one in session.shown]

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        session = self.sessions.get(seat.conversation)
        if session is None or not session.open:
            seat = Seat("counter", f"session-{len(self.sessions) + 1}", "key")
            self.sessions[seat.conversation] = session = Session(message.customer)
        session.shown.append(message)
        self.beside()
        return seat

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        for name, session in self.sessions.items():
            if session.customer == customer and any(one.id == message for one in session.shown):
                return seat if name == seat.conversation else Seat("counter", name, "key")
        return None

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        raise AssertionError("the counter takes no receipts")

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        raise AssertionError("at the counter nobody is raised")

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        raise AssertionError("the counter keeps no register")

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        assert seat.state == "key", "no session is read without its key"
        return self.sessions[seat.conversation].open

    def source(self, file: File, seat: Seat) -> Source:
        return Source(url=file.url, hosts=("counter.example",), headers={"Session-Key": seat.state})
