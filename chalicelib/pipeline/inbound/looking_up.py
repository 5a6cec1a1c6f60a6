"""A message that the platform only mentioned, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import SECRET_MENDS, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, new_codes
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.inbound.messages import Messages
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.ports import Arrival, SecretCache
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Unseen

ADVICE = "the platform told of it without saying whose it is, and lets nobody read it; look in its app"


class LookingUp:
    """Looks messages up, and has them shown."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        messages: Messages,
        intake: Intake[list[CustomerEvent]],
        budgets: Budgets,
        secrets: SecretCache,
        metrics: Metrics,
    ) -> None:
        self._clients = clients
        self._messages = messages
        self._intake = intake
        self._budgets = budgets
        self._secrets = secrets
        self._metrics = metrics

    def show(self, arrival: Arrival, missing: Unseen) -> None:
        """Shows the message. What holds words and cannot be read is parked, anything else let go. Raises Retryable."""
        message = self._looked_up(arrival, missing)
        if message is not None:
            self._messages.show(arrival, message)
        elif missing.told:
            self._intake.park(arrival.event, arrival.turn, "unseen_unreadable", ADVICE)
        else:
            self._metrics.count("ignored", reason="unseen_unreadable")

    def _looked_up(self, arrival: Arrival, missing: Unseen) -> CustomerMessage | None:
        account = arrival.account
        try:
            with new_codes(self._metrics, account.channel):
                return self._clients[account.channel].unseen(account, missing)
        except (Retryable, Uncertain) as error:
            if isinstance(error, SECRET_MENDS):
                self._secrets.refresh(account.secret)
            if not self._budgets.spent(arrival.turn, "unseen"):
                raise Retryable(f"looking up a message: {error.reason}") from error
        except Refused:
            pass
        return None
