"""What flows, scripts and reports are told of a message, the reply window among it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Clock
from chalicelib.pipeline.presenting import remembered
from chalicelib.protocols.channel import Client
from chalicelib.rules import closing, windows
from chalicelib.rules.participant import attributes
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Seat

# The desk knows the customer from now on: what opens no window is closed, not unknown.
KNOWN = Seat(conversation="known")


class Facts:
    """Judges the window, and gathers what is known."""

    def __init__(self, channels: Mapping[str, About], clients: Mapping[str, Client], clock: Clock) -> None:
        self._channels = channels
        self._clients = clients
        self._clock = clock

    def enrich(self, draft: Draft) -> Draft:
        """The draft with its participant data. Never raises."""
        account, message = draft.account, draft.message
        policy, thread = self._clients[account.channel].window(account), remembered(message, KNOWN)
        now_ms = int(self._clock() * 1000)
        state, expires_ms = windows.state(policy, thread, now_ms), windows.expires_ms(policy, thread)
        late = closing.comes_late(account, expires_ms, now_ms)
        facts = attributes(self._channels[account.channel], account, message, draft.profile, expires_ms, state, late)
        return msgspec.structs.replace(draft, facts=draft.facts | facts)
