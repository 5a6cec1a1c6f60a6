"""The table's key grammar: every key is made here, and taken apart here.

    pk                                  sk                what
    CONV#channel#account#customer       IN#event          claim of a customer's event
    CONV#channel#account#customer       OUT#message#part  claim of one part of an agent's message
    CONV#channel#account#customer       SENT#platform id  a message that we sent, to know its echo
    CONV#channel#account#customer       STATE             seat, conversation ids, last customer message, comment, seen,
                                                          which app has it, the newest read that was shown,
                                                          parts of agents' messages that are under way (parts.py)
    CONV#channel#account#customer       OFFER#message     the choices that an agent's message offers
    CONV#channel#account#customer       PROFILE           what the platform tells of the customer
    CONV#channel#account#customer       INTRODUCED#desk   that the desk's register of customers has them
    CONV#channel#account#customer       LED               what led them here, until they write
    CONV#channel#account#customer       OUTAGE            that they were told that nobody can answer, and when
    CONV#channel#account#customer       TALK              what guards remember of the last turns, and of a hold
    CONV#channel#account#customer       MEMO#name         what channels and the front keep; no customer: account-wide
    CONV#channel#account#customer       SEAT#…            the key of the next, which names the customer
    SEAT#desk#the desk's conversation   CONVERSATION      whose it is, of a desk that does not tell that itself
    TRIES#life of an event              what              how often that was tried for the event's own sake
    LOCK#name                           LOCK              who may do what the name says, and until when
    PAUSED                              channel#id#…      an account's direction that an operator has paused
    PAUSED                              AWAY#desk         a desk that does not answer, since when
    HEARD                               channel#id        when a customer last wrote to the account
    SPENT                               channel#account#… where few messages may still follow a customer's
    HELD                                channel#account#… a conversation that a guard holds
    RULES                               a rule's name     an operator's rule against spam
    GUARDED                             day#channel#…     how often a guard did what, and why
    NEWCOMERS                           channel#id#span   how many wrote for the first time in a span of time
    RAN                                 a chore's name    when the chore last ran, and who is at it
    ERASED                              mark              up to when a customer's events were erased, and who waits
    COMPARED                            channel#id#name   how far a comparison of the account has come
    ACCOUNT                             channel#id        an account, written by Terraform

Every item but ACCOUNT and RULES carries `expires_at` (epoch s) for the table's TTL.

    index "waiting"       waits_at          waits_since       what
                          channel#account   epoch ms          the STATE of a conversation that waits for an answer

    index "sitting"       sits_at           asks_at           what
                          channel#account   epoch s           the STATE of a conversation that sits at a desk
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.vocabulary.records import Conversation, Seat
from chalicelib.wire import bounded

ACCOUNTS = "ACCOUNT"
PAUSED = "PAUSED"
ERASED = "ERASED"
HEARD = "HEARD"
RAN = "RAN"
SPENT = "SPENT"
COMPARED = "COMPARED"
HELD = "HELD"
RULES = "RULES"
GUARDED = "GUARDED"
_NEWCOMERS = "NEWCOMERS"
TALK = "TALK"
STATE = "STATE"
PROFILE = "PROFILE"
LED = "LED"
OUTAGE = "OUTAGE"
_AWAY = "AWAY#"
_MEMO = "MEMO#"
WAITING = "waiting"
_CONVERSATION = "CONV#"
_SEAT = "SEAT#"
_WHOSE = "CONVERSATION"
WAITS_AT = "waits_at"
WAITS_SINCE = "waits_since"
SITTING = "sitting"
SITS_AT = "sits_at"
ASKS_AT = "asks_at"
# As terraform/modules/aws/storage.tf makes the table; a test compares.
SCHEMA: Any = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": WAITS_AT, "AttributeType": "S"},
        {"AttributeName": WAITS_SINCE, "AttributeType": "N"},
        {"AttributeName": SITS_AT, "AttributeType": "S"},
        {"AttributeName": ASKS_AT, "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": WAITING,
            "KeySchema": [
                {"AttributeName": WAITS_AT, "KeyType": "HASH"},
                {"AttributeName": WAITS_SINCE, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
        {
            "IndexName": SITTING,
            "KeySchema": [
                {"AttributeName": SITS_AT, "KeyType": "HASH"},
                {"AttributeName": ASKS_AT, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
}


def item(conversation: Conversation, name: str) -> dict[str, Any]:
    """The key of what is remembered of the conversation under the name."""
    return _key(partition(conversation), name)


def partition(conversation: Conversation) -> str:
    """Under which everything of the conversation lies."""
    return f"{_CONVERSATION}{conversation.key}"


def sent(platform_id: str) -> str:
    """The name of a message of ours that the platform knows by this id."""
    return f"SENT#{bounded(platform_id)}"


def introduced(desk: str) -> str:
    """The name of that the desk's register has the customer."""
    return f"INTRODUCED#{desk}"


def offer(key: str) -> str:
    """The name of what a message offers."""
    return f"OFFER#{key}"


def memo(name: str) -> str:
    """The name of what a channel's adapters remember under that one."""
    return f"{_MEMO}{name}"


def memo_of(row: Mapping[str, Any]) -> str:
    """What the adapters call it."""
    return name_of(row).removeprefix(_MEMO)


def account(channel: str, identifier: str) -> str:
    """What an account is called, among the accounts and in the index."""
    return f"{channel}#{identifier}"


def heard(account: str) -> dict[str, Any]:
    """The key of when a customer last wrote to the account, which is named as above."""
    return _key(HEARD, account)


def seat(desk: str, conversation: str) -> dict[str, Any]:
    """The key of whose a desk's conversation is."""
    return _key(f"{_SEAT}{desk}#{bounded(conversation)}", _WHOSE)


def name_of_seat(key: Mapping[str, Any]) -> str:
    """What the pointer to that key is called among the rows of the conversation."""
    return str(key["pk"]["S"])


def pointed_to(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The key to which a row of a conversation's points, None where it is no pointer."""
    name = name_of(row)
    return _key(name, _WHOSE) if name.startswith(_SEAT) else None


def seat_of(row: Mapping[str, Any]) -> Seat | None:
    """To which of a desk's conversations a row of a conversation's points, None where it is no pointer. One whose id
    cannot be a key is its fingerprint."""
    if not name_of(row).startswith(_SEAT):
        return None
    _, desk, conversation = name_of(row).split("#", 2)
    return Seat(desk, conversation)


def tries(life: str, what: str) -> dict[str, Any]:
    """The key of how often something was tried in an event's life."""
    return _key(f"TRIES#{life}", what)


def lock(name: str) -> dict[str, Any]:
    """The key of the lock of that name."""
    return _key(f"LOCK#{name}", "LOCK")


def spent(conversation: Conversation) -> dict[str, Any]:
    """The key of how few messages may still follow the customer's."""
    return _key(SPENT, conversation.key)


def held(conversation: Conversation) -> dict[str, Any]:
    """The key of that a guard holds the conversation."""
    return _key(HELD, conversation.key)


def rule(name: str) -> dict[str, Any]:
    """The key of an operator's rule."""
    return _key(RULES, name)


def tally(day: str, channel: str, identifier: str, action: str, why: str) -> dict[str, Any]:
    """The key of how often the action was taken on that day, and why."""
    return _key(GUARDED, f"{day}#{account(channel, identifier)}#{action}#{why}")


def newcomers(channel: str, identifier: str, span: int) -> dict[str, Any]:
    """The key of how many wrote to the account for the first time in that span of time."""
    return _key(_NEWCOMERS, f"{account(channel, identifier)}#{span}")


def named(key: str) -> Conversation:
    """The conversation of that key (`Conversation.key`)."""
    channel, account, customer = key.split("#", 2)
    return Conversation(channel, account, customer)


def ran(chore: str) -> dict[str, Any]:
    """The key of when the chore last ran."""
    return _key(RAN, chore)


def pause(channel: str, identifier: str, direction: str) -> dict[str, Any]:
    """The key of an account's pause."""
    return _key(PAUSED, f"{account(channel, identifier)}#{direction}")


def erased(mark: str) -> dict[str, Any]:
    """The key of that the events with the mark were erased."""
    return _key(ERASED, mark)


def compared(channel: str, identifier: str, name: str) -> dict[str, Any]:
    """The key of an account's comparison of that name."""
    return _key(COMPARED, f"{account(channel, identifier)}#{name}")


def away(desk: str) -> dict[str, Any]:
    """The key of since when a desk does not answer. It lies among the pauses, so that one look finds both."""
    return _key(PAUSED, f"{_AWAY}{desk}")


def away_of(row: Mapping[str, Any]) -> str | None:
    """The desk's name, of such a row; None of a pause."""
    name = name_of(row)
    return name.removeprefix(_AWAY) if name.startswith(_AWAY) else None


def name_of(row: Mapping[str, Any]) -> str:
    """What the row is called in its partition: a claim's name, an account's channel#id."""
    return str(row["sk"]["S"])


def fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the row holds beside its key."""
    return {name: value for name, value in row.items() if name not in {"pk", "sk"}}


def conversation_of(row: Mapping[str, Any]) -> Conversation:
    """Whose the row is, of a partition of a conversation's. A customer's id that cannot be a key is its fingerprint,
    which is the same key."""
    return named(row["pk"]["S"].removeprefix(_CONVERSATION))


def owner(row: Mapping[str, Any]) -> Conversation | None:
    """Of which conversation the row tells, wherever it lies; None where it tells of none."""
    partition = str(row["pk"]["S"])
    if partition.startswith(_CONVERSATION):
        return conversation_of(row)
    if partition.startswith(_SEAT):
        return Conversation(*(row[name]["S"] for name in Conversation.__struct_fields__))
    return named(name_of(row)) if partition in {SPENT, HELD} else None


def outlives(row: Mapping[str, Any]) -> bool:
    """Whether the row means as much in another table: what it says is neither Terraform's nor about one moment."""
    return owner(row) is not None or row["pk"]["S"] in {HEARD, ERASED, RULES}


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
