"""What a channel can carry and a desk can take: data, from which the workers plan and docs/features.md is written."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.vocabulary.messages import Kind

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


class WindowPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a brand may answer (seconds).

    `open_s` after the customer wrote (None: without end); `human_agent_s` for a human author, under the platform's
    tag `human_agent_tag` (0: no longer than a bot); `ad_s` after an advertisement led the customer here (0: no
    difference); `comment_s` a comment may be answered by a message (0: never). `cap` is how many messages may follow
    one of the customer's: it only warns.
    """

    open_s: float | None
    human_agent_s: float = 0.0
    human_agent_tag: str = ""
    ad_s: float = 0.0
    comment_s: float = 0.0
    cap: int = 0


class MediaLimit(msgspec.Struct, frozen=True):
    """MIME types and the most bytes of a file; `larger` are those types of which a file may have more."""

    mimes: tuple[str, ...]
    size: int
    larger: dict[str, int] = {}

    def takes(self, mime: str, size: int) -> bool:
        """Whether a file of this type and so many bytes is taken."""
        return mime in self.mimes and size <= self.larger.get(mime, self.size)


class ChoicesLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A text with things to tap: how many, and the most characters of the text and of each title.
    `links` tells whether one may open a page."""

    count: int
    text: int
    title: int
    links: bool = False


class CardsLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Cards: how many, choices on each, and the most characters of title, description and each choice."""

    count: int
    title: int
    description: int
    choices: int
    choice: int


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform takes. `text_unit` is bytes (UTF-8) or characters. `media_by` tells whether it fetches
    a file from our URL or has to be given it; `links` whether a URL may stand in a text. `message_event` is the id of
    the event that brought a customer's message, with the platform's id of it in place of `{}`. `plain` is what the
    thread of a conversation is called that is not encrypted, "" where none is.
    """

    text_limit: int
    text_unit: Literal["bytes", "characters"]
    window: WindowPolicy
    media: dict[Kind, MediaLimit] = {}
    media_by: Literal["url", "upload"] = "url"
    links: bool = True
    quick_replies: ChoicesLimit | None = None
    buttons: ChoicesLimit | None = None
    cards: CardsLimit | None = None
    typing: bool = True
    seen: bool = True
    message_event: str = "message:{}"
    plain: str = ""

    def sealed(self, thread: str) -> bool:
        """Whether what goes into the thread goes encrypted, so that nothing of what it says is kept."""
        return self.plain != "" and thread not in {"", self.plain}


class DeskCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk takes, and what it does by itself.

    `text_limit` is how long one message may be, None where a text of any length is taken; `text_unit` is bytes (UTF-8)
    or characters. `media` tells the kinds, types and sizes of files that it takes, and whatever it does not take goes
    as a link; empty, everything is offered, and the desk itself refuses. `media_by` tells whether it fetches a file
    from our URL or has to be given it. `receipts` tells whether it can be told what became of an agent's message,
    `reads` whether also that the customer has read it, `notices` whether a line of the bridge's own may stand among the
    customer's messages, `priorities` whether a conversation that waits may be raised among the others, and marked.

    A `stateful` desk is given the seat that is remembered, and may tell no customer but its conversation; any other
    finds the customer's conversation itself. `lag_s` is how long after a message entered a conversation that is not
    known `Desk.find` may not see it yet (seconds). `reopens` tells whether a conversation that was over may go on under
    the same id, so that an end that the desk tells may be an old one: it counts where the desk, when asked, says so.
    `idempotent` tells that a message whose id it knows is not shown again, so that one of which nobody knows whether it
    was taken is given to it once more and looked for nowhere; `continues`, that a new conversation may show what was
    said in the one before, of which it is told; `registers`, that it keeps a register of customers, into which those
    who have written are put; `refuses_over`, that it refuses itself what must open nothing (`DeskMessage.opens`) where
    the conversation is over, so that nobody has to ask before.
    """

    text_limit: int | None = None
    text_unit: Literal["bytes", "characters"] = "characters"
    media: dict[Kind, MediaLimit] = {}
    media_by: Literal["url", "upload"] = "url"
    receipts: bool = True
    reads: bool = False
    notices: bool = True
    priorities: bool = False
    stateful: bool = False
    lag_s: float = 0.0
    reopens: bool = False
    idempotent: bool = False
    continues: bool = False
    registers: bool = False
    refuses_over: bool = False
