"""One module makes and parses the table's keys."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws import keys
from chalicelib.vocabulary.records import Conversation

CHALICELIB = Path(__file__).resolve().parents[2] / "chalicelib"
KEY = re.compile(r"(CONV|IN|OUT|SENT|OFFER|TRIES|LOCK)#|(STATE|PROFILE|LED|ACCOUNT)\Z")


@given(customer=st.text())
def test_a_conversation_is_told_by_its_rows(customer: str) -> None:
    conversation = Conversation("tiktok", "7", customer)
    told = keys.conversation_of(keys.item(conversation, keys.STATE))
    assert (told.channel, told.account, told.key) == ("tiktok", "7", conversation.key)


def test_keys_are_written_nowhere_else() -> None:
    """Claims are named in the vocabulary: who does the work names it, and an echo's mark is made of the name."""
    found = {
        path.relative_to(CHALICELIB).as_posix()
        for path in CHALICELIB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.match(node.value)
    }
    assert found == {"aws/keys.py", "vocabulary/claims.py"}
