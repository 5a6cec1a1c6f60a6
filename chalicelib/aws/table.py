"""The one DynamoDB table: claims, conversation state, sent messages, accounts; its keys are in keys.py.

A claim's life (`state`):

    (absent) ──claim──▶ leased ──▶ done | refused     final
                          │  └─lease runs out─▶ claimed again as `lapsed`
                          ├─▶ doubt ──claim──▶ `doubt`: the outcome has to be found out first
                          └─▶ buried ─claim──▶ `fresh`, and told that it comes back
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from uuid import uuid4

import msgspec
from botocore.exceptions import ClientError

from chalicelib.aws import (
    accounts,
    acknowledgements,
    calls,
    claimed,
    closing,
    compared,
    flights,
    heard,
    keys,
    locks,
    outages,
    parts,
    passing,
    pauses,
    rows,
    sitting,
    states,
    waiting,
)
from chalicelib.aws.calls import Unmet, call, conditional, met
from chalicelib.aws.claimed import REMEMBERED_S
from chalicelib.errors import Retryable
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.messages import Led, Tap
from chalicelib.vocabulary.proof import Comparison, Known
from chalicelib.vocabulary.records import (
    NOBODYS,
    PREVENTED,
    Account,
    Acknowledged,
    Away,
    Claim,
    Conversation,
    Direction,
    Edited,
    Erasure,
    Flight,
    Holder,
    Pause,
    Profile,
    Row,
    Seat,
    Standing,
    Thread,
    Tried,
    Unreadable,
)
from chalicelib.wire import bounded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

P = ParamSpec("P")
Kept = TypeVar("Kept")

# A transaction that met another one is tried again after these.
CONFLICT_PAUSES_S = (0.02, 0.05, 0.1, 0.3)
# What the platform tells of a customer is asked for anew after a week.
PROFILE_S = 7 * 86_400


class Table:
    """The ledger of the pipeline. Every method raises Retryable where DynamoDB cannot be reached."""

    def __init__(
        self,
        name: str,
        client: DynamoDBClient | None = None,
        pause: Callable[[float], None] = time.sleep,
        profile_s: int = PROFILE_S,
    ) -> None:
        """`pause` waits that many seconds before a transaction that met another is tried again; profiles are
        remembered for `profile_s`."""
        self._name = name
        self._profile_s = profile_s
        self._client: DynamoDBClient = client or calls.client("dynamodb")
        self._pause = pause
        self._heard = heard.Heard(self._client, name)

    def claim(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        lease_s: float,
        text: str = "",
        folded: Sequence[str] = (),
    ) -> Claim:
        """Takes the work if nobody has it. `text` is a fingerprint by which an echo can be told, `folded` the events
        that are to be shown in the same message, which are noted where nobody has noted any.

        A claim whose lease ran out is taken over and reported as `lapsed`.
        """
        if item.startswith(claims.OUTBOUND):  # an echo of it has to be told from others'
            call(self._client.update_item, **flights.naming(self._name, conversation, [item], now, all_=False))
        owner = uuid4().hex
        write = claimed.taken(self._name, conversation, item, now, now + lease_s, owner, text, folded)
        try:
            old = conditional(self._client.update_item, **write).get("Attributes") or {}
            state = old.get("state", {}).get("S", claimed.NOTHING)  # without one it holds an edit that came first
        except Unmet as no:
            if no.held.get("owner") != {"S": owner}:
                return claimed.claim(no.held)
            old, state = no.held, no.held["took"]["S"]  # botocore repeated a write whose answer was lost
        told = claimed.claim(old)
        return msgspec.structs.replace(
            told,
            state="fresh" if state in {claimed.NOTHING, "buried"} else "lapsed",
            buried=state == "buried",
            since_s=told.since_s or now,
            folded=told.folded or tuple(folded),
        )

    def release(self, conversation: Conversation, item: str) -> None:
        """Gives the work back: it is known not to have happened. No effect on work that has ended. What else is
        known of it stays (an edit that came first)."""
        write = partial(
            self._client.update_item,
            TableName=self._name,
            Key=keys.item(conversation, item),
            UpdateExpression="REMOVE #state, #owner, #until, since, tried, desk, seat_desk, #text, folded",
            ConditionExpression="#state IN (:leased, :doubt)",
            ExpressionAttributeNames={f"#{name}": name for name in ("state", "owner", "until", "text")},
            ExpressionAttributeValues=_OPEN,
        )
        if met(write) or not item.startswith(claims.OUTBOUND):
            return
        if not met(self._client.update_item, **parts.released(self._name, conversation, item)):
            met(write)  # it may have got its row just now

    def doubt(self, conversation: Conversation, item: str, now: float, until: float, seat: Seat = NOBODYS) -> None:
        """The work was tried just now, while this was known of where the conversation sits, and nobody knows how it
        ended, which is to be found out until then. No effect if an echo has told meanwhile."""
        named = {":name": {"S": seat.desk}} if seat.desk else {}
        write = partial(
            self._client.update_item,
            TableName=self._name,
            Key=keys.item(conversation, item),
            UpdateExpression="SET #state = :doubt, tried = :now, #until = :until, desk = :desk"
            + (", seat_desk = :name" if named else " REMOVE seat_desk"),
            ConditionExpression="#state IN (:leased, :doubt)",
            ExpressionAttributeNames={"#state": "state", "#until": "until"},
            ExpressionAttributeValues={
                **_OPEN,
                **named,
                ":now": {"N": str(now)},
                ":until": {"N": str(until)},
                ":desk": {"S": seat.conversation},
            },
        )
        if not met(write) and item.startswith(claims.OUTBOUND):
            self._given_its_row(conversation, item)
            met(write)

    def buried(self, conversation: Conversation, item: str, now: float) -> bool:
        """The work is given up; whoever claims it later is told so. False, and no effect, where it has ended."""
        return met(
            self._client.update_item,
            TableName=self._name,
            Key=keys.item(conversation, item),
            UpdateExpression="SET #state = :buried, since = :now, expires_at = :expires REMOVE folded",
            ConditionExpression="attribute_not_exists(#state) OR #state IN (:leased, :doubt, :buried)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                **_OPEN,
                ":buried": {"S": "buried"},
                ":now": {"N": str(now)},
                ":expires": states.expiry(now, REMEMBERED_S),
            },
        )

    def refuse(self, conversation: Conversation, item: str, now: float, reason: str, detail: str) -> bool:
        """The other side said no for good. False, and no effect, where the work has ended otherwise."""
        values = {":refused": "refused", ":reason": reason, ":detail": detail[:500]}
        write = partial(
            self._client.update_item,
            TableName=self._name,
            Key=keys.item(conversation, item),
            UpdateExpression="SET #state = :refused, reason = :reason, detail = :detail, expires_at = :expires",
            ExpressionAttributeValues={
                **_OPEN,
                **{name: {"S": text} for name, text in values.items()},
                ":expires": states.expiry(now, REMEMBERED_S),
            },
            **_IF_OPEN,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        try:
            try:
                conditional(write)
            except Unmet as no:
                if "state" in no.held:
                    raise
                self._given_its_row(conversation, item)
                conditional(write)
        except Unmet as no:  # botocore may have repeated this very write, whose answer was lost
            if no.held.get("state") != {"S": "refused"}:
                return False
        if item.startswith(claims.OUTBOUND):
            closing.refused(self._client, self._name, conversation, now)
        return True

    def delivered(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        thread: Thread,
        words: str = "",
        before: Seat | None = None,
        listed: bool = False,
        also: Mapping[str, str] | None = None,
        said: Said | None = None,
    ) -> bool:
        """In one call: the customer's event is done, and the conversation remembers it, and how it begins; where the
        customer wrote, it waits for an answer. Where `listed`, the desk's conversation is remembered as theirs. What is
        done with it goes `also`, by its item with how it begins; `said` is how the guards remember it.

        `before` is the seat that was read, None where none was. False, and no effect, where `thread` names another
        seat and the conversation has been moved since.
        """
        result = thread.seat.conversation
        items = {item: words, **(also or {})}
        done = [claimed.shown(self._name, conversation, one, now, result, begins) for one, begins in items.items()]
        whose = states.listing(self._name, conversation, now, thread.seat) if listed else []
        whose += self._turn(conversation, now, said)
        for newest in (True, False):  # an older event than the newest known is a replay
            with suppress(_Cancelled):
                remember = states.remember(self._name, conversation, now, thread, before, newest=newest)
                self._transact([*done, waiting.begun(remember, conversation, now, thread), *whose])
                self._heard.note(conversation, now, thread.customer_ms)
                return True
        return False

    def seat(self, conversation: Conversation, before: Seat, after: Seat, now: float, listed: bool = False) -> bool:
        """Moves the conversation from one seat to another, which is a generation later. False, and no effect, where it
        has been moved otherwise meanwhile. `listed` as for `delivered`."""
        move = states.moved(self._name, conversation, now, before, after)
        whose = states.listing(self._name, conversation, now, after) if listed else []
        try:
            self._transact([move, *whose])
        except _Cancelled:  # it may have been this very write, whose answer was lost
            return self.thread(conversation).seat == after
        return True

    def standing(self, conversation: Conversation) -> Standing:
        """As `thread`, with what its end has to know besides."""
        return states.standing(self._get(conversation, keys.STATE))

    def end(self, conversation: Conversation, known: Standing, now: float, listed: bool = False) -> bool:
        """The conversation is over where it is known to sit: nobody has it, it waits for nobody, and what was offered
        in it counts no more. False, and no effect, where something was shown since that was read. Where `listed`,
        whose the desk's conversation was is remembered as long as all else of it, and no longer."""
        seat = known.thread.seat
        whose = states.listing(self._name, conversation, now, seat, states.STATE_S) if listed else []
        try:
            self._transact([states.ended(self._name, conversation, now, known), *whose])
        except _Cancelled:  # it may have been this very write, whose answer was lost
            held = self.standing(conversation)
            return held.ended == seat.conversation and held.thread.seat == seat.moved()
        return True

    def ask(self, conversation: Conversation, at_s: float) -> None:
        """The desk at which it sits is to be asked then whether it still does. No effect where it sits nowhere."""
        sitting.ask(self._client, self._name, conversation, at_s)

    def sitting(self, account: Account, now: float) -> Iterator[Conversation]:
        """The account's conversations whose desk is to be asked by now, the longest due first. Read page by page from
        an index, which is some moments late."""
        return sitting.due(self._client, self._name, account, now)

    def seated(self, desk: str, conversation: str) -> Conversation | None:
        """Whose the desk's conversation is; None where nobody has written that down."""
        key = keys.seat(desk, conversation)
        row = call(self._client.get_item, TableName=self._name, Key=key, ConsistentRead=True).get("Item")
        return Conversation(*(row[name]["S"] for name in Conversation.__struct_fields__)) if row else None

    def begin(
        self, conversation: Conversation, item: str, now: float, lease_s: float, written_ms: int, text: str, *,
        again: bool = False,
    ) -> tuple[Claim | None, Thread]:  # fmt: skip
        """What is remembered of the conversation and, by the same call, the claim of a part of a message that was
        written then (epoch ms), where it is certain that nobody has begun it; None where `claim` has to find out. It is
        never certain of what has been handed out `again`. `text` as for `claim`."""
        opening = parts.Opened(owner=uuid4().hex, until_s=now + lease_s, since_s=now, text=text)
        try:
            held = conditional(
                self._client.update_item,
                **parts.begun(self._name, conversation, item, now, written_ms, None if again else opening),
            )["Attributes"]
        except Unmet as no:
            held = no.held
        found = parts.opened(held).get(item)
        if found == opening:  # also where botocore has repeated this very write, whose answer was lost
            return Claim(state="fresh", since_s=now), states.thread(held)
        if found is not None:
            self._set_apart(conversation, item, found)
        return None, states.thread(held)

    def take_passing(self, conversation: Conversation, kind: str, event: str, at_ms: int) -> tuple[str, Thread]:
        """What is remembered of the conversation and, by the same call, a name under which the newest that the customer
        did of the kind is this caller's to show: what the event tells, which was then (epoch ms). "" where that is not
        the newest, where it was taken before, or where the conversation sits nowhere."""
        owner = uuid4().hex
        write = passing.taken(self._name, conversation, kind, event, at_ms, owner)
        try:
            state = conditional(self._client.update_item, **write)["Attributes"]
        except Unmet as no:  # botocore may have repeated this very write, whose answer was lost
            state = no.held
        return owner if passing.held(state, kind, owner) else "", states.thread(state)

    def leave_passing(self, conversation: Conversation, kind: str, owner: str) -> None:
        """It is known not to have been shown: the event may take it again. No effect where a newer one is taken."""
        met(self._client.update_item, **passing.left(self._name, conversation, kind, owner))

    def sent(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        platform_id: str,
        answered: str = "",
        words: str = "",
        said_ms: int = 0,
        said: str = "",
        turned: Said | None = None,
        seen_ms: int = 0,
    ) -> None:
        """In one call: a part reached the platform, its echo will be known by the platform's id, and the
        conversation counts it and, unless it is the bridge's own, waits no more; `answered` is the comment that it went
        to, `turned` is how the guards remember it, and up to `seen_ms` (epoch ms) the customer's messages are marked as
        seen. No effect on a part that is done: an echo may tell of it before the send's own answer does."""
        told: dict[str, str | int] = {"answered": answered, "said_ms": said_ms, "said": said, "seen_ms": seen_ms}
        writes = parts.sent(self._name, conversation, item, now, platform_id, words, told)
        with suppress(_Cancelled):
            self._transact([*writes, *self._turn(conversation, now, turned)])

    def _set_apart(self, conversation: Conversation, item: str, opening: parts.Opened) -> None:
        """What is open in the conversation's state gets the row that every other claim has. No effect where that has
        happened, or where it has ended."""
        with suppress(_Cancelled):
            self._transact(parts.set_apart(self._name, conversation, item, opening))

    def _given_its_row(self, conversation: Conversation, item: str) -> None:
        """A part that is open in the conversation's state has its row from now on."""
        opening = parts.opened(self._get(conversation, keys.STATE)).get(item)
        if opening is not None:
            self._set_apart(conversation, item, opening)

    def forestall(self, conversation: Conversation, item: str, now: float) -> bool:
        """Ends a claim that nobody has made, that was given up, or that was ended so before. False where it was made,
        or where an edit of it has come: agents may have read that."""
        try:
            before = conditional(
                self._client.update_item,
                TableName=self._name,
                Key=keys.item(conversation, item),
                UpdateExpression=f"{claimed.DONE} REMOVE edited",
                ConditionExpression="attribute_not_exists(#state) OR #state = :buried OR #result = :result",
                ExpressionAttributeNames={"#state": "state", "#result": "result"},
                ExpressionAttributeValues={**claimed.done(now, PREVENTED), ":buried": {"S": "buried"}},
                ReturnValues="ALL_OLD",
            )
        except Unmet:
            return False
        return "edit" not in before.get("Attributes", {})

    def edited(self, conversation: Conversation, item: str, now: float, edit: int, text: str) -> Edited:
        """Notes an edit of the message that is claimed under the item, whichever of the two comes first. One that was
        taken back before it came has no newer text."""
        try:
            held = conditional(
                self._client.update_item,
                TableName=self._name,
                Key=keys.item(conversation, item),
                UpdateExpression="SET edit = :edit, edited = :text, expires_at = :expires",
                ConditionExpression="(attribute_not_exists(edit) OR edit <= :edit)"
                " AND (attribute_not_exists(#result) OR #result <> :prevented)",
                ExpressionAttributeNames={"#result": "result"},
                ExpressionAttributeValues={
                    ":prevented": {"S": PREVENTED},
                    ":edit": {"N": str(edit)},
                    ":text": {"S": text},
                    ":expires": states.expiry(now, REMEMBERED_S),
                },
                ReturnValues="ALL_NEW",
            )["Attributes"]
        except Unmet:
            return "older"
        return "newest" if held.get("state", {}).get("S", "buried") != "buried" else "held"

    def words(self, conversation: Conversation, event: str, platform_id: str) -> str:
        """How a message begins: the customer's by its event's id, ours by the platform's. "" where nobody knows."""
        for item in (claims.inbound(bounded(event)), keys.sent(platform_id)):
            words = self._get(conversation, item).get("words", {}).get("S", "")
            if words:
                return str(words)
        return ""

    def keep_led(self, conversation: Conversation, now: float, led: Led) -> None:
        """Remembers what led the customer here, as long as a conversation."""
        self._put(conversation, keys.LED, msgspec.json.encode(led), now, states.STATE_S)

    def led(self, conversation: Conversation, now: float) -> Led | None:
        """What led the customer here and has not been told."""
        return self._held(conversation, keys.LED, now, Led)

    def drop_led(self, conversation: Conversation) -> None:
        """It has been told."""
        call(self._client.delete_item, TableName=self._name, Key=keys.item(conversation, keys.LED))

    def seen(self, conversation: Conversation, now: float, until_ms: int) -> None:
        """The customer's messages up to then are marked as seen."""
        call(
            self._client.update_item,
            TableName=self._name,
            Key=keys.item(conversation, keys.STATE),
            UpdateExpression="SET seen_ms = :ms, expires_at = :expires",
            ExpressionAttributeValues={":ms": {"N": str(until_ms)}, ":expires": states.expiry(now, states.STATE_S)},
        )

    def offer(self, conversation: Conversation, key: str, now: float, taps: Sequence[Tap]) -> None:
        """Remembers what a message offers, in order, until the conversation ends at its desk, or its state does."""
        made = {"made_ms": {"N": str(int(now * 1000))}}
        self._put(conversation, keys.offer(key), msgspec.json.encode(taps), now, states.STATE_S, made)

    def offered(self, conversation: Conversation, key: str, number: int) -> Tap | None:
        """The choice by its number; None where it is not remembered, or was offered before the last end."""
        row = self._get(conversation, keys.offer(key))
        taps = msgspec.json.decode(row.get("body", {}).get("S", "[]"), type=list[Tap])
        if number >= len(taps) or int(row.get("made_ms", {}).get("N", "0")) < self.standing(conversation).ended_ms:
            return None
        return taps[number]

    def keep_profile(self, conversation: Conversation, now: float, profile: Profile) -> None:
        """Remembers the profile until it is to be asked for anew."""
        self._put(conversation, keys.PROFILE, msgspec.json.encode(profile), now, self._profile_s)

    def profile(self, conversation: Conversation, now: float) -> Profile | None:
        """What was kept and is not too old."""
        return self._held(conversation, keys.PROFILE, now, Profile)

    def introduce(self, conversation: Conversation, desk: str, now: float) -> None:
        """The desk's register has the customer, for as long as their profile is not asked for anew."""
        self._put(conversation, keys.introduced(desk), b"true", now, self._profile_s)

    def introduced(self, conversation: Conversation, desk: str, now: float) -> bool:
        """Whether it has."""
        return self._held(conversation, keys.introduced(desk), now, bool) is not None

    def thread(self, conversation: Conversation) -> Thread:
        """What is remembered of the conversation; an empty Thread where nothing is."""
        return states.thread(self._get(conversation, keys.STATE))

    def is_ours(self, conversation: Conversation, platform_id: str) -> bool:
        """Whether we sent the message that the platform knows by this id."""
        return bool(self._get(conversation, keys.sent(platform_id)))

    def in_flight(self, conversation: Conversation, now: float) -> dict[str, Flight]:
        """Parts whose send has begun and of which nobody knows that they arrived, by their claims' items. Those that
        were given up as unconfirmed are among them: an echo may come late."""
        state = self._get(conversation, keys.STATE)  # first: from there parts go to their rows
        look = self._named if flights.complete(state, now) else self._looked_through
        begun = parts.opened(state)
        return {item: Flight(text=opening.text) for item, opening in begun.items()} | {
            item: Flight(text=row.get("text", {}).get("S", ""), given_up=row["state"] == {"S": "refused"})
            for item, row in look(conversation, state, now).items()
        }

    def _named(self, conversation: Conversation, state: Mapping[str, Any], now: float) -> dict[str, dict[str, Any]]:
        """The rows of the parts that the state names and that are on their way; the others leave it."""
        found = {item: self._get(conversation, item) for item in flights.named(state)}
        there = {item: row for item, row in found.items() if flights.on_its_way(row, now)}
        if over := [item for item in found.keys() - there.keys() if flights.ended(state, item, found[item], now)]:
            call(self._client.update_item, **flights.forgetting(self._name, conversation, over))
        return there

    def _looked_through(
        self, conversation: Conversation, state: Mapping[str, Any], now: float
    ) -> dict[str, dict[str, Any]]:
        """The same of all parts that there are, which the state names from now on."""
        all_of_them = self._claims(conversation, claims.OUTBOUND)
        there = {keys.name_of(row): row for row in all_of_them if flights.on_its_way(row, now)}
        if (state and flights.LISTED not in state) or there.keys() - set(flights.named(state)):
            call(self._client.update_item, **flights.naming(self._name, conversation, there, now, all_=True))
        return there

    def begun(self, conversation: Conversation, prefix: str) -> set[str]:
        """Claims that somebody has made, ended or not, whose items begin so."""
        return {keys.name_of(item) for item in self._claims(conversation, prefix) if "state" in item}

    def under_way(self, conversation: Conversation, now: float) -> bool:
        """Whether a customer's message is on its way to the desk, or its outcome unknown."""
        values = {**_OPEN, ":now": {"N": str(int(now))}}
        condition = "expires_at > :now AND #state IN (:leased, :doubt)"
        return next(self._claims(conversation, claims.INBOUND, condition, values), None) is not None

    def _claims(
        self, conversation: Conversation, prefix: str, condition: str = "", values: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The conversation's claims whose items begin so, and for which the condition holds, read page by page."""
        asked: dict[str, Any] = {}
        if condition:
            asked = {"FilterExpression": condition, "ExpressionAttributeNames": {"#state": "state"}}
        return rows.read(
            self._client,
            self._name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={
                ":pk": {"S": keys.partition(conversation)}, ":prefix": {"S": prefix}, **(values or {}),
            },
            ConsistentRead=True,
            **asked,
        )  # fmt: skip

    def tried(self, life: str, what: str, now: float) -> Tried:
        """Counts one try of an event's own, by what was tried."""
        counted = call(
            self._client.update_item,
            TableName=self._name,
            Key=keys.tries(life, what),
            UpdateExpression="SET since = if_not_exists(since, :now), expires_at = :expires ADD tries :one",
            ExpressionAttributeValues={
                ":now": {"N": str(now)},
                ":one": {"N": "1"},
                ":expires": states.expiry(now, REMEMBERED_S),
            },
            ReturnValues="ALL_NEW",
        )["Attributes"]
        return Tried(count=int(counted["tries"]["N"]), first_s=float(counted["since"]["N"]))

    def lock(self, name: str, now: float, lease_s: float, who: str = "") -> str | None:
        """A token of the lock, None while somebody else's lease runs. One that has run out is no hindrance."""
        return locks.take(self._client, self._name, name, now, lease_s, who)

    def prolong(self, name: str, token: str, now: float, lease_s: float) -> bool:
        """The lock's lease ends so long after now. False, and no effect, where another has it by now."""
        return locks.prolong(self._client, self._name, name, token, now, lease_s)

    def holder(self, name: str, now: float) -> Holder | None:
        """Who has the lock, None where nobody does."""
        return locks.holder(self._client, self._name, name, now)

    def unlock(self, name: str, token: str) -> None:
        """Gives the lock back before its lease ends. No effect where another has it by now."""
        locks.give_back(self._client, self._name, name, token)

    def accounts(self) -> list[Account | Unreadable]:
        """Every account, as Terraform wrote it. Raises Retryable."""
        # one that was just added is looked for
        return [
            accounts.account(row) for row in rows.under(self._client, self._name, keys.ACCOUNTS, ConsistentRead=True)
        ]

    def pause(self, channel: str, account: str, direction: Direction, now: float) -> None:
        """Has the account's events of the direction wait on their queue, for ten days at most. Raises Retryable."""
        pauses.begin(self._client, self._name, channel, account, direction, now)

    def resume(self, channel: str, account: str, direction: Direction) -> None:
        """Ends that. Raises Retryable."""
        pauses.end(self._client, self._name, channel, account, direction)

    def pauses(self, now: float) -> list[Pause]:
        """All that run. Raises Retryable."""
        return self.held(now)[0]

    def held(self, now: float) -> tuple[list[Pause], list[Away]]:
        """The pauses that run and the desks that are away, by one look. Raises Retryable."""
        there = list(rows.under(self._client, self._name, keys.PAUSED, ConsistentRead=True))
        return pauses.running(there, now), outages.running(there, now)

    def away(self, desk: str, now: float) -> Away:
        """Notes that the desk does not answer; since when. Raises Retryable."""
        return outages.note(self._client, self._name, desk, now)

    def back(self, desk: str) -> None:
        """Notes that it does. Raises Retryable."""
        outages.over(self._client, self._name, desk)

    def acknowledge(self, conversation: Conversation, told: Acknowledged, sent_ms: int) -> bool:
        """Notes that the customer is told that nobody can answer, before that is sent. False, and no effect, where
        they were told in this outage, or since they wrote (`sent_ms`, epoch ms)."""
        return acknowledgements.note(self._client, self._name, conversation, told, sent_ms)

    def unacknowledge(self, conversation: Conversation, told: Acknowledged) -> None:
        """It is known not to have been sent. No effect where another has been noted since."""
        acknowledgements.forget(self._client, self._name, conversation, told)

    def acknowledged(self, conversation: Conversation) -> Acknowledged | None:
        """What the customer was last told so; None where they never were."""
        return acknowledgements.of(self._get(conversation, keys.OUTAGE))

    def waiting(self, account: Account, before_ms: int) -> Iterator[tuple[Conversation, int]]:
        """The account's conversations whose customers have waited for an answer since before then (epoch ms), the
        longest first, and since when: the first message, by the platform's time, that no reply has followed. Read page
        by page from an index, which is some moments late."""
        return waiting.at(self._client, self._name, account, before_ms)

    def spend(self, conversation: Conversation, now: float, left: int, customer_ms: int) -> None:
        """So many messages may still follow the customer's newest, which is from then (epoch ms): somebody has to be
        told (see `closing`)."""
        closing.spend(self._client, self._name, conversation, now, left, customer_ms)

    def known(self, conversation: Conversation) -> Known:
        """What a comparison has to know of the conversation. Raises Retryable."""
        return compared.known(self._client, self._name, conversation)

    def comparison(self, account: Account, name: str) -> Comparison | None:
        """The account's comparison of that name, as far as it has come; None where there is none. Raises Retryable."""
        return compared.comparison(self._client, self._name, account, name)

    def keep_comparison(self, account: Account, name: str, now: float, held: Comparison) -> None:
        """Remembers how far it has come, for 30 days. Raises Retryable."""
        compared.keep(self._client, self._name, account, name, now, held)

    def all_of(self, conversation: Conversation) -> Iterator[Row]:
        """Everything that lies in the table of the conversation, read page by page. Tries lie by their event's life
        (no personal data) and are no conversation's."""
        return rows.of(self._client, self._name, conversation)

    def erase(self, conversation: Conversation) -> int:
        """Deletes all of that, 25 rows a call; answers how many. May be cut off and asked again at any time. With the
        claims goes what was done: an event that a platform or an operator sends again is new."""
        for key in (keys.spent(conversation), keys.held(conversation)):
            call(self._client.delete_item, TableName=self._name, Key=key)
        return rows.erase(self._client, self._name, conversation, self._pause)

    def forget(self, mark: str, erasure: Erasure, now: float) -> bool:
        """Remembers that the events with the mark are erased: as long as a queue and its dead letters may hold some.
        False, and no effect, where a later erasure is known: what that lets go must not come back."""
        fields = {"until_ms": {"N": str(erasure.until_ms)}, "open_s": {"N": str(erasure.open_s)}}
        row = {**keys.erased(mark), **fields, "expires_at": states.expiry(now, REMEMBERED_S)}
        return met(
            self._client.put_item,
            TableName=self._name,
            Item=row,
            ConditionExpression="attribute_not_exists(pk) OR until_ms <= :until",
            ExpressionAttributeValues={":until": fields["until_ms"]},
        )

    def erasures(self) -> dict[str, Erasure]:
        """Who was erased, by the marks of their events, and up to when."""
        found = rows.under(self._client, self._name, keys.ERASED, ConsistentRead=True)
        return {
            keys.name_of(row): Erasure(until_ms=int(row["until_ms"]["N"]), open_s=float(row["open_s"]["N"]))
            for row in found
        }

    def last_inbound_ms(self) -> dict[tuple[str, str], int]:
        """When a customer last wrote (epoch ms), by channel and account id, up to five minutes early. Reads a row per
        account."""
        return heard.last_ms(self._client, self._name)

    def _get(self, conversation: Conversation, item: str) -> dict[str, Any]:
        answer = call(
            self._client.get_item, TableName=self._name, Key=keys.item(conversation, item), ConsistentRead=True
        )
        return dict(answer.get("Item", {}))

    def _held(self, conversation: Conversation, item: str, now: float, kind: type[Kept]) -> Kept | None:
        """What the item keeps, None where that is over: the TTL deletes some days late."""
        row = self._get(conversation, item)
        if int(row.get("expires_at", {}).get("N", "0")) <= now:
            return None
        return msgspec.json.decode(row["body"]["S"], type=kind)

    def _put(
        self,
        conversation: Conversation,
        item: str,
        body: bytes,
        now: float,
        lifetime_s: int,
        more: Mapping[str, dict[str, str]] | None = None,
    ) -> None:
        fields: dict[str, Any] = {
            **keys.item(conversation, item),
            "body": {"S": body.decode()},
            "expires_at": states.expiry(now, lifetime_s),
            **(more or {}),
        }
        call(self._client.put_item, TableName=self._name, Item=fields)

    def _turn(self, conversation: Conversation, now: float, said: Said | None) -> list[TransactWriteItemTypeDef]:
        """What remembers the turn for the guards, where an account has any."""
        if said is None:
            return []
        from chalicelib.aws import guarding

        return [guarding.said(self._name, conversation, now, said)]

    def _transact(self, writes: list[TransactWriteItemTypeDef]) -> None:
        """Writes all or nothing. What it met (an echo's write, another worker's) is over in milliseconds, and what
        it tells has happened: so it is tried again here, not with the whole event. Raises Retryable, _Cancelled."""
        for wait_s in (*CONFLICT_PAUSES_S, None):
            try:
                call(self._client.transact_write_items, TransactItems=writes)
                return
            except Retryable:
                if wait_s is None:
                    raise
            except ClientError as error:
                if error.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if not reasons - {"None", "ConditionalCheckFailed"}:
                    raise _Cancelled from error
                if wait_s is None:
                    raise Retryable("table busy") from error
            self._pause(wait_s)


class _Cancelled(Exception):
    """A transaction's condition did not hold."""


_OPEN = {":leased": {"S": "leased"}, ":doubt": {"S": "doubt"}}
_IF_OPEN: Any = {
    "ConditionExpression": "#state IN (:leased, :doubt)",
    "ExpressionAttributeNames": {"#state": "state"},
}
