"""What a customer's phone shows, as events: one bubble or one mark each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

Shown = dict[str, Any]
Side = Literal["customer", "brand"]
_NOTHING: Shown = {"text": "", "url": "", "choices": [], "cards": [], "about": "", "party": ""}


class Screen:
    """The phones of one channel's customers. `show` takes each event, `clock` answers epoch seconds."""

    def __init__(self, channel: str, show: Callable[[Shown], None], clock: Callable[[], float]) -> None:
        self._channel, self._show, self._clock = channel, show, clock
        self._serial = itertools.count(1)

    def tell(self, side: Side, account: str, customer: str, shown: Shown) -> None:
        """`shown` has the `kind`, and what of text, url, choices, cards, about and id there is; and the `party` as whom
        the bridge knows the customer, where that is another id."""
        who = {"channel": self._channel, "account": account, "customer": customer, "side": side}
        when = {"id": f"{self._channel}-{next(self._serial)}", "at_ms": int(self._clock() * 1000)}
        self._show(who | when | _NOTHING | {name: value for name, value in shown.items() if value})
