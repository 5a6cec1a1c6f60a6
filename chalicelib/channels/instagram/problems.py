"""Meta's error codes, and what each means to a message.

developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes, but where a row says otherwise
"""

from __future__ import annotations

from chalicelib.channels.base import Verdict

_RECONNECT = "connect the account again: Instagram settings > Connected tools, or the app's login"
_RESTRICTED = "Meta restricts the account: see Account Status in Instagram and Business Support Home"
_PERMISSION = "the app lacks a permission or its review: App dashboard > App review, and the account's access"

_WINDOW = Verdict(action="refuse", reason="window_closed")
_UNAVAILABLE = Verdict(action="refuse", reason="person_unavailable")
_NOBODY = Verdict(action="refuse", reason="wrong_person")
_MEDIA = Verdict(action="refuse", reason="media_refused")
_COMMENT = Verdict(action="refuse", reason="comment_expired")
_GONE = Verdict(action="refuse", reason="no_conversation")
# the owner or the routing has given the thread to another app; trying again would hold up what follows
_OTHER_APP = Verdict(action="refuse", reason="other")
_STOP_RECONNECT = Verdict(action="stop", reason="account_disconnected", advice=_RECONNECT)
_STOP_RESTRICTED = Verdict(action="stop", reason="account_disconnected", advice=_RESTRICTED)
_STOP_PERMISSION = Verdict(action="stop", reason="account_disconnected", advice=_PERMISSION)
_RATE = Verdict(action="retry", reason="rate_limited")
_PASSING = Verdict(action="retry")

OTHER = Verdict(action="refuse")
"""A code that is not in the table."""
TRANSIENT = _PASSING
"""A code that is not in the table and that Meta marks `is_transient`."""
TOO_MANY = _RATE
"""HTTP 429, whatever the code."""

VERDICTS: dict[tuple[int, int], Verdict] = {
    # outside the window
    (10, 2534022): _WINDOW, (10, 2018278): _WINDOW, (10, 2018065): _WINDOW,
    # the person blocked the account, turned messages off, or is gone; 551 comes with and without a subcode
    (10, 2018108): _UNAVAILABLE, (200, 1545041): _UNAVAILABLE, (551, 0): _UNAVAILABLE,
    # no consent: a person who only commented has no profile for us
    (230, 0): _UNAVAILABLE,
    # no such person for this account; 33 is the Graph API's "object does not exist"
    (100, 2534014): _NOBODY, (100, 2018001): _NOBODY, (100, 33): _NOBODY, (9010, 0): _NOBODY,
    # the owner archived or deleted the thread: seen in production, not in Meta's table
    (2534001, 0): _GONE, (100, 2534001): _GONE,
    (100, 2534015): Verdict(action="refuse", reason="rejected_content"),
    # a file that Meta cannot fetch (2018008, 2018294 after 75 s), cannot use (2018074), or is another kind (2018047)
    (100, 2018008): _MEDIA, (100, 2018294): _MEDIA, (100, 2018074): _MEDIA, (100, 2018047): _MEDIA,
    (100, 2018109): Verdict(action="refuse", reason="media_too_big"),
    # a private reply that comes too late or a second time; the two codes are seen on Pages
    (100, 2534025): _COMMENT, (10900, 0): _COMMENT, (10903, 0): _COMMENT,
    (100, 2534037): _OTHER_APP, (100, 2018300): _OTHER_APP, (100, 2018321): _OTHER_APP,
    # the Page's link, its two-factor rule, or "Allow access to messages"
    (10, 2534077): _STOP_RECONNECT, (100, 2534013): _STOP_RECONNECT, (200, 2534041): _STOP_RECONNECT,
    (10, 1893063): _STOP_RESTRICTED, (100, 2534029): _STOP_RESTRICTED,
    (368, 0): _STOP_RESTRICTED, (2022, 0): _STOP_RESTRICTED,
    (3, 0): _STOP_PERMISSION, (10, 0): _STOP_PERMISSION, (200, 0): _STOP_PERMISSION,
    (200, 2018028): _STOP_PERMISSION,
    # 460 the password changed, 463 the token expired: another one may be in the secret by then
    (190, 0): Verdict(action="token", after_s=60, advice=_RECONNECT),
    # developers.facebook.com/docs/graph-api/overview/rate-limiting
    (4, 0): _RATE, (17, 0): _RATE, (32, 0): _RATE, (613, 0): _RATE, (80002, 0): _RATE, (80006, 0): _RATE,
    # "abuse warning": too many messages to one person
    (613, 2018338): Verdict(action="retry", reason="rate_limited", after_s=60),
    (1, 0): _PASSING, (1, 99): _PASSING, (2, 0): _PASSING, (2, 1545133): _PASSING,
    # "Received invalid JSON reply": Meta says that the message was sent all the same
    (1, 1357046): Verdict(action="uncertain", reason="unconfirmed"),
}  # fmt: skip
"""By code and subcode; a subcode of 0 stands for any that has no row of its own."""
