"""What can go wrong, told apart by what has to happen next."""

from __future__ import annotations

from typing import Literal


class Rejected(Exception):
    """A webhook that is not let in: answered with a 4xx, or with 503 where it could not be judged; counted, never
    stored."""

    def __init__(self, status: int, reason: str, advice: str = "") -> None:
        """`status` is the HTTP answer, `reason` the metric's label, `advice` what the operator may fix."""
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.advice = advice


class Malformed(Exception):
    """Bytes that are not what their sender documents; a retry cannot help."""


class Judged(Exception):
    """What the other side's answer was taken to mean. `unlisted` is its code where no table has it, "" otherwise."""

    unlisted: str = ""


class Retryable(Judged):
    """The call is known not to have happened; try again after `after_s` seconds (None: back off)."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_s = after_s


class Waiting(Retryable):
    """Not this event's turn yet, or an answer that is on its way is waited for: nothing of its budget is spent."""


class MoreMayCome(Waiting):
    """A text waits for those that may follow it, once, for exactly as long as it says."""


class BeingScanned(Waiting):
    """Nobody knows yet whether a file is harmless."""


class NoRoom(Waiting):
    """So many large files are held in memory that another one has to wait."""


class Misconfigured(Waiting):
    """Somebody has to set something right; until then everything that needs it waits. `advice` says what."""

    def __init__(self, reason: str, advice: str, after_s: float = 60.0) -> None:
        super().__init__(reason, after_s)
        self.advice = advice


class Unreachable(Retryable):
    """The other side is away: no connection, no answer, or one by which it says that it cannot work now."""


class RateLimited(Retryable):
    """The other side takes no more calls for now."""


class Throttled(RateLimited, Waiting):
    """It has told until when it takes none: a reply waits for that, and its agent is told where it takes long."""


class TokenRefused(Retryable):
    """The platform does not take the account's access token; nothing was sent. `advice` says how to get another."""

    def __init__(self, reason: str, after_s: float | None = None, advice: str = "") -> None:
        super().__init__(reason, after_s)
        self.advice = advice


SECRET_MENDS = (TokenRefused, Misconfigured)
"""What may be over once the account's secret holds something else."""


Reason = Literal[
    "window_closed", "awaiting_answer", "comment_expired", "one_message", "too_long", "no_conversation",
    "person_unavailable", "wrong_person", "other_app", "file_gone", "media_refused", "media_too_big",
    "media_threat", "media_unchecked",
    "account_disconnected", "rate_limited", "rejected_content", "unsupported", "unconfirmed", "other",
]  # fmt: skip


class Refused(Judged):
    """The other side said no for good, or we know that it would. `reason` tells the agent why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """`detail` is for logs and the receipt: the platform's code and words, no customer text."""
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


class AccountStopped(Refused):
    """The platform does not let the account send any more until somebody acts; `advice` says what to do."""

    def __init__(self, detail: str, advice: str) -> None:
        super().__init__("account_disconnected", detail)
        self.advice = advice


class Unfetched(Exception):
    """A file that cannot be had; `reason` is the catalogue's key of the sentence that says why."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """`detail` is for logs: host and size, never the URL, whose query may be a key."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Uncertain(Judged):
    """The request left, and nobody knows whether it happened. `answered` tells that the other side answered by an
    error of its own, which seldom hides a success; else no answer came."""

    def __init__(self, reason: str, *, answered: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answered = answered


class AlreadyThere(Exception):
    """The desk answered that it conflicts with what it holds (409); it may know this message already."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
