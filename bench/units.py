"""What the ledger writes for a round trip, in DynamoDB's write units: `python -m bench.units OUT.json`.

Counted by the emulator (`ReturnConsumedCapacity`); tests/aws/test_units.py holds it against the documented rules.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation, Seat, Thread
from sandbox.stage.aws import TABLE, Aws

# Half of what it was before replies were claimed in their conversation's state.
GOAL = 7.5
NOW = 1_000.0
# As long as Meta's and Genesys' are.
MID = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwNzc3OjM0MDI4MjM2Njg0MTcxMDMwMDEyMDAwMDAwMDAwMDAwMDAwMDM0"
IN, OUT = f"IN#message:{MID}", f"OUT#{'0' * 32}#1"
WORDS, MARK = "x" * 80, "m" * 64
SEAT = Seat(conversation="d06cb41e-0000-4000-8000-000000000001")
Step = Callable[[Table, Conversation], Any]
STEPS: dict[str, Step] = {
    "a message is claimed": lambda table, whose: table.claim(whose, IN, NOW, 90),
    "a message has been shown": lambda table, whose: table.delivered(
        whose, IN, NOW, Thread(seat=SEAT, customer_ms=999_000), WORDS
    ),
    "a reply is claimed": lambda table, whose: table.begin(whose, OUT, NOW, 90, 1_001_000, MARK),
    "a reply has been sent": lambda table, whose: table.sent(whose, OUT, NOW, MID, "", WORDS, 0, "", None, 999_000),
}


class Metered:
    """DynamoDB, and what it says that its writes have consumed. It says nothing of a condition that does not hold."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.units = 0.0

    def __getattr__(self, name: str) -> Any:
        made = getattr(self._client, name)

        def call(**asked: Any) -> Any:
            answer = made(**asked, ReturnConsumedCapacity="TOTAL")
            told = answer["ConsumedCapacity"]
            self.units += sum(one["CapacityUnits"] for one in (told if isinstance(told, list) else [told]))
            return answer

        return call


def round_trip(client: Any) -> dict[str, float]:
    """The units of each step, in a conversation that is known, sits, and waits for nobody."""
    conversation = Conversation("instagram", "17841400000000001", uuid4().hex)
    metered: Any = Metered(client)  # as much of the client as is used
    table = Table(TABLE, metered)
    table.delivered(conversation, "IN#before", NOW - 1, Thread(seat=SEAT, customer_ms=998_000))
    table.sent(conversation, "OUT#before#1", NOW - 1, "before")
    spent: dict[str, float] = {}
    for name, step in STEPS.items():
        before = metered.units
        step(table, conversation)
        spent[name] = metered.units - before
    return spent


def main(out: Path) -> None:
    """Starts the emulator, and writes the units as JSON."""
    with tempfile.TemporaryDirectory(prefix="dmdesk-units-") as folder:
        aws = Aws(Path(folder) / "aws.log")
        aws.start()
        try:
            aws.create({}, [])
            out.write_bytes(msgspec.json.encode(round_trip(aws.client("dynamodb"))))
        finally:
            aws.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
