"""How a contact is begun: once, whoever tries, however often.

Every try at an empty seat's generation bears the same ClientToken, with which Connect answers the contact that it has
begun already, also one that has ended meanwhile: then, and only then, a second one is begun, and after that one an
hour, as a flow that ends its contacts at once may be mended. API reference, StartChatContact.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from chalicelib.desks.connect.api import Calls
from chalicelib.desks.connect.problems import ENDPOINT, Absent, Conflict, Denied
from chalicelib.desks.connect.profiles import key
from chalicelib.desks.connect.session import Session, connected
from chalicelib.errors import Misconfigured, Refused, Retryable, Waiting
from chalicelib.observability import log
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import Account, Seat
from chalicelib.wire import digest

START, STREAM, JOIN = "/contact/chat", "/contact/start-streaming", "/participant/connection"
CREDENTIALS = ["CONNECTION_CREDENTIALS"]
# A chat that has ended can be gone on with after so long: "Enable persistent chat" in the administrator's guide.
SETTLED_S = 60.0
TRIES = 2
HOUR_S = 3600
ATTRIBUTES_LIMIT = 32_768
# 256 bytes at the most, however a name is written
LONGEST_NAME, LONGEST_CUSTOMER = 64, 128
# What the attribute is called that holds the customer's key in the register.
PROFILE = "profileKey"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
ENDED = (
    "see what the flow does with a chat: one that ends it at once, as outside of business hours, shows agents nothing; "
    f"another is begun within the hour. Or: {ENDPOINT}"
)
DEFAULTS = (
    "Connect does not take connect_chat_minutes or connect_persistent as they are set: the chat was begun with its own "
    "25 hours, and without the past"
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What every contact of the deployment has. `minutes` is how long it may last, 0 for Connect's own; `one_call`
    begins, streams and connects it at once, `persistent` shows agents what was said before. `wrong` tells which
    settings cannot be read, "" for none. `registers` has a contact bear its customer's key in the register."""

    instance: str
    flow: str
    topic: str
    minutes: int
    types: tuple[str, ...]
    one_call: bool = False
    persistent: bool = False
    registers: bool = False
    wrong: str = ""


class Contacts:
    """Begins contacts."""

    def __init__(self, calls: Calls, terms: Terms) -> None:
        self._calls = calls
        self._terms = terms

    def opened(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> tuple[str, Session]:
        """The contact that takes the place of what the seat had, and the session with it. Raises Retryable (Waiting,
        where the past is still being written, and Misconfigured among it) or Refused."""
        if self._terms.wrong:
            raise Misconfigured("Connect's settings", self._terms.wrong)
        source = self._source(message, seat, now)
        # the generation of the empty seat, which it is by now where the contact's end has been told meanwhile
        vacancy = seat.generation + (1 if seat.conversation else 0)
        for name in (*map(str, range(TRIES)), f"hour {int(now // HOUR_S)}"):
            token = digest("contact", account.channel, account.id, message.customer, str(vacancy), name)
            begun = self._begun(account, message, token, source)
            try:
                return str(begun["ContactId"]), self._joined(begun, now)
            except Denied:  # it has ended since an earlier try
                continue
        raise Misconfigured("Connect lets nobody into contacts that it has just begun", ENDED)

    def connected(self, participant: str, now: float, *, joins: bool = False) -> Session:
        """A new connection of the participant's; `joins` tells Connect that they are there, which a customer without a
        websocket has to within five minutes. Raises Denied."""
        asked: dict[str, Any] = {"Type": CREDENTIALS} | ({"ConnectParticipant": True} if joins else {})
        return connected(participant, self._calls.participant(JOIN, participant, asked), now)

    def _source(self, message: DeskMessage, seat: Seat, now: float) -> str:
        """The contact whose past is shown, "" for none."""
        if not self._terms.persistent:
            return ""
        # of one whose end nobody has told, it was before the customer wrote, or little later
        ended_ms = message.sent_ms if seat.conversation else message.former_ms
        left_s = min(SETTLED_S, ended_ms / 1000 + SETTLED_S - now)
        if (seat.conversation or message.former) and left_s > 0:
            raise Waiting("Connect still writes down the chat before", left_s)
        return seat.conversation or message.former

    def _begun(self, account: Account, message: DeskMessage, token: str, source: str) -> dict[str, Any]:
        terms, flow = self._terms, account.options.get("flow") or self._terms.flow
        asked: dict[str, Any] = {
            "InstanceId": terms.instance,
            "ContactFlowId": _id(flow),
            "ClientToken": token,
            "ParticipantDetails": {"DisplayName": (message.nickname.strip() or "Customer")[:LONGEST_NAME]},
            "Attributes": fitting(self._bears(account, message)),
            "SupportedMessagingContentTypes": list(terms.types),
            "ParticipantConfiguration": {"ResponseMode": "COMPLETE"},
        }
        if len(message.customer) <= LONGEST_CUSTOMER:
            asked["CustomerId"] = message.customer
        if terms.one_call:
            asked |= {"ConnectionTypes": CREDENTIALS, "ChatStreamingConfiguration": _streaming(terms.topic)}
        wished: dict[str, Any] = {"ChatDurationInMinutes": terms.minutes} if terms.minutes else {}
        if source:
            wished["PersistentChat"] = {"RehydrationType": "ENTIRE_PAST_SESSION", "SourceContactId": source}
        begun = self._started(asked, wished)
        if not (isinstance(begun.get("ContactId"), str) and isinstance(begun.get("ParticipantToken"), str)):
            raise Retryable("Connect answers without a contact")
        return begun

    def _bears(self, account: Account, message: DeskMessage) -> dict[str, str]:
        """By the key a flow finds the customer in the register: it comes first, so that it always fits."""
        told = {PROFILE: key(account, message.customer)} if self._terms.registers else {}
        return told | message.attributes

    def _started(self, asked: dict[str, Any], wished: dict[str, Any]) -> dict[str, Any]:
        """The contact, without what was wished where that is what Connect does not take: not every instance lets a
        duration be set, and not every chat that is over can be gone on with."""
        try:
            return self._calls.instance("PUT", START, asked | wished)
        except (Refused, Absent) as no:
            if not wished:
                raise
            begun = self._calls.instance("PUT", START, asked)
            log.warning("a chat was begun with defaults", reason=str(no), advice=DEFAULTS)
            return begun

    def _joined(self, begun: dict[str, Any], now: float) -> Session:
        """Streams the contact, and connects its customer. Raises Denied where it has ended."""
        participant, contact = str(begun["ParticipantToken"]), str(begun["ContactId"])
        if self._terms.one_call and begun.get("ConnectionCredentials"):
            return connected(participant, begun, now)
        problem = None if self._terms.one_call else self._streamed(contact)
        session = self.connected(participant, now, joins=True)
        if problem:
            raise problem
        return session

    def _streamed(self, contact: str) -> Refused | Misconfigured | None:
        """Why the contact cannot be streamed, which may be that it has ended: that is told by who tries to enter."""
        terms = self._terms
        asked = {
            "InstanceId": terms.instance,
            "ContactId": contact,
            "ChatStreamingConfiguration": _streaming(terms.topic),
            "ClientToken": digest("stream", contact),
        }
        try:
            self._calls.instance("POST", STREAM, asked)
        except Conflict:  # it is streamed already
            return None
        except (Refused, Misconfigured) as problem:
            return problem
        return None


def _streaming(topic: str) -> dict[str, str]:
    return {"StreamingEndpointArn": topic}


def _id(arn: str) -> str:
    """The id in an ARN; an id is its own."""
    return arn.rpartition("/")[2]


def fitting(attributes: dict[str, str]) -> dict[str, str]:
    """The attributes in their order up to 32,768 bytes; empty ones, any that does not fit, and any whose name Connect
    does not take are left out."""
    kept: dict[str, str] = {}
    used = 0
    for name, value in attributes.items():
        size = len(name.encode()) + len(value.encode(errors="replace"))
        if value and _NAME.fullmatch(name) and used + size <= ATTRIBUTES_LIMIT:
            used += size
            kept[name] = value
    return kept
