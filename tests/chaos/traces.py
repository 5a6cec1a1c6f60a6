"""Whether what the bridge has written tells each message's whole way: from the edge to an end that has a name."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chalicelib.vocabulary.records import Account, Conversation, Row
from ops.logs import Line, Logs, apart
from ops.trace import NAMES, Hop, lines, run

HOURS = 48.0
BEGINS = "received"
# How a log line tells an end, and the states of a claim that has ended.
ENDS = {"delivered", "sent", "not delivered", "notice", "parked", "conflict taken as delivered", "done", "refused",
        "buried"}  # fmt: skip
_WORD = re.compile(r"[\w-]+")


class Lines(Logs):
    """Log lines, found by the words of what they name. As `ops.logs.Files`, read once."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_word: defaultdict[str, list[Line]] = defaultdict(list)
        for text in texts:
            try:
                line = json.loads(text)
            except ValueError:  # the process died over it
                continue
            if isinstance(line, dict) and "level" in line:
                for one in apart(line):
                    for word in {word for name in NAMES for word in _names(str(one.get(name, "")))}:
                        self._by_word[word].append(one)

    def holding(self, words: Sequence[str], since_s: float) -> list[Line]:
        return [line for word in words for line in self._by_word.get(word, [])]


def of_files(paths: Iterable[Path]) -> Lines:
    """The lines of these files."""
    return Lines(line for path in paths for line in path.read_text(encoding="utf-8").splitlines())


class Traces:
    """`rows` answers what the ledger holds of a conversation of one of `people`."""

    def __init__(
        self,
        lines: Logs,
        accounts: Sequence[Account],
        people: Collection[str],
        rows: Callable[[Conversation], Iterable[Row]],
        clock: Callable[[], float],
    ) -> None:
        self._lines = lines
        self._people = people
        self._rows = rows
        self._held: dict[Conversation, list[Row]] = {}
        ledger = SimpleNamespace(all_of=self._all_of)
        self._bridge: Any = SimpleNamespace(accounts=accounts, clock=clock, read=lambda work: work(ledger))

    def lacking(self, identifier: str) -> str:
        """What `dmdesk trace` does not tell of a message, "" where its trace is whole."""
        own = {
            hop.decision for hop in self._hops(identifier) if hop.id.endswith(identifier)
        }  # and not those of its echo
        if BEGINS not in own:
            return "where it came in"
        return "" if own & ENDS else "how it ended"

    def told(self, identifier: str) -> list[str]:
        """The trace, as people read it."""
        return lines(self._hops(identifier))

    def _hops(self, identifier: str) -> list[Hop]:
        return run(self._bridge, self._lines, identifier, HOURS)

    def _all_of(self, conversation: Conversation) -> Iterator[Row]:
        if conversation.customer not in self._people:
            return iter(())
        if conversation not in self._held:
            self._held[conversation] = list(self._rows(conversation))
        return iter(self._held[conversation])


def _names(value: str) -> set[str]:
    """A name as it stands there, and each word of it."""
    return {value, value.partition(":")[2], *_WORD.findall(value)} - {""}
