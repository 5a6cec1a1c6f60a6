"""How the road and the proof name what is on its way: by the ids that the bridge itself gives its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from chalicelib.errors import Malformed
from chalicelib.vocabulary.records import Event
from chalicelib.wire import digest
from sandbox.stage.sources import Direction, Source
from sandbox.stage.web import Call


class Passage(NamedTuple):
    """One event on its way. `trace` is the event's id (`message:<mid>`, …) or the reply's, `key` what tells it from
    every other, `echo` whether it only tells of what the brand's account sent. `account` is the platform's account or
    the desk's integration, `written_ms` when it was written by the platform's clock: 0 where that is not told to the
    millisecond. `message` is the platform's id of the message that an echo tells of."""

    trace: str
    direction: Direction
    channel: str
    customer: str
    key: str
    echo: bool = False
    account: str = ""
    written_ms: int = 0
    message: str = ""


Whose = Callable[[str, str], tuple[str, str]]


def _nobodys(desk: str, conversation: str) -> tuple[str, str]:
    return "", ""


class Names:
    """`channels` are the channels' names by the desks' integration ids; `whose` answers channel and customer of a
    conversation of a desk's, where the desk's events name no integration."""

    def __init__(self, sources: Iterable[Source], channels: Mapping[str, str], whose: Whose = _nobodys) -> None:
        self._sources = {source.name: source for source in sources}
        self.channels, self._whose = channels, whose

    def source_of(self, call: Call) -> Source | None:
        """Whose webhook a call of the bridge's HTTP API is: where several come to one path, theirs whose header it
        has, or else the first's. None where it is nobody's."""
        at_path = [source for source in self._sources.values() if source.path == call.path and call.method == "POST"]
        return next((source for source in at_path if call.header(source.header)), next(iter(at_path), None))

    def passage(self, event: Event) -> Passage:
        """An event of a queue; whoever is unknown is taken for a channel."""
        source = self._sources.get(event.source)
        direction: Direction = source.direction if source else "in"
        told = source.told(event) if source else {}
        echo = event.section == "echo"
        channel, customer = event.source, event.party
        if direction == "out":
            channel = self.channels.get(event.account, "")
            found = ("", "") if channel else self._whose(event.source, event.party)
            channel, customer = (found[0], found[1] or customer) if found[0] else (channel, customer)
        return Passage(
            trace=event.id,
            direction=direction,
            channel=channel,
            customer=customer,
            key=event.dedup,
            echo=echo,
            account=event.account,
            written_ms=_whole(told.get("timestamp")),
            message=message_id(told) if echo else "",
        )

    def passages(self, name: str, body: bytes) -> list[Passage]:
        """The events of a source's delivery; one, named by its bytes, where it is not what its sender documents."""
        source = self._sources[name]
        try:
            return [self.passage(event) for event in source.events(body)]
        except Malformed:
            key = digest(body)
            return [Passage(key, source.direction, name if source.direction == "in" else "", "", key)]


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def message_id(told: dict[str, Any]) -> str:
    """The platform's id of a message: in what a webhook tells of it, and in the answer to the call that sent it."""
    inner = told.get("message") or told.get("data") or {}
    inner = inner.get("message", inner) if isinstance(inner, dict) else {}
    inner = inner if isinstance(inner, dict) else {}
    identifier = told.get("message_id") or inner.get("mid") or inner.get("message_id")
    return identifier if isinstance(identifier, str) else ""
