"""To whom a business may write on a simulated Instagram, and what is remembered of what it wrote."""

from __future__ import annotations

from typing import Any

from sandbox.simulators.instagram.graph import Account
from sandbox.simulators.instagram.inbox import Comment, Inbox, person
from sandbox.simulators.instagram.schema import NO_SUCH_USER, GraphError, SendBody

_DAY_S = 86400.0
_WINDOW_S = _DAY_S  # .../messenger-platform/policy: for most user actions it lasts 24 hours
_AD_S = 7 * _DAY_S  # the same page: after an advertisement it "may last up to 7 days"
_HUMAN_AGENT_S = 7 * _DAY_S  # .../instagram-platform/.../messaging-api: the human agent tag
_PRIVATE_REPLY_S = 7 * _DAY_S


def addressee(inbox: Inbox, account: Account, body: SendBody, now: float) -> str:
    """Who gets the message or the action, `now` in epoch seconds; GraphError where nobody may."""
    if body.recipient.comment_id is not None:
        return _comment(inbox, account, body.recipient.comment_id, now).author
    customer = str(body.recipient.id)
    key = account.ig_id, customer
    if key not in inbox.wrote and key not in inbox.addressed:
        raise GraphError(100, "No matching Instagram user", NO_SUCH_USER)
    tagged = body.tag == "HUMAN_AGENT" and account.human_agent
    if body.message is not None and not _within_window(inbox, key, now, tagged=tagged):
        outside = "This message is sent outside of allowed window."
        if account.login == "instagram":
            raise GraphError(10, outside, 2534022, status=403)
        raise GraphError(10, outside, 2018278)
    if body.reply_to and not _between(inbox, account, customer, body.reply_to.mid):
        raise GraphError(100, "Invalid parameter: reply_to.mid is no message of this conversation")
    return customer


def beside(body: SendBody, *, marks: bool) -> dict[str, Any]:
    """What echo and history tell of a message besides what it shows; `marks`: its metadata, too."""
    told: dict[str, Any] = {"reply_to": {"mid": body.reply_to.mid}} if body.reply_to else {}
    mark = (body.message or {}).get("metadata")
    return told | ({"metadata": mark} if marks and mark is not None else {})


def accept(
    inbox: Inbox, account: Account, customer: str, body: SendBody, mid: str, now: float, told: dict[str, Any]
) -> None:
    """Remember the message, and what is `told` beside it; GraphError where its comment was replied to meanwhile."""
    message = body.message or {}
    if body.recipient.comment_id is not None:
        _comment(inbox, account, body.recipient.comment_id, now).answered = True
        inbox.addressed.add((account.ig_id, customer))
    brand = {"id": account.ig_id, "username": account.username}
    inbox.keep(mid, brand, person(customer), message.get("text", ""), now, **told)
    inbox.sent[account.ig_id, customer, mid] = message


def _between(inbox: Inbox, account: Account, customer: str, mid: str) -> bool:
    held = inbox.messages.get(mid, {})
    sides = (held.get("from", {}).get("id"), *(one.get("id") for one in held.get("to", {}).get("data", ())))
    return set(sides) == {account.ig_id, customer}


def _within_window(inbox: Inbox, key: tuple[str, str], now: float, *, tagged: bool) -> bool:
    # .../messaging-api/private-replies: such a reply opens no window, only the person's answer does
    allowed = ((inbox.wrote, _HUMAN_AGENT_S if tagged else _WINDOW_S), (inbox.led, _AD_S))
    return any(key in since and now - since[key] <= seconds for since, seconds in allowed)


def _comment(inbox: Inbox, account: Account, comment_id: str, now: float) -> Comment:
    """The account's comment, if it may still be replied to: once, and within 7 days.

    .../messaging-api/private-replies
    """
    comment = inbox.comments.get(comment_id)
    if comment is None or comment.account != account.ig_id or comment.answered or now - comment.at > _PRIVATE_REPLY_S:
        raise GraphError(100, "The comment is invalid for a private reply", 2534025)
    return comment
