"""A customer is erased, wherever something of them lies (docs/adr/0013-erasure.md).

First a row tells the workers: from then on they let go of what came before, and hold what comes. What they had begun is
waited for. Then the places are emptied, those last from which one sees what else there is; whoever is cut off begins
again, and ends with the same certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any, Literal, Protocol

import msgspec

from chalicelib.errors import Retryable
from chalicelib.observability import log
from chalicelib.pipeline.erased import KNOWN_S
from chalicelib.pipeline.media import folder
from chalicelib.pipeline.parking import ASIDE, PARKED, aside, named
from chalicelib.pipeline.ports import Clock
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.records import Conversation, Erasure, Event, Parked, Row, mark
from chalicelib.wire import LATEST_MS, bounded, digest, iso

# The workers are told late, and clocks differ: what has come within this (s) of the order goes with the rest.
SETTLE_S = KNOWN_S + 10.0
# So long what comes meanwhile is held (s), anew with each step; then, if nobody goes on, it is a new conversation.
HELD_S = 900.0
LOOK_S = 1.0
# What a worker wrote behind our back is erased in further rounds; who writes still after these is asked about.
ROUNDS = 5
CERTIFICATES = "erasures/certificates/"
Place = Literal["table", "media", "parked", "aside", "dead_letters"]


class Rows(Protocol):
    """The table. Every method may raise Retryable."""

    def forget(self, mark: str, erasure: Erasure, now: float) -> bool:
        """Tells the workers. False, and no effect, where a later erasure is known of the mark."""

    def all_of(self, conversation: Conversation) -> Iterator[Row]: ...
    def erase(self, conversation: Conversation) -> int: ...


class Shelf(Protocol):
    """The bucket. Every method may raise Retryable."""

    def keys(self, prefix: str) -> Iterator[str]: ...
    def keep(self, key: str, body: bytes) -> None: ...
    def fetch(self, key: str) -> bytes: ...


class Objects(Protocol):
    """What the bucket holds, with whatever it has kept of that. Raises Retryable."""

    def erase(self, keys: Sequence[str]) -> None: ...


class Letters(Protocol):
    """A queue's dead letters. Every method may raise Retryable."""

    def of(self, marks: Collection[str]) -> list[Event]: ...

    def erase(self, marks: Collection[str]) -> list[str]:
        """Deletes them; answers the ids of their events. Raises Retryable, too, where somebody else holds some."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What names the customer and is not theirs alone, so that it is left: its key, and what may be done."""

    key: str
    why: str


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What may still hold something of the customer, until when, and how that ends sooner."""

    where: str
    what: str
    until: str
    sooner: str


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How much was erased in one place, and a fingerprint of the names under which it lay."""

    count: int
    sha256: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """That a customer was erased, without who it was: `subject` is the fingerprint of channel, account and id, `marks`
    those that the customer's events bear. Times are ISO 8601; `up_to` is the moment up to which all was erased, "" for
    `ended` while it is not. All certificates together are the register by which erasures outlive the table."""

    id: str
    subject: str
    channel: str
    account: str
    began: str
    up_to: str
    ended: str = ""
    erased: dict[Place, Erased] = {}
    left: list[Left] = []
    elsewhere: list[Elsewhere] = []
    marks: list[str] = []


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """For how long what cannot be reached lives on (days): entries of a queue and of its dead letters, logs, backups
    of the table."""

    queue: int
    logs: int
    backups: int


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of a customer, by place: names of rows and keys; `events` are those of the dead letters, `marks`
    what their events bear."""

    rows: list[Row]
    media: list[str]
    parked: list[str]
    aside: list[str]
    events: list[Event]
    left: list[Left]
    marks: frozenset[str]

    def __bool__(self) -> bool:
        """Whether anything is held."""
        return bool(self.rows or self.media or self.parked or self.aside or self.events)

    def erased(self) -> dict[Place, Erased]:
        """What a certificate says of it."""
        return {
            "table": _erased(row.name for row in self.rows),
            "media": _erased(self.media),
            "parked": _erased(self.parked),
            "aside": _erased(self.aside),
            "dead_letters": _erased(event.id for event in self.events),
        }


class Erasing:
    """Finds and erases what is held of one customer. `desks` are the names of the desks that there are, `set_up` of
    those that the deployment has, `letters` the dead letters of each queue; `pause` waits so many seconds."""

    def __init__(
        self,
        *,
        rows: Rows,
        objects: Objects,
        shelf: Shelf,
        letters: Sequence[Letters],
        desks: Sequence[str],
        set_up: Collection[str],
        keeping: Keeping,
        clock: Clock,
        pause: Callable[[float], None],
    ) -> None:
        self._rows = rows
        self._objects = objects
        self._shelf = shelf
        self._letters = letters
        self._desks = desks
        self._set_up = set_up
        self._keeping = keeping
        self._clock = clock
        self._pause = pause

    def held(
        self, conversation: Conversation, integration: str, marks: Collection[str] = (), until_ms: int = LATEST_MS
    ) -> Holdings:
        """What lies where, unchanged. `integration` is the account's, "" where nobody knows it; `marks` are those that
        are known beside what the table tells. What has come since `until_ms` and lies in the bucket is left out: its
        event waits. Raises Retryable."""
        rows = list(self._rows.all_of(conversation))
        theirs = _marks(conversation, integration, self._desks, rows).union(marks)
        parked, mentioned = self._parked(conversation, theirs, until_ms)
        return Holdings(
            rows=rows,
            media=list(self._shelf.keys(folder(conversation))),
            parked=parked,
            aside=self._aside(conversation, theirs, until_ms),
            events=[event for letters in self._letters for event in letters.of(theirs)],
            left=[*mentioned, *self._loose(conversation)],
            marks=theirs,
        )

    def erase(self, conversation: Conversation, integration: str) -> Certificate:
        """Erases it; answers the certificate, which is kept as well. May be cut off and asked again at any time.
        Raises Retryable."""
        certificate = self._begun(conversation)
        until_ms = int((self._clock() + SETTLE_S) * 1000)
        marks = _marks(conversation, integration, self._desks, list(self._rows.all_of(conversation)))
        self._hold(marks, until_ms)
        self._pause(SETTLE_S)
        self._quiet(conversation)
        for looked in range(ROUNDS):
            found = self.held(conversation, integration, marks, until_ms)
            marks = found.marks
            self._hold(marks, until_ms)
            certificate = self._told(certificate, found, integration, until_ms)
            self._keep(certificate)  # before anything goes: what was there is told, whatever happens
            letters = self._empty(conversation, found, until_ms)
            certificate = _with_letters(certificate, letters)
            # twice: whoever replays carries letters from the queue to the bucket and back
            if looked and not found and not letters:
                return self._ended(certificate, marks, until_ms)
            self._pause(LOOK_S)
        raise Retryable("a worker still writes of the customer")

    def _told(self, certificate: Certificate, found: Holdings, integration: str, until_ms: int) -> Certificate:
        return msgspec.structs.replace(
            certificate,
            up_to=iso(until_ms),
            marks=sorted(found.marks),
            erased=_more(certificate.erased, found.erased()),
            left=found.left,
            elsewhere=_elsewhere(
                self._keeping, self._clock(), certificate.channel, self._theirs(certificate, found), integration
            ),
        )

    def _theirs(self, certificate: Certificate, found: Holdings) -> list[str]:
        """The desks that may hold something: those that the deployment has, and where the customer once sat."""
        sat = {row.seat.desk or self._desks[0] for row in found.rows if row.seat}
        told = {one.where for one in certificate.elsewhere}  # of one that was cut off, whose rows are gone by now
        return [desk for desk in self._desks if desk in {*self._set_up, *sat, *told}]

    def _ended(self, certificate: Certificate, marks: Collection[str], until_ms: int) -> Certificate:
        """Nothing is held any more: what has come meanwhile goes on."""
        ended = msgspec.structs.replace(certificate, ended=iso(int(self._clock() * 1000)))
        self._keep(ended)
        for mark_ in marks:
            self._rows.forget(mark_, Erasure(until_ms=until_ms), self._clock())
        log.info("customer erased", key=ended.id, channel=ended.channel, account=ended.account)
        return ended

    def _begun(self, conversation: Conversation) -> Certificate:
        """The certificate of an erasure that was cut off, else a new one."""
        subject = digest(conversation.key)
        for key in self._shelf.keys(f"{CERTIFICATES}{subject}/"):
            earlier = msgspec.json.decode(self._shelf.fetch(key), type=Certificate)
            if not earlier.ended:
                return earlier
        now = iso(int(self._clock() * 1000))
        certificate = Certificate(
            id=f"{subject}/{token_hex(8)}",
            subject=subject,
            channel=conversation.channel,
            account=conversation.account,
            began=now,
            up_to=now,
        )
        self._keep(certificate)
        return certificate

    def certificates(self) -> Iterator[Certificate]:
        """Every one that is kept. Raises Retryable."""
        for key in self._shelf.keys(CERTIFICATES):
            with suppress(LookupError):  # its time was over just now
                yield msgspec.json.decode(self._shelf.fetch(key), type=Certificate)

    def _keep(self, certificate: Certificate) -> None:
        self._shelf.keep(f"{CERTIFICATES}{certificate.id}.json", msgspec.json.encode(certificate))

    def _hold(self, marks: Collection[str], until_ms: int) -> None:
        """Raises Retryable where another erasure has begun since: it does all that is left, and what is held by it
        must not be erased by this one when it has let go."""
        now = self._clock()
        for mark_ in marks:
            if not self._rows.forget(mark_, Erasure(until_ms=until_ms, open_s=now + HELD_S), now):
                raise Retryable("the customer is being erased by another run, which has begun later")

    def _quiet(self, conversation: Conversation) -> None:
        """Waits for what workers have begun: no lease is longer than LEASE_S, and nobody takes another."""
        ends = self._clock() + LEASE_S
        while self._clock() < ends and any(_leased(row, self._clock()) for row in self._rows.all_of(conversation)):
            self._pause(LOOK_S)

    def _empty(self, conversation: Conversation, found: Holdings, until_ms: int) -> list[str]:
        """The table last: it tells which desks' events are theirs. Answers what dead letters there were."""
        gone = [name for letters in self._letters for name in letters.erase(found.marks)]
        self._objects.erase([*found.media, *found.parked, *found.aside])
        self._hold(found.marks, until_ms)
        self._rows.erase(conversation)
        return gone

    def _parked(
        self, conversation: Conversation, marks: Collection[str], until_ms: int
    ) -> tuple[list[str], list[Left]]:
        """Their parked events, most by the key alone; and what else names them."""
        theirs: list[str] = []
        left: list[Left] = []
        for key in self._shelf.keys(PARKED):
            name = named(key)
            if name.mark:
                theirs += [key] if name.mark in marks and name.since_ms <= until_ms else []
                continue
            body = self._fetched(key)
            if body is None:
                continue
            parked = _parked(body)
            if parked and parked.event and parked.event.mark in marks:
                theirs.append(key)
            elif _names(conversation, (parked.body if parked else b"") or body):
                left.append(Left(key=key, why="a delivery that nobody could cut up names the customer, and others"))
        return theirs, left

    def _aside(self, conversation: Conversation, marks: Collection[str], until_ms: int) -> list[str]:
        places = [aside(source, mark_) for source in (conversation.channel, *self._desks) for mark_ in sorted(marks)]
        return [key for place in places for key in self._shelf.keys(place) if named(key).since_ms <= until_ms]

    def _loose(self, conversation: Conversation) -> list[Left]:
        """What was put aside under no customer's mark, and names this one."""
        places = [f"{ASIDE}{source}/" for source in (conversation.channel, *self._desks)]
        nobodys = [key for place in places for key in self._shelf.keys(place) if key.count("/") == place.count("/")]
        why = "an event that tells nobody's conversation names the customer"
        return [Left(key=key, why=why) for key in nobodys if _names(conversation, self._fetched(key) or b"")]

    def _fetched(self, key: str) -> bytes | None:
        """None of what has gone meanwhile."""
        try:
            return self._shelf.fetch(key)
        except LookupError:
            return None


def _marks(conversation: Conversation, integration: str, desks: Sequence[str], rows: Sequence[Row]) -> frozenset[str]:
    """What the customer's events bear: from the platform, from each desk by the customer or by its own conversation,
    which may be all that it tells, and what the bridge tells on."""
    customer = bounded(conversation.customer)
    told = [(conversation.channel, bounded(conversation.account), customer)]
    if integration:
        told += [(source, bounded(integration), customer) for source in (conversation.channel, *desks)]
    for seat in (row.seat for row in rows if row.seat):
        desk = seat.desk or next(iter(desks))
        told += [(desk, account, seat.conversation) for account in {"", bounded(integration)}]
    return frozenset(mark(*one) for one in told)


def _names(conversation: Conversation, body: bytes) -> bool:
    return conversation.customer.encode(errors="replace") in body


def _leased(row: Row, now: float) -> bool:
    return row.fields.get("state") == "leased" and float(row.fields.get("until", 0)) > now


def _parked(body: bytes) -> Parked | None:
    try:
        return msgspec.json.decode(body, type=Parked)
    except msgspec.MsgspecError:
        return None


def _erased(names: Any) -> Erased:
    listed = sorted(names)
    return Erased(count=len(listed), sha256=digest(*listed))


def _more(before: Mapping[Place, Erased], now: Mapping[Place, Erased]) -> dict[Place, Erased]:
    """Of one that was cut off, what was there at first."""
    return {
        place: before[place] if place in before and before[place].count >= told.count else told
        for place, told in now.items()
    }


def _with_letters(certificate: Certificate, letters: Sequence[str]) -> Certificate:
    """Of a conversation's dead letters a queue shows ten, until those are gone."""
    told: dict[Place, Erased] = {"dead_letters": _erased(letters)}
    return msgspec.structs.replace(certificate, erased={**certificate.erased, **_more(certificate.erased, told)})


def _elsewhere(keeping: Keeping, now: float, channel: str, desks: Sequence[str], integration: str) -> list[Elsewhere]:
    def day(days: int) -> str:
        return iso(int((now + days * 86_400) * 1000))

    queues = Elsewhere(
        where="queues",
        what="events that waited meanwhile: the workers let them go when their turn comes",
        until=day(keeping.queue),
        sooner="by themselves, as soon as the workers come to them",
    )
    unfound = Elsewhere(
        where="dead letters and parked events of the desk's side",
        what="agents' replies, which are found by the account's integration: no such account is in the table",
        until="as long as those are kept",
        sooner="put the account back into Terraform's accounts, and erase again",
    )
    backups = Elsewhere(
        where="backups of the table",
        what="the rows, among everybody's",
        until=day(keeping.backups),
        sooner="not; `dmdesk restore` leaves the erased out",
    )
    logs = Elsewhere(
        where="logs",
        what="ids of messages and conversations, no text",
        until=day(keeping.logs),
        sooner="delete the log groups' streams",
    )
    platform = Elsewhere(
        where=channel,
        what="the conversation as the platform shows it to both sides",
        until="as the platform has it",
        sooner="the account's owner deletes the chat in the platform's app",
    )
    return [
        queues,
        *([] if integration else [unfound]),
        *([backups] if keeping.backups else []),
        logs,
        platform,
        *(_at_desk(desk) for desk in desks),
    ]


def _at_desk(desk: str) -> Elsewhere:
    return Elsewhere(
        where=desk,
        what="the conversations, with their texts and files, and the customer's contact or profile",
        until="as the organisation has it",
        sooner="ask there, with the customer's id on the platform",
    )
