"""Each desk of the registry as it is played for its contract: the desk's own client, and what its agents see and do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary.records import Account, Seat
from tests.desks.connect.kit import Instance
from tests.desks.genesys.test_against_simulator import Org
from tests.fakes import INSTAGRAM


class Played(Protocol):
    """`account` is one that is answered there, `nowhere` a seat at which nobody sits."""

    desk: Desk
    account: Account
    nowhere: Seat

    def now(self) -> float: ...

    def later(self, seconds: float) -> None:
        """Time passes."""

    def read(self) -> list[tuple[str, str]]:
        """Conversation and words of all that agents read, in order."""

    def end(self, conversation: str) -> None:
        """The agents end it."""

    def close(self) -> None: ...


class AtGenesys:
    def __init__(self) -> None:
        self._org = Org()
        self.desk: Desk = self._org.desk
        self.account, self.nowhere = INSTAGRAM, Seat()

    def now(self) -> float:
        return self._org.clock()

    def later(self, seconds: float) -> None:
        self._org.clock.offset_s += seconds

    def read(self) -> list[tuple[str, str]]:
        calls = [call for call in self._org.sim.messages() if call["kind"] == "message" and call["status"] == 200]
        return [(call["conversation_id"], call["body"].get("text", "")) for call in calls]

    def end(self, conversation: str) -> None:
        self._org.sim.disconnect(conversation)

    def close(self) -> None:
        self._org.sim.stop()


class AtConnect:
    def __init__(self) -> None:
        self._instance = Instance(connect_profiles_domain="tea-house")
        self.desk: Desk = self._instance.desk
        self.account, self.nowhere = INSTAGRAM, Seat("connect")

    def now(self) -> float:
        return self._instance.clock()

    def later(self, seconds: float) -> None:
        self._instance.clock.advance(seconds)

    def read(self) -> list[tuple[str, str]]:
        return self._instance.http.texts()

    def end(self, conversation: str) -> None:
        self._instance.http.ended.add(conversation)

    def close(self) -> None:
        pass


PLAYED: dict[str, Callable[[], Played]] = {"genesys": AtGenesys, "connect": AtConnect}
