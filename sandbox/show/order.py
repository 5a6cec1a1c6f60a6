"""Whether what was written first also arrived first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.show.naming import Passage


def out_of_order(arrived: Iterable[str], written: Mapping[str, Passage]) -> int:
    """How many arrived after something of the same conversation that was written later.

    `arrived` are traces in the order of their arrival, of which only each one's first counts; `written` is what was
    written, by trace. What has no time of its own, or one that is not exact, is passed over.
    """
    newest: dict[tuple[str, str, str], int] = {}
    late = 0
    for trace in dict.fromkeys(arrived):
        one = written.get(trace)
        if one is None or not one.written_ms:
            continue
        conversation = one.channel, one.account, one.customer
        late += one.written_ms < newest.get(conversation, 0)
        newest[conversation] = max(newest.get(conversation, 0), one.written_ms)
    return late
