"""What waits to be brought back: dead letters on their queues, parked events and deliveries in the bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, Literal

import msgspec

from chalicelib.aws import calls
from chalicelib.deliveries import known
from chalicelib.edge.relayed import handed, source_of
from chalicelib.errors import Malformed
from chalicelib.pipeline.parking import PARKED, name_of, place
from chalicelib.pipeline.returning import Shelved
from chalicelib.protocols.webhook import Feed
from chalicelib.registry import CHANNELS, DESKS, part
from chalicelib.vocabulary.records import Event, Parked
from chalicelib.wire import digest
from ops import causes
from ops.bridge import Bridge
from ops.errors import OpsError

Side = Literal["inbound", "outbound"]
# Under which a dead letter lies on its way back.
TAKEN = "dead_letter"
# How the name of a queue of dead letters ends.
DEAD_LETTERS = "-dead-letters"
# SQS' own redrive gives no reason: a message was handed out a thousand times.
REDRIVEN = "redriven"
BATCH = 10
# A reader that dies gives what it has looked at back after this (s).
LOOK_S = 60
TAKE_S = 30
# A queue that is asked for no longer than this may say that it is empty and not be.
WAIT_S = 1
# Who reads at once: reading a thousand objects one by one takes half a minute.
READERS = 8


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A queue of dead letters: of one of the two queues of events, or (`source`: whose) of one that another service
    feeds, which holds whole deliveries that the edge could not store. `side` is where both go back to."""

    name: str
    url: str
    side: Side
    source: str = ""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter as its queue hands it out."""

    message: str
    handle: str
    shelved: Shelved


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a queue of dead letters has shown, and how many more it holds: a FIFO queue shows ten of a
    conversation at most, and none that somebody else holds."""

    letters: list[Letter]
    more: int


class Shelf:
    """The deployment's, seen from a terminal. Every method raises OpsError."""

    def __init__(self, bridge: Bridge, pause: Callable[[float], None] = time.sleep) -> None:
        self._bridge = bridge
        self._bucket = bridge.runtime.bucket
        self._pause = pause
        self.boxes = boxes(bridge)

    def look(self, box: Box) -> Looked:
        """The dead letters that can be seen, oldest first; all of them are there for whoever comes next."""
        seen: dict[str, Letter] = {}
        try:
            while new := [one for one in self._received(box, LOOK_S) if one.message not in seen]:
                seen |= {one.message: one for one in new}
        finally:
            self._release(box, list(seen.values()))
        more = max(0, sum(self.held(box)) - len(seen))
        return Looked(letters=list(seen.values()), more=more)

    def take(self, box: Box, note: Callable[[str], None], done: Callable[[int], object]) -> None:
        """Has every dead letter of the queue in the bucket, where none hides another. Each is there before it leaves
        the queue. What somebody else holds is waited for, as long as anybody holds one."""
        waited = 0.0
        while True:
            before = self.held(box)[1]
            while letters := self._received(box, TAKE_S):
                for letter in letters:
                    self._keep(letter)
                self._delete(box, letters)
                done(len(letters))
            hidden = self.held(box)[1] or before  # which may have come free after the last look
            if not hidden or waited > LOOK_S + 5:
                break
            if not waited:
                who = f"{hidden} dead letters ({box.name})"
                note(f"{who} are held by another reader: waiting up to {LOOK_S} s for them")
            waited += 1
            self._pause(1)
            done(0)
        if hidden:
            note(f"{hidden} dead letters ({box.name}) are still held by another reader: run it again")

    def put_away(self, shelved: Sequence[Shelved], done: Callable[[int], object]) -> None:
        """Has the letters, which are not to come back now, on their dead-letter queue again."""
        for one in shelved:
            self._aws(partial(self._away, one))
            done(1)

    def _away(self, shelved: Shelved) -> None:
        parked, runtime = shelved.parked, self._bridge.runtime
        assert parked.event is not None
        queue = runtime.inbound if parked.queue == "inbound" else runtime.outbound
        queue.bury(parked.event, parked.reason, f"put away {parked.parked_ms}", parked.order)
        runtime.bucket.remove([shelved.key])

    def parked(self) -> tuple[list[Shelved], list[str]]:
        """All that is parked, and the keys of what cannot be read."""
        keys = self._aws(lambda: list(self._bucket.keys(PARKED)))
        with ThreadPoolExecutor(READERS) as readers:
            read = list(readers.map(self._read, keys))
        unread = [key for key, one in zip(keys, read, strict=True) if one is False]
        return [one for one in read if isinstance(one, Shelved)], unread

    def held(self, box: Box) -> tuple[int, int]:
        """How many letters can be had, and how many somebody holds."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._aws(lambda: self._sqs.get_queue_attributes(QueueUrl=box.url, AttributeNames=names))
        visible, hidden = (int(found["Attributes"].get(name, "0")) for name in names)
        return visible, hidden

    def _read(self, key: str) -> Shelved | Literal[False] | None:
        """False where nobody can read it, None where it has gone meanwhile."""
        try:
            shelved: Shelved | None = self._aws(lambda: self._bridge.runtime.returning.read(key))
        except Malformed:
            return False
        if shelved is None:
            return None
        parked = shelved.parked
        if parked.event is None and known(shelved.source) in DESKS:  # nobody knew whose it was when it came
            return msgspec.structs.replace(shelved, parked=msgspec.structs.replace(parked, queue="outbound"))
        return shelved

    def _received(self, box: Box, hold_s: int) -> list[Letter]:
        answer = self._aws(
            lambda: self._sqs.receive_message(
                QueueUrl=box.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=hold_s,
                WaitTimeSeconds=WAIT_S,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        read = _delivery if box.source else _letter
        return [read(box, message) for message in answer.get("Messages", [])]

    def _keep(self, letter: Letter) -> None:
        shelved = letter.shelved
        self._aws(lambda: self._bucket.keep(shelved.key, msgspec.json.encode(shelved.parked)))

    def _delete(self, box: Box, letters: Sequence[Letter]) -> None:
        """What is not deleted is handed out again, and taken again under the same key."""
        entries: Any = [{"Id": str(index), "ReceiptHandle": one.handle} for index, one in enumerate(letters)]
        self._aws(lambda: self._sqs.delete_message_batch(QueueUrl=box.url, Entries=entries))

    def _release(self, box: Box, letters: Sequence[Letter]) -> None:
        for start in range(0, len(letters), BATCH):
            entries: Any = [
                {"Id": str(index), "ReceiptHandle": one.handle, "VisibilityTimeout": 0}
                for index, one in enumerate(letters[start : start + BATCH])
            ]
            self._aws(partial(self._sqs.change_message_visibility_batch, QueueUrl=box.url, Entries=entries))

    @cached_property
    def _sqs(self) -> Any:
        return calls.client("sqs")

    def _aws(self, work: Callable[[], Any]) -> Any:
        return self._bridge.aws(work, "the queues and the bucket")


def is_letter(shelved: Shelved) -> bool:
    """Whether it was a dead letter, and is on its way back."""
    return shelved.key.startswith(f"{PARKED}{TAKEN}/")


def kind(reason: str) -> str:
    """What reasons are counted by: what stands before the detail."""
    return reason.partition(":")[0]


def boxes(bridge: Bridge) -> list[Box]:
    """Every queue of dead letters that the deployment has. Raises OpsError."""
    every = [
        Box(name="inbound", url=bridge.settings.inbound_dead_letters, side="inbound"),
        Box(name="outbound", url=bridge.settings.outbound_dead_letters, side="outbound"),
    ]
    for url in bridge.fed_dead_letters:
        source = source_of(url.rpartition("/")[2].removesuffix(DEAD_LETTERS))
        if source not in CHANNELS | DESKS:
            raise OpsError(f"{url} is named after no channel and no desk", causes.ENVIRONMENT)
        side: Side = "outbound" if source in DESKS else "inbound"
        every.append(Box(name=f"from {source}", url=url, side=side, source=source))
    return every


def _letter(box: Box, message: dict[str, Any]) -> Letter:
    told = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    event = _event(message)
    parked = Parked(
        queue=box.side,
        reason=told.get("reason", REDRIVEN),
        advice="mend what the reason names, then replay it",
        parked_ms=int(message["Attributes"]["SentTimestamp"]),
        order=told.get("order", ""),
        event=event,
    )
    # the same each time it is handed out
    key = place(TAKEN, event.source or "unknown", event.received_ms, name_of(event, parked.order))
    return _held(message, Shelved(key=key, parked=parked))


def _delivery(box: Box, message: dict[str, Any]) -> Letter:
    """One that the edge was handed, again and again, and could not store. Once taken, it is parked as others are."""
    attributes = {
        name: {"stringValue": value.get("StringValue")} for name, value in message.get("MessageAttributes", {}).items()
    }
    feed: Feed = part((CHANNELS | DESKS)[box.source], "webhook", "WEBHOOK")
    body = handed(feed, {"body": message["Body"], "messageAttributes": attributes})
    came_ms = int(message["Attributes"]["SentTimestamp"])
    parked = Parked(
        queue=box.side,
        reason=REDRIVEN,
        advice="the log of the function fed tells why it was not stored: mend that, then replay it",
        parked_ms=came_ms,
        body=body,
    )
    name = f"{came_ms:013d}-{digest(message['MessageId'])}"
    return _held(message, Shelved(key=place(REDRIVEN, box.source, came_ms, name), parked=parked))


def _held(message: dict[str, Any], shelved: Shelved) -> Letter:
    return Letter(message=message["MessageId"], handle=message["ReceiptHandle"], shelved=shelved)


def _event(message: dict[str, Any]) -> Event:
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(message["Body"], type=Event)
    raw = msgspec.Raw(msgspec.json.encode(message["Body"]))
    came = int(message["Attributes"]["SentTimestamp"])
    return Event(source="", account="", party="", id=message["MessageId"], received_ms=came, raw=raw)
