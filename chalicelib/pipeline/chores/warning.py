"""Supervisors are told which conversations wait while their windows close, which were lost, and where the messages that
may follow a customer's are almost spent: ids and times, never what anybody wrote, nor who the customer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chalicelib.errors import Misconfigured, Retryable
from chalicelib.observability import Metrics, log
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account, Seat
from chalicelib.wire import iso

# A mail that nobody reads to its end helps nobody; `dmdesk conversations` has all of them.
MOST_LINES = 50
# Longer than a run takes: what somebody tells and never says that it was told is told by a later start.
LEASE_S = 90.0


class Topic(Protocol):
    """Where they read it."""

    def publish(self, subject: str, text: str, labels: Mapping[str, str]) -> None:
        """Tells them; subscriptions may filter by the labels. Raises Retryable, Misconfigured among them."""


class Warnings:
    """Tells them, where there is a topic."""

    def __init__(self, topic: Topic | None, channels: Mapping[str, About], metrics: Metrics) -> None:
        self._topic = topic
        self._channels = channels
        self._metrics = metrics

    @property
    def lease_s(self) -> float:
        """How long (s) whoever takes something to tell may take to tell it, 0 where there is nobody to tell."""
        return LEASE_S if self._topic else 0.0

    def tell(self, account: Account, kind: str, subject: str, why: str, lines: Sequence[str]) -> bool:
        """Whether they were told: what, in how many conversations of the account's, why that matters, and of each a
        line. `kind` is the label to filter by."""
        name = f"{account.name or account.id} ({self._channels[account.channel].title})"
        log.info("supervisors warned", account=account.id, kind=kind, count=len(lines))
        if self._topic is None:
            return True
        shown = [*lines[:MOST_LINES], *([f"… and {len(lines) - MOST_LINES} more"] if lines[MOST_LINES:] else [])]
        text = "\n".join([f"{name}: {subject}", "", why, "", *shown, ""])
        labels = {"channel": account.channel, "account": account.id, "kind": kind}
        try:
            self._topic.publish(f"{name}: {subject}", text, labels)
        except Retryable as error:
            self._metrics.count("warning_failed")
            if isinstance(error, Misconfigured):
                self._metrics.count("misconfigured")
            advice = error.advice if isinstance(error, Misconfigured) else "the next start tells it"
            log.error("supervisors not told", account=account.id, kind=kind, detail=error.reason, advice=advice)
            return False
        return True


def line(closes_ms: int, seat: Seat) -> str:
    """Of one conversation: when its window closes (epoch ms, 0 for untold), and where it sits at the desk."""
    where = f"conversation {seat.conversation}" if seat.conversation else "a conversation that the desk has not named"
    return f"{iso(closes_ms)}  {where}" if closes_ms else where


def conversations(count: int) -> str:
    """So many, in words."""
    return "1 conversation" if count == 1 else f"{count} conversations"
