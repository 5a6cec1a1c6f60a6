"""A customer's file, as our own copy: the only thing that a message waits for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from chalicelib.errors import SECRET_MENDS, BeingScanned, NoRoom, Refused, Retryable, Uncertain, Unfetched
from chalicelib.fetching import LARGEST
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.ports import SecretCache
from chalicelib.pipeline.scanning import Scanning
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.messages import Attachment, Line


class Files:
    """Copies what customers uploaded."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        media: MediaStore,
        scanning: Scanning,
        budgets: Budgets,
        secrets: SecretCache,
        metrics: Metrics,
    ) -> None:
        self._clients = clients
        self._media = media
        self._scanning = scanning
        self._budgets = budgets
        self._secrets = secrets
        self._metrics = metrics

    def enrich(self, draft: Draft) -> Draft:
        """The draft with its file, or with a line that says why there is none. Raises Retryable."""
        message = draft.message
        if message.media is None:
            return draft
        try:
            return msgspec.structs.replace(draft, attachment=self._copied(draft))
        except Unfetched as error:
            channel = draft.account.channel
            self._metrics.count("media", outcome=error.reason, channel=channel)
            self._metrics.count("media_failed", channel=channel)
            log.warning("media not fetched", event=message.id, reason=error.reason, detail=error.detail)
            failed = Line(error.reason, {"kind": message.media.kind, "bytes": str(LARGEST)})
            return msgspec.structs.replace(
                draft, message=msgspec.structs.replace(message, lines=(*message.lines, failed))
            )

    def _copied(self, draft: Draft) -> Attachment:
        """Our copy. Raises Unfetched, or Retryable where another attempt may have it."""
        account, message, turn = draft.account, draft.message, draft.arrival.turn
        client = self._clients[account.channel]
        try:
            with new_codes(self._metrics, account.channel):
                source, clear = partial(client.source, account, message), partial(self._scanning.clear, turn)
                kept = self._media.keep(message, source, again=turn.again, clear=clear)
        except (BeingScanned, NoRoom):
            raise
        except (Retryable, Uncertain) as error:
            if isinstance(error, SECRET_MENDS):
                self._secrets.refresh(account.secret)
            if self._budgets.spent(turn, "file"):
                raise Unfetched("media_failed", error.reason) from error
            raise Retryable(f"media: {error.reason}", getattr(error, "after_s", None)) from error
        except Refused as no:
            raise Unfetched("media_gone", no.detail) from no
        self._metrics.count("media", outcome="kept", channel=account.channel)
        return kept
