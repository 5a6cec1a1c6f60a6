"""Whether a send of unknown outcome arrived, by what the platform's own history of the conversation holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.errors import Refused
from chalicelib.vocabulary.messages import Kind
from chalicelib.vocabulary.replies import ChoicesPart, MediaPart, Part, TextPart

# How far the platform's clock may be behind ours (seconds); Meta tells whole seconds only.
MARGIN_S = 5.0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a history. `own` tells whether the brand's account sent it, at `sent_s` (epoch s, 0 where that is
    not told), `by_api` whether an app of the brand's did and not a person (None: not told). `mark` is what went
    out beside it, `text` its words, `kind` what it is where it is a file; "" and None where there is none."""

    id: str
    sent_s: float
    own: bool
    by_api: bool | None = None
    mark: str = ""
    text: str = ""
    kind: Kind | None = None


def found(
    held: Sequence[Held], whole: bool, part: Part, mark: str, since_s: float, taken: Callable[[str], bool]
) -> str | None:
    """The id of the message that the part became, None where there is none; see `Client.arrived`.

    `whole` tells whether `held` is all that the conversation has. Raises Refused where what is held does not reach
    back to the send, so that its absence says nothing.
    """
    begun = since_s - MARGIN_S
    ours = sorted(
        (message for message in held if message.own and message.sent_s >= begun), key=lambda message: message.sent_s
    )
    marked = next((message.id for message in ours if mark and message.mark == mark), None)
    free = [message for message in ours if not message.mark and message.by_api is not False]
    likely = marked or (_pictured(free, part, taken) if isinstance(part, MediaPart) else _worded(free, part, taken))
    if likely is None and not whole and all(message.sent_s >= begun for message in held if message.sent_s):
        raise Refused("unconfirmed", "the platform's history does not reach back to the send")
    return likely


def _worded(free: Sequence[Held], part: Part, taken: Callable[[str], bool]) -> str | None:
    """By its words: whoever sent the same ones meanwhile, the customer has them. A platform may trim them."""
    words = part.text.strip() if isinstance(part, (TextPart, ChoicesPart)) else ""
    return next(
        (message.id for message in free if words and message.text.strip() == words and not taken(message.id)), None
    )


def _pictured(free: Sequence[Held], part: MediaPart, taken: Callable[[str], bool]) -> str | None:
    """By its kind, which says nothing of what it shows: only where no other can be meant, a colleague's neither."""
    alike = [message for message in free if message.kind == part.kind and not taken(message.id)]
    return alike[0].id if len(alike) == 1 and alike[0].by_api else None
