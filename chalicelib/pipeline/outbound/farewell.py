"""What the customer is told when a conversation is over, such as a link to a survey (`Account.after_end`).

It goes out as a bot's message does: within the platform's window or not at all, once for each end, and nobody at the
desk is told, since nobody is there. The customer's answer to it opens a new conversation.
"""

from __future__ import annotations

from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.outbound.sending import Sending
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread
from chalicelib.vocabulary.replies import AgentMessage
from chalicelib.wire import digest


class Farewell:
    """Says it."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def say(self, account: Account, customer: str, seat: Seat, thread: Thread, received_s: float, turn: Turn) -> str:
        """Of the end of the conversation at this seat; `thread` is what is remembered after it. What became of it:
        "sent", why not, or "" where nothing is to be said. Raises Retryable."""
        if not account.after_end:
            return ""
        message = AgentMessage(
            id=f"end:{digest(seat.desk, seat.conversation, str(thread.seat.generation))[:32]}",
            text=account.after_end,
            author="bot",
            integration=account.integration,
            customer=customer,
            desk_conversation=seat.conversation,
        )
        conversation = Conversation(account.channel, account.id, customer)
        reply = Reply(
            account=account,
            message=message,
            seat=seat,
            conversation=conversation,
            thread=thread,
            received_s=received_s,
            turn=turn,
        )
        refused = self._sending.send(reply).refused
        return refused.reason if refused else "sent"
