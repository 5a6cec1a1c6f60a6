"""An agent's files, fetched before anything of the message is sent: the desk does not keep them for long."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.errors import BeingScanned, NoRoom, Reason, Refused, Retryable, Uncertain, Unfetched
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.outbound.enclosing import Enclosing
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Ledger
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.replies import File, Part, Planned

# Why a file is withheld that there is.
_WITHHELD: dict[str, Reason] = {"media_threat": "media_threat", "media_unchecked": "media_unchecked"}


class Files:
    """Fetches agents' files."""

    def __init__(self, enclosing: Enclosing, ledger: Ledger, budgets: Budgets) -> None:
        self._enclosing = enclosing
        self._ledger = ledger
        self._budgets = budgets

    def fetched(self, reply: Reply, planned: Sequence[Planned]) -> dict[int, Part | Refused]:
        """What carries each file, or why nothing does, by its part's number. Those whose send has been begun are not
        fetched again. Raises Retryable."""
        files = {number: part for number, part in enumerate(planned, start=1) if isinstance(part, File)}
        begun = self._ledger.begun(reply.conversation, claims.parts(reply.message.id)) if files else set()
        return {
            number: self._carried(reply, number, file)
            for number, file in files.items()
            if reply.item(number) not in begun
        }

    def _carried(self, reply: Reply, number: int, file: File) -> Part | Refused:
        try:
            return self._enclosing.part(reply, number, file)
        except Unfetched as error:
            return Refused(_WITHHELD.get(error.reason, "file_gone"), f"{error.reason}: {error.detail}")
        except Refused as no:
            return no
        except (BeingScanned, NoRoom):
            raise
        except (Retryable, Uncertain) as error:
            if self._budgets.spent(reply.turn, "reply", reply.received_s):
                return Refused("file_gone", f"given up: {error.reason}")
            raise Retryable(f"the agent's file: {error.reason}") from error
