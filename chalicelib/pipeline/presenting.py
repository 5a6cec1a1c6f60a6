"""What the agent reads of a customer's event: the bridge's words in the account's language, then the customer's own."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.rules.catalogue import say
from chalicelib.rules.harmless import fact, imitates, name
from chalicelib.rules.participant import nickname
from chalicelib.vocabulary.messages import Attachment, CustomerMessage, DeskMessage, Line, Tap
from chalicelib.vocabulary.records import NOBODYS, Account, Profile, Seat, Thread
from chalicelib.wire import digest

NO_PROFILE = Profile()


def words(account: Account, lines: Sequence[Line], text: str) -> str:
    """The lines in the account's language and the text, one under the other. A text that could be taken for lines of
    the bridge's is told to be none."""
    if imitates(text):
        lines = [*lines, Line("theirs")]
    told = [
        say(account.language, line.key, **{place: fact(value) for place, value in line.facts.items()}) for line in lines
    ]
    return "\n".join([*told, text] if text else told)


def desk_id(account: Account, event: str) -> str:
    """The id under which the desk gets an event, the same on every try: 40 characters, because the platform's
    own ids are up to 255 long and a desk may tell no limit."""
    return digest(account.channel, account.id, event)[:40]


def desk_message(
    account: Account,
    message: CustomerMessage,
    attributes: dict[str, str],
    profile: Profile | None = None,
    attachment: Attachment | None = None,
    tap: Tap | None = None,
) -> DeskMessage:
    """The customer's message as the desk takes it."""
    known = profile or NO_PROFILE
    return DeskMessage(
        id=desk_id(account, message.id),
        customer=message.conversation.customer,
        sent_ms=message.sent_ms,
        text=words(account, message.lines, message.text),
        nickname=nickname(message, profile),
        first_name=name(known.name).partition(" ")[0],
        avatar=known.avatar,
        attributes=attributes,
        attachment=attachment,
        tap=tap,
    )


def line_message(account: Account, event: str, customer: str, sent_ms: int, text: str) -> DeskMessage:
    """Something that is shown in an open conversation: a note, an echo, a notice."""
    return DeskMessage(
        id=desk_id(account, event), customer=customer, sent_ms=sent_ms, text=text, nickname="", attributes={}
    )


def remembered(message: CustomerMessage, seat: Seat = NOBODYS, *, replies: int = 0) -> Thread:
    """What the conversation remembers of the message that was shown at the seat, and that so many messages of ours have
    followed."""
    return Thread(
        seat=seat,
        platform=message.platform_thread,
        customer_ms=message.sent_ms if message.starts_window else 0,
        ad_ms=message.sent_ms if message.from_ad else 0,
        comment=message.comment,
        comment_ms=message.sent_ms if message.comment else 0,
        replies=replies,
    )
