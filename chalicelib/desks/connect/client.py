"""Amazon Connect as the bridge calls it: a contact begins with a customer's first message, and lasts until it is over.

docs.aws.amazon.com/connect/latest/adminguide/chat-message-streaming.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from chalicelib.credentials import Secrets
from chalicelib.desks.connect.api import Calls, Places
from chalicelib.desks.connect.capabilities import (
    CAPABILITIES,
    LARGEST_MB,
    LONGEST_TEXT,
    MOST_MB,
    TEXT_LIMIT,
    media,
)
from chalicelib.desks.connect.contacts import Contacts, Terms
from chalicelib.desks.connect.content import EVENT
from chalicelib.desks.connect.problems import Conflict, Denied
from chalicelib.desks.connect.profiles import KIND, described
from chalicelib.desks.connect.session import Session, read
from chalicelib.errors import Refused, Retryable
from chalicelib.http import Answer, Outgoing
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.messages import Attachment, DeskMessage, Source
from chalicelib.vocabulary.records import Account, Profile, Seat, Urged
from chalicelib.vocabulary.replies import File, Receipt
from chalicelib.wire import digest

MESSAGE, RECEIPT = "/participant/message", "/participant/event"
UPLOAD, UPLOADED = "/participant/start-attachment-upload", "/participant/complete-attachment-upload"
FILE, PAST = "/participant/attachment", "/participant/transcript"
REGISTER = "/domains/{domain}/profiles/objects"
PLAIN = "text/plain"
ANSWERED = "application/vnd.amazonaws.connect.message.interactive.response"
DELIVERED, READ = (f"application/vnd.amazonaws.connect.event.message.{name}" for name in ("delivered", "read"))
# The longest that a file's URL may live: it is fetched at once.
FILE_S = 300
AMAZON = "amazonaws.com"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_TYPE = re.compile(r"(image|video|audio|text|application)/[a-z0-9.+-]{1,100}")


Found = TypeVar("Found")


class Over(Exception):
    """The contact has ended."""


class Connect:
    """A seat's conversation is the initial contact, its state the session with it."""

    def __init__(
        self,
        calls: Calls,
        contacts: Contacts,
        can: DeskCapabilities,
        files: str,
        clock: Callable[[], float],
        profiles: str = "",
    ) -> None:
        """`files` is the domain from which agents' files may come, `profiles` that of Customer Profiles."""
        self._calls = calls
        self._contacts = contacts
        self._files = files
        self._clock = clock
        self._profiles = profiles
        self.capabilities = can

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        """Into the seat's contact; into another one where that is over. See `Desk.deliver`."""
        session = read(seat.state) if seat.conversation else None
        if session is not None:
            try:
                return _at(seat, seat.conversation, self._put(session, message, known=True))
            except Over:
                pass
        if not message.opens:
            raise Refused("no_conversation", "the contact is over")
        contact, session = self._contacts.opened(account, message, seat, now)
        try:
            return _at(seat, contact, self._put(session, message, known=False))
        except Over:
            raise Retryable("the contact ended as it began") from None

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        """Never asked for: what Connect has, it does not show again."""
        return None

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        """That a message was delivered, or read; Connect has no word for one that was not, and a contact with more than
        two participants none at all. See `Desk.report`."""
        session = read(seat.state)
        if session is None or not receipt.delivered:
            return
        told = msgspec.json.encode({"messageId": receipt.message}).decode()
        kind, name = (READ, "read") if receipt.read else (DELIVERED, "delivered")
        event = {"ContentType": kind, "Content": told, "ClientToken": digest(name, receipt.message)[:40]}
        try:
            self._calls.participant(RECEIPT, self._fresh(session).connection, event)
        except (Denied, Over, Conflict):  # a receipt never is a sign that anything is over
            return

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        """Whether its transcript is shown, which that of a contact that is over is not. See `Desk.is_open`."""
        session = read(seat.state)
        if session is None:
            return False
        try:
            self._as(session, lambda token: self._calls.participant(PAST, token, {"MaxResults": 1}))
        except Over:
            return False
        return True

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        """Never asked for."""
        return "held"

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        """Into the domain of Customer Profiles. See `Desk.introduce`."""
        asked = {"ObjectTypeName": KIND, "Object": described(account, customer, profile)}
        self._calls.profiles(REGISTER.format(domain=self._profiles), asked)

    def source(self, file: File, seat: Seat) -> Source:
        """A new URL, which is signed and lives for minutes. Only the participant of a contact that goes on is given
        one. See `Desk.source`."""
        session = read(seat.state)
        if session is None:
            raise Refused("file_gone", "the contact is over")
        asked = {"AttachmentId": file.url, "UrlExpiryInSeconds": FILE_S}
        try:
            _, found = self._as(session, lambda token: self._calls.participant(FILE, token, asked))
        except Over:
            raise Refused("file_gone", "the contact is over") from None
        return Source(url=str(found.get("Url", "")), hosts=(self._files,))

    def _put(self, session: Session, message: DeskMessage, *, known: bool) -> Session:
        """Shows it, and answers the session after that. Raises Over."""
        session, _ = self._as(session, lambda token: self._show(token, message, known=known))
        return session

    def _as(self, session: Session, call: Callable[[str], Found]) -> tuple[Session, Found]:
        """Makes the call with the session's connection, or with a new one where that is not taken: whether its token
        has expired or the contact has ended, only that tells. Answers the session, too. Raises Over."""
        session = self._fresh(session)
        try:
            return session, call(session.connection)
        except Denied:
            session = self._renewed(session)
        try:
            return session, call(session.connection)
        except Denied:
            raise Over from None

    def _fresh(self, session: Session) -> Session:
        return self._renewed(session) if session.ends(self._clock()) else session

    def _renewed(self, session: Session) -> Session:
        try:
            return self._contacts.connected(session.participant, self._clock())
        except Denied:
            raise Over from None

    def _show(self, token: str, message: DeskMessage, *, known: bool) -> None:
        """The file first: what is refused then goes as a link, with the words, and nothing is shown twice."""
        if message.attachment:
            self._upload(token, message.id, message.attachment)
        kind, text = _said(message, self.capabilities, known=known)
        if text:
            with suppress(Conflict):  # an earlier try is under way there
                self._calls.participant(
                    MESSAGE, token, {"ContentType": kind, "Content": text, "ClientToken": message.id}
                )

    def _upload(self, token: str, message: str, file: Attachment) -> None:
        """StartAttachmentUpload, PUT, CompleteAttachmentUpload. Raises Refused where Connect does not take it."""
        asked = {
            "ContentType": file.mime,
            "AttachmentSizeInBytes": len(file.body),
            "AttachmentName": file.name,
            "ClientToken": digest("upload", message)[:40],
        }
        begun = self._calls.participant(UPLOAD, token, asked)
        put = _Upload.of(begun)
        answer = self._calls.put(put.url, put.headers, file.body)
        if answer.status in Answer.NOT_PROCESSED or answer.status >= 500:
            raise Retryable(f"Connect's bucket answers {answer.status}", answer.retry_after_s())
        done = {"AttachmentIds": [begun.get("AttachmentId", "")], "ClientToken": digest("uploaded", message)[:40]}
        # asked of a file that the bucket refuses, too: where an earlier try has put it, its place is closed by now
        try:
            self._calls.participant(UPLOADED, token, done)
        except Conflict:  # an earlier try has completed it
            return
        except Refused as no:
            raise Refused("media_refused", f"{no.detail}; the bucket answers {answer.status}") from no


class _Upload(msgspec.Struct, frozen=True):
    url: str = msgspec.field(name="Url")
    headers: dict[str, str] = msgspec.field(name="HeadersToInclude", default_factory=dict)

    @classmethod
    def of(cls, begun: dict[str, object]) -> _Upload:
        """Where the file goes. Raises Retryable where the answer does not tell."""
        try:
            return msgspec.convert(begun.get("UploadMetadata"), cls)
        except msgspec.ValidationError:
            raise Retryable("Connect answers without a place for the file") from None


def _at(seat: Seat, contact: str, session: Session) -> Seat:
    return msgspec.structs.replace(seat, conversation=contact, state=session.state)


def _said(message: DeskMessage, can: DeskCapabilities, *, known: bool) -> tuple[str, str]:
    """The content's type, and what it says: of a tap what was offered, where the contact knows of the offer and takes
    so long a text, which no template checks."""
    tap = message.tap
    if tap and known and fits(tap.payload, can):
        answers = tap.payload.startswith(EVENT)
        return (ANSWERED, tap.payload.removeprefix(EVENT)) if answers else (PLAIN, tap.payload)
    return PLAIN, message.text or (tap.text if tap else "")


def fits(text: str, can: DeskCapabilities) -> bool:
    """Whether one message may be so long."""
    return can.text_limit is None or len(text if can.text_unit == "characters" else text.encode()) <= can.text_limit


def open_desk(
    http: Outgoing,
    secrets: Secrets,
    refresh: Callable[[str], bool],
    setting: Callable[[str], str],
    clock: Callable[[], float],
) -> Connect:
    """The desk over that session, which signs for it. See `OpenDesk`."""
    topic = setting("connect_topic")
    places = Places(
        topic=topic,
        api=setting("connect_api"),
        participant_api=setting("connect_participant_api"),
        profiles_api=setting("connect_profiles_api"),
    )
    read = Reading(setting)
    profiles = read.name("connect_profiles_domain")
    terms = Terms(
        instance=setting("connect_instance").rpartition("/")[2],
        flow=setting("connect_flow"),
        topic=topic,
        minutes=read.number("connect_chat_minutes", (0, *range(60, 10_081))),
        types=read.types("connect_content_types"),
        one_call=read.choice("connect_one_call"),
        persistent=read.choice("connect_persistent"),
        registers=profiles != "",
    )
    can = msgspec.structs.replace(abilities(read), continues=terms.persistent, registers=terms.registers)
    calls = Calls(http, places, clock)
    contacts = Contacts(calls, msgspec.structs.replace(terms, wrong="; ".join(read.wrong)))
    host = urlsplit(places.participant_api).hostname or AMAZON
    return Connect(calls, contacts, can, AMAZON if host.endswith(AMAZON) else host, clock, profiles)


def abilities(read: Reading) -> DeskCapabilities:
    """What the instance takes, as the settings say."""
    limit = read.number("connect_text_limit", range(1, LONGEST_TEXT + 1)) or TEXT_LIMIT
    largest_mb = read.number("connect_file_mb", range(1, MOST_MB + 1)) or LARGEST_MB
    return msgspec.structs.replace(
        CAPABILITIES,
        text_limit=limit,
        text_unit="characters" if limit <= TEXT_LIMIT else "bytes",
        media=media(read.kinds("connect_more_files"), largest_mb),
    )


class Reading:
    """Reads settings. One that cannot be read is told to whoever begins a contact: other desks work on without it."""

    def __init__(self, setting: Callable[[str], str]) -> None:
        self._setting = setting
        self.wrong: list[str] = []

    def number(self, name: str, allowed: Collection[int]) -> int:
        """A whole number, 0 where it is none of those that are allowed."""
        text = self._setting(name)
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else -1
        if number in allowed:
            return number
        self._refuse(name, f"{min(filter(None, allowed))} to {max(allowed)}")
        return 0

    def choice(self, name: str) -> bool:
        """Yes or no."""
        if self._setting(name) not in {"true", "false"}:
            self._refuse(name, "true or false")
        return self._setting(name) == "true"

    def name(self, name: str) -> str:
        """A name of letters, figures, - and _, which stands in an address; "" where there is none."""
        text = self._setting(name)
        if not text or (len(text) <= 64 and _NAME.fullmatch(text)):
            return text
        self._refuse(name, "up to 64 letters, figures, - and _")
        return ""

    def kinds(self, name: str) -> tuple[str, ...]:
        """Types of files, none where one of them is no type."""
        told = self._list(name)
        if all(_TYPE.fullmatch(one) for one in told):
            return told
        self._refuse(name, "types of files with commas between them, such as image/gif")
        return ()

    def types(self, name: str) -> tuple[str, ...]:
        """The types of content, among which plain text has to be."""
        told = self._list(name)
        if PLAIN not in told:
            self._refuse(name, f"types with commas between them, {PLAIN} among them")
        return told

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, map(str.strip, self._setting(name).split(","))))

    def _refuse(self, name: str, wants: str) -> None:
        self.wrong.append(f"DMDESK_{name.upper()} is {self._setting(name)[:40]!r} and should be {wants}")
