"""What led the customers here, kept until they write: one write, and in the steady state nothing is read."""

from __future__ import annotations

import msgspec

from chalicelib.errors import Retryable
from chalicelib.observability import Metrics
from chalicelib.pipeline.inbound.remembering import Remembered
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.vocabulary.messages import CustomerMessage, Led, led_here
from chalicelib.vocabulary.records import Conversation

# Another worker may have written since: who writes on and on is looked for this often (s).
AGAIN_S = 60.0
REMEMBERED = 10_000


class Leads:
    """By conversation, in the table, and what is known of it in memory."""

    def __init__(self, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._known: Remembered[Led] = Remembered(REMEMBERED)

    def keep(self, led: Led) -> None:
        """Remembers it for the customer's next message; what led here last counts. Raises Retryable."""
        self._ledger.keep_led(led.conversation, self._clock(), led)
        self._remember(led.conversation, led)
        self._metrics.count("led", channel=led.conversation.channel)

    def told(self, message: CustomerMessage) -> CustomerMessage:
        """The message with what led here. Never raises: a message does not wait for it."""
        led = self._of(message.conversation)
        if led is None:
            return message
        return msgspec.structs.replace(
            message,
            attributes=led.attributes | message.attributes,
            from_ad=message.from_ad or led.from_ad,
            lines=(*led_here(led.attributes), *message.lines),
        )

    def over(self, message: CustomerMessage) -> None:
        """The customer has written, and it was told. Never raises: the worst is that it is told twice."""
        _, led = self._known.get(message.conversation.key)
        if led is None:
            return
        try:
            self._ledger.drop_led(message.conversation)
        except Retryable:
            self._metrics.count("led_told_again", channel=message.conversation.channel)
        self._remember(message.conversation, None)

    def _of(self, conversation: Conversation) -> Led | None:
        until, led = self._known.get(conversation.key)
        if self._clock() < until:
            return led
        try:
            return self._remember(conversation, self._ledger.led(conversation, self._clock()))
        except Retryable:
            return led

    def _remember(self, conversation: Conversation, led: Led | None) -> Led | None:
        return self._known.keep(conversation.key, led, self._clock() + AGAIN_S)
