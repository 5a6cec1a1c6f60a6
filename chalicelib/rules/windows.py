"""Whether a brand may write to a customer now: pure, and advisory, since the platform's own refusal always wins.

Only a message of the customer's opens a window; a comment lets the brand answer once, by a message. A time that lies
ahead of our clock counts as now.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.errors import Reason
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import NOBODYS, Thread
from chalicelib.vocabulary.replies import Author

State = Literal["open", "human_agent", "closed", "comment", "unknown"]


class Allow(msgspec.Struct, frozen=True, kw_only=True):
    """It may be sent: with this tag of the platform's ("": none), and in answer to this comment ("": none)."""

    tag: str = ""
    comment: str = ""


class Closed(msgspec.Struct, frozen=True):
    """It may not be sent, for this reason."""

    reason: Reason


def decide(policy: WindowPolicy, thread: Thread, author: Author, now_ms: int) -> Allow | Closed:
    """Whether the author may write, by the policy that the channel has for the account."""
    comment = _unanswered(thread)
    if comment and _within(thread.comment_ms, policy.comment_s, now_ms):
        return Allow(comment=comment)
    if _within(thread.customer_ms, policy.open_s, now_ms):
        return Allow()
    if author == "human" and _within(thread.customer_ms, policy.human_agent_s, now_ms):
        return Allow(tag=policy.human_agent_tag)
    if _within(thread.ad_ms, policy.ad_s, now_ms):
        return Allow()
    # of whom nothing is remembered has not written for longer than any window, or never: whoever can sign for the desk
    # must not be able to write to anybody whose id they know
    return Closed(_why(thread))


def state(policy: WindowPolicy, thread: Thread, now_ms: int) -> State:
    """In one word, what a human agent may do now; "unknown" where nothing of the customer is remembered."""
    if _unheard_of(thread):
        return "unknown"
    verdict = decide(policy, thread, "human", now_ms)
    if isinstance(verdict, Closed):
        return "closed"
    if verdict.comment:
        return "comment"
    return "human_agent" if verdict.tag else "open"


def expires_ms(policy: WindowPolicy, thread: Thread) -> int:
    """Until when a human agent may answer what is known now; 0 where nothing lets them, or where it never ends."""
    lasting = [
        (thread.customer_ms, policy.open_s),
        (thread.customer_ms, policy.human_agent_s),
        (thread.ad_ms, policy.ad_s),
        (thread.comment_ms if _unanswered(thread) else 0, policy.comment_s),
    ]
    begun = [(since, length) for since, length in lasting if since > 0 and length != 0]
    ends = [since + int(length * 1000) for since, length in begun if length is not None]
    return max(ends, default=0) if len(ends) == len(begun) else 0


def _within(since_ms: int, length_s: float | None, now_ms: int) -> bool:
    """Whether what began then (epoch ms) still lasts; None is a length without end."""
    return since_ms > 0 and length_s != 0 and (length_s is None or now_ms - since_ms <= length_s * 1000)


def _unanswered(thread: Thread) -> str:
    """The comment that waits for its one answer; "" where the customer has written since, and a message will do."""
    waits = thread.comment != thread.answered and thread.comment_ms > thread.customer_ms
    return thread.comment if waits else ""


def _unheard_of(thread: Thread) -> bool:
    """Whether nothing of the customer is remembered."""
    return not (thread.seat != NOBODYS or thread.customer_ms or thread.ad_ms or thread.comment or thread.answered)


def _why(thread: Thread) -> Reason:
    if _unanswered(thread):
        return "comment_expired"
    if thread.answered and (thread.customer_ms == 0 or thread.comment_ms > thread.customer_ms):
        return "awaiting_answer"
    # a mention came, which the desk shows and nobody can answer
    return "window_closed" if thread.customer_ms or thread.ad_ms else "no_conversation"
