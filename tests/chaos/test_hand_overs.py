"""People take over from the bot while processes die before and after whatever they call, calls fail, webhooks come
twice and late, and the workers of both ways are at it beside each other: no customer's message is answered twice, shown
twice, lost, or told out of order, and the bot says nothing where people have the conversation.

`DMDESK_HANDOVERS=1000` for as many; `make chaos ARGS=--in-memory` runs a thousand and prints what became of them.
"""

from __future__ import annotations

import os

from chalicelib.vocabulary.records import BOT, Seat
from tests.chaos.talks import TalkLab, hand_overs, wrong
from tests.fakes import INSTAGRAM

MANY = int(os.environ.get("DMDESK_HANDOVERS", "60"))


def test_nothing_is_doubled_lost_or_reordered_as_people_take_over() -> None:
    figures = hand_overs(MANY)
    print(figures)
    assert figures.wrong == []
    assert figures.hand_overs >= MANY
    # else it would prove nothing
    assert figures.answered > MANY / 2
    assert figures.kills > MANY
    assert figures.twice > MANY / 4
    assert figures.unsaid < figures.answered / 10


def test_what_it_looks_for_it_finds() -> None:
    lab = TalkLab()
    names = [lab.asks("7", INSTAGRAM), lab.asks("7", INSTAGRAM)]
    lab.run(60)
    first, second = lab.world.shown
    assert wrong(lab, "7") == []
    lab.world.shown = [first]
    assert wrong(lab, "7") == [f"lost: {names[1:]}"]
    lab.world.shown = [second, first]
    assert wrong(lab, "7") == [f"shown out of order: {names[::-1]}"]
    lab.world.shown = [first, second, second]
    assert wrong(lab, "7") == [f"shown twice: {names[1:]}"]
    lab.world.shown = [first, second]
    bot, people = Seat(BOT, "talk"), Seat("", "desk-7")
    lab.came = [("7", f"re {names[0]} by 1", bot)]
    assert wrong(lab, "7") == [f"answered, and shown as if it were not: {names[:1]}"]
    lab.world.shown = [second]
    lab.came *= 2
    assert wrong(lab, "7") == [f"answered twice: {names[:1]}"]
    lab.came = [("7", f"re {names[0]} by 1", people)]
    assert wrong(lab, "7") == [f"said by the bot where people have the conversation: {[f're {names[0]} by 1']}"]
