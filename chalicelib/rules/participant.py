"""What flows, scripts and reports are told of a customer's message: the participant data of the conversation.

`NAMES` is in the order in which it matters, since the desk takes what fits first; docs/participant-data.md is written
from it, with the channels that there are in its places.
"""

from __future__ import annotations

from chalicelib.rules import harmless
from chalicelib.rules.windows import State
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.vocabulary.records import Account, Profile
from chalicelib.wire import LATEST_MS, iso

NAMES: dict[str, str] = {
    "source": "where it was written: {sources}; a mention counts as a comment",
    "channel": "the platform: {channels}",
    "accountId": "the platform's id of the brand's account",
    "username": "the customer's name on the platform, without the `@`",
    "profileUrl": "the customer's public page",
    "sentAt": "when the customer wrote, ISO 8601 in UTC",
    "windowExpiresAt": "until when an agent may answer, as far as is known here, ISO 8601 in UTC",
    "windowState": "what an agent may do now: `open`, `human_agent` (an agent may answer, a bot may not), "
    "`comment` (one private message, in answer to the comment), `closed` or `unknown`",
    "late": "`true` where the message came less than an hour before its window closes, and the account's `closing` is "
    "`raise`; else absent",
    "language": "the language of the account's settings: `en` or `es`",
    "adId": "the advertisement that led the customer here",
    "ref": "the `ref` of the link or advertisement that led the customer here",
    "adTitle": "that advertisement's title",
    "flowId": "the welcome flow of that advertisement",
    "productId": "the product of the shop that led the customer here",
    "refSource": "what led the customer here, in the platform's word: `ADS`, `SHORTLINK`, …",
    "postUrl": "the post that the customer commented on or mentions you in",
    "verified": "whether the platform has verified the customer: `true` or `false`",
    "followers": "how many people follow the customer",
    "follows": "whether the customer follows the account: `true` or `false`",
    "postId": "the platform's id of that post, where its address is not known",
    "guard": "why a [guard](front.md#guards) has noticed the message: `loop`, or the name of a rule",
    "guardAction": "what is made of that: `mark`, `low` or `hold` (it was held, and came later)",
    "priority": "`-1440` where a rule says `low`: behind whoever has waited for less than a day less",
}

# What is written by the clock into conversations whose customers wait, or have had almost all that they may be sent.
LATER: dict[str, str] = {
    "windowWarning": "within how many hours the window closes while the customer waits: `4`, `2`, `1`, unless set "
    "otherwise. It stays when somebody has answered: compare `windowExpiresAt`",
    "messagesLeft": "how many messages may still follow the customer's newest: `3`, `1` or `0`",
}
WINDOW_WARNING, MESSAGES_LEFT = LATER

LONGEST_VALUE = 500
# One point counts as a minute of waiting, and there are as many below 0 as above.
LOW_PRIORITY = "-1440"


def attributes(
    channel: About,
    account: Account,
    message: CustomerMessage,
    profile: Profile | None,
    expires_ms: int,
    state: State,
    late: bool = False,
) -> dict[str, str]:
    """The participant data: names of `NAMES`, in that order, none empty, each value at most 500 UTF-8 bytes.

    `channel` is the account's, `expires_ms` and `state` are the reply window's (see `rules.windows`), `late` tells
    whether the message comes too late for it. A longer text is
    cut between characters, a longer address is left out, since half of one leads nowhere.
    """
    known = profile or Profile()
    username = harmless.name(message.username or known.username)
    told = {name: harmless.name(value) for name, value in message.attributes.items()} | {
        "source": source(channel, public=message.public),
        "channel": account.channel,
        "accountId": account.id,
        "username": username,
        "profileUrl": message.profile_url or channel.page_of(username),
        "sentAt": moment(message.sent_ms),
        "windowExpiresAt": moment(expires_ms),
        "windowState": state,
        "late": "true" if late else "",
        "language": account.language,
        "priority": LOW_PRIORITY if message.attributes.get("guardAction") == "low" else "",
        "verified": _flag(known.verified),
        "followers": "" if known.followers is None else str(known.followers),
        "follows": _flag(known.follows) or message.attributes.get("follows", ""),
    }
    bounded = {name: _bounded(name, value) for name in NAMES if (value := told.get(name))}
    return {name: value for name, value in bounded.items() if value}


def source(channel: About, *, public: bool) -> str:
    """Where something was written, in a word."""
    return f"{channel.title}_{'Comment' if public else 'DM'}"


def nickname(message: CustomerMessage, profile: Profile | None) -> str:
    """The name under which the desk shows the customer: theirs, else their name on the platform; "" where there is
    none. A number is taken only where it is all there is, and the customer's id never."""
    known = profile or Profile()
    names = [harmless.name(name) for name in (known.name, message.username, known.username)]
    usable = [name for name in names if name and name != message.conversation.customer]
    return min(usable, key=str.isdecimal, default="")


def moment(milliseconds: int) -> str:
    """ISO 8601 in UTC, "" where there is no such moment."""
    return iso(milliseconds) if 0 < milliseconds <= LATEST_MS else ""


def _flag(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def _bounded(name: str, value: str) -> str:
    data = value.encode()
    if len(data) <= LONGEST_VALUE:
        return value
    return "" if name.endswith("Url") else data[:LONGEST_VALUE].decode(errors="ignore")
