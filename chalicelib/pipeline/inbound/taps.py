"""A choice that was tapped, as the desk offered it."""

from __future__ import annotations

import msgspec

from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Ledger
from chalicelib.rules.planning import read_token


class Taps:
    """Looks taps up among what was offered."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def enrich(self, draft: Draft) -> Draft:
        """The draft with the choice, where its message is a tap on something that we offered. Raises Retryable."""
        token = read_token(draft.message.tap)
        if not token:
            return draft
        return msgspec.structs.replace(draft, tap=self._ledger.offered(draft.message.conversation, *token))
