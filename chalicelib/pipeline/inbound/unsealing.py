"""What came encrypted, opened, or the line that agents read in its place.

What it says exists from here on in this worker alone, and at the desk: nothing of it is written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.errors import AccountStopped, Misconfigured, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.ports import Arrival, SecretCache
from chalicelib.protocols.memory import Memory
from chalicelib.protocols.unsealing import NoKeys, Unopened, Unsealing
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.capabilities import DAY_S
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Ignored, Line, Sealed
from chalicelib.vocabulary.records import Account

UNREADABLE = "unreadable"


class Opening:
    """Opens what is sealed, for a short while only: a conversation must not stand still for a key that nobody sends."""

    def __init__(
        self,
        *,
        unsealings: Mapping[str, Unsealing],
        channels: Mapping[str, About],
        memory: Memory,
        secrets: SecretCache,
        budgets: Budgets,
        metrics: Metrics,
    ) -> None:
        """`unsealings` and `channels` by the channels' names."""
        self._unsealings = unsealings
        self._channels = channels
        self._memory = memory
        self._secrets = secrets
        self._budgets = budgets
        self._metrics = metrics

    def opened(self, arrival: Arrival, happened: Sequence[CustomerEvent]) -> list[CustomerEvent]:
        """What happened, with all of it opened. Raises Retryable."""
        read: list[CustomerEvent] = []
        for happening in happened:
            read += self._one(arrival, happening) if isinstance(happening, Sealed) else [happening]
        return read

    def peeked(self, account: Account, happened: Sequence[CustomerEvent]) -> list[CustomerEvent]:
        """The same of an event whose turn has not come: what cannot be opened now is left as it is. Never raises."""
        read: list[CustomerEvent] = []
        for happening in happened:
            try:
                if isinstance(happening, Sealed):
                    read += self._unsealings[account.channel].opened(account, happening)
                else:
                    read.append(happening)
            except Exception as error:  # it is dealt with, whatever it is, when its turn comes
                log.info("not to be had", kind="sealed", error=where(error), account=account.id)
                read.append(happening)
        return read

    def _one(self, arrival: Arrival, sealed: Sealed) -> list[CustomerEvent]:
        account = arrival.account
        try:
            with new_codes(self._metrics, account.channel):
                return self._read(account, sealed)
        except NoKeys as no:
            return [self._unreadable(account, sealed, no)]
        except Unopened as no:
            reason = no.reason
        except Misconfigured:
            self._secrets.refresh(account.secret)
            raise
        except Refused as no:
            reason = no.reason
            if isinstance(no, AccountStopped):
                self._metrics.count("account_stopped", account=account.id)
                log.error("account stopped", account=account.id, reason=no.detail, advice=no.advice)
        except (Retryable, Uncertain) as error:
            self._secrets.refresh(account.secret)  # where the account has got other keys, or another token
            if not self._budgets.spent(arrival.turn, "sealed"):
                raise Retryable(f"sealed: {error.reason}", getattr(error, "after_s", None)) from error
            reason = "no_key"
        return [self._unopened(account, sealed, reason)]

    def _read(self, account: Account, sealed: Sealed) -> list[CustomerEvent]:
        """What was sealed. Of an account that seems to have no keys it is looked whether it has got some just now."""
        unsealing = self._unsealings[account.channel]
        try:
            return unsealing.opened(account, sealed)
        except NoKeys:
            if not self._secrets.refresh(account.secret):
                raise
            return unsealing.opened(account, sealed)

    def _unopened(self, account: Account, sealed: Sealed, reason: str) -> CustomerEvent:
        self._metrics.count("sealed_unopened", channel=account.channel, reason=reason)
        log.warning("not opened", event=sealed.id, reason=reason, account=account.id)
        if sealed.own or sealed.silent:
            return Ignored("sealed_unopened")
        return stand_in(sealed, self._line("sealed_unopened", account))

    def _unreadable(self, account: Account, sealed: Sealed, no: NoKeys) -> CustomerEvent:
        """Once a day for each customer: a line for the agents, and advice for the operator."""
        if sealed.own or sealed.silent:
            return Ignored("sealed_no_keys")
        event = sealed.id.encode()
        if self._memory.keep_first(sealed.conversation, UNREADABLE, event, DAY_S) != event:
            return Ignored("sealed_no_keys")
        self._metrics.count("sealed_no_keys", account=account.id)
        log.error("no keys", account=account.id, event=sealed.id, advice=str(no))
        return stand_in(sealed, self._line("sealed_no_keys", account))

    def _line(self, key: str, account: Account) -> Line:
        return Line(key, {"platform": self._channels[account.channel].title})


def stand_in(sealed: Sealed, *lines: Line) -> CustomerMessage:
    """What is shown in the place of a message that nobody here can read."""
    return CustomerMessage(
        id=sealed.id,
        conversation=sealed.conversation,
        sent_ms=sealed.sent_ms,
        lines=lines,
        platform_thread=sealed.thread,
        sealed=True,
    )
