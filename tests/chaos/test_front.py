"""Those in front of the desk who fail, sleep or lie: what a message waits for them is their own time, and no more."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chalicelib.pipeline.front.asking import WITHIN_S
from chalicelib.vocabulary.front import NOTHING, Front
from tests.chaos.asked import FRONT, ILLS, Ill
from tests.chaos.front_scenes import ASKS, BOT, CRM, GUARDED, IN_FRONT, TRIAGE, fronted
from tests.chaos.lab import Lab
from tests.chaos.scenes import ANA
from tests.chaos.talks import TalkLab
from tests.chaos.test_every_call import played, strikes, struck
from tests.chaos.timeline import LOST_S
from tests.fakes import INSTAGRAM

ROOT = Path(__file__).resolve().parents[2]
# What the bridge itself needs besides (s).
ROUND_S = 0.1
ASK = ["a message that is looked up and judged", "a message that guards let through", "a newcomer's message"]


def shown_s(lab: Lab) -> float:
    """When the last of Ana's messages was shown."""
    return max(one.at_s for one in lab.world.shown if one.customer == ANA)


@pytest.mark.parametrize("name", ASK)
def test_a_call_in_front_that_comes_to_nothing_delays_by_its_own_time_at_most(name: str) -> None:
    scene = IN_FRONT[name]
    whole = played(scene)
    late: list[str] = []
    for number, step in struck(whole.steps.names):
        place = step.partition(" ")[0]
        if place not in {FRONT, "memory", "book"}:
            continue
        most_s = shown_s(whole) + (WITHIN_S if place == FRONT else LOST_S) + ROUND_S
        for what, strike in strikes(step):
            if not what.startswith("killed") and shown_s(played(scene, strike, number)) > most_s:
                late.append(f"{what} {number} {step}")
    assert late == []


@pytest.mark.parametrize("ill", ILLS)
def test_whoever_is_ill_for_good_keeps_nobody_waiting_and_nothing_out_of_order(ill: Ill) -> None:
    waits: list[list[float]] = []
    for account in (INSTAGRAM, ASKS):
        lab = Lab()
        lab.ledger.listed = [account]
        lab.front.ill = lambda who: ill
        for number in range(12):
            lab.customer(ANA, f"{number}", account)
            lab.run(2)
        lab.settle()
        assert lab.shown(ANA) == [f"{number}" for number in range(12)]
        assert (lab.dead, lab.parked) == ([], [])
        waits.append([one.at_s for one in lab.world.shown])
    plain, asked = waits
    late = [there - here for here, there in zip(plain, asked, strict=True)]
    # in the lab they are asked one after the other
    assert max(late) <= 2 * WITHIN_S + ROUND_S
    if ill in {"late", "odd", "down"}:  # three times in a minute, then nobody asks them for a while
        assert late[4] <= ROUND_S


def test_nobody_is_given_more_than_their_time() -> None:
    for account, most_s in ((ASKS, WITHIN_S), (BOT, 8.0)):
        lab = TalkLab()
        lab.ledger.listed = [account]
        lab.asks(ANA, account)
        lab.run(30)
        assert lab.front.longest_s == most_s


@pytest.mark.parametrize("ill", ILLS)
def test_a_bot_that_is_ill_leaves_the_message_to_people_within_its_seconds(ill: Ill) -> None:
    lab = TalkLab()
    lab.ledger.listed = [BOT]
    lab.front.ill = lambda who: ill
    lab.asks(ANA, BOT)
    lab.run(60)
    assert len(lab.shown(ANA)) == 1
    assert lab.got(ANA) == []
    wrote_s = next(when for when, body in lab.sqs.taken if "q771-0" in body)
    assert shown_s(lab) - wrote_s <= 8.0 + 1.0


def test_what_is_off_is_not_asked_for_anything() -> None:
    lab = Lab()
    lab.customer(ANA, "hi")
    lab.run(30)
    lab.agent(ANA, "yes")
    lab.run(30)
    places = {step.partition(" ")[0] for step in lab.steps.names}
    assert places == {"instagram", "genesys", "table", "sqs", "secrets"}


# The calls that docs/front.md counts, by what it calls them; what any message, or any answer, writes is not among them.
KINDS = {
    "reads": ("table thread", "table begun", "memory get", "memory under", "book talk"),
    "writes": ("memory keep", "memory keep_first", "floor speak", "floor silent", "floor hand_over"),
    "sends": ("sqs put out",),
    "calls": ("front crm", "front triage", "front bot"),
}


def steps(front: Front, *, message: int, human: bool = False) -> Counter[str]:
    """What is called for that message of a conversation, and for all that comes of it."""
    lab, account = TalkLab(), fronted(front)
    lab.ledger.listed = [account]
    for number in range(message):
        lab.steps.names.clear()
        lab.asks(ANA, account, human=human and number == message - 1)
        lab.run(60)
    return Counter(lab.steps.names)


def more(front: Front, *, message: int = 2, human: bool = False) -> dict[str, int]:
    """By kind, how many more than with all of it off."""
    on, off = steps(front, message=message, human=human), steps(NOTHING, message=message)
    return {kind: sum(on[name] - off[name] for name in names) for kind, names in KINDS.items()}


def told(section: str, words: str) -> dict[str, int]:
    """The numbers that stand before "reads", "writes", "sends" and "calls" in the sentence of the section that begins
    so, by the thousand where it is of a thousand messages."""
    page = (ROOT / "docs" / "front.md").read_text(encoding="utf-8")
    text = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0].partition(words)[2].partition(". ")[0]
    found = re.findall(r"([\d,]+|a|one) (read|write|send|call)(?! unit)", " ".join(text.split()))
    numbers = {f"{kind}s": {"a": 1, "one": 1}.get(number) or int(number.replace(",", "")) for number, kind in found}
    return {kind: number // 1000 if number >= 1000 else number for kind, number in numbers.items()}


ON: dict[str, tuple[Front, dict[str, Any], str, str]] = {
    "guards": (GUARDED.front, {}, "Guards", "Cost per 1,000 messages.**"),
    "a customer who is known": (Front(crm=CRM), {}, "CRM", "Per 1,000 messages**:"),
    "triage": (Front(triage=TRIAGE), {}, "Triage", "Per 1,000 messages with text**:"),
    "an answer of a bot's": (BOT.front, {}, "Bot first", "Per 1,000 messages that it answers**,"),
    "a hand-over": (BOT.front, {"human": True}, "Bot first", "For each message that it hands over"),
}


@pytest.mark.parametrize("name", ON)
def test_the_page_tells_what_is_counted(name: str) -> None:
    front, how, section, words = ON[name]
    counted = more(front, **how)
    page = told(section, words)
    if name == "a customer who is known":
        assert more(front, message=1) == {"reads": 1, "writes": 1, "sends": 0, "calls": 1} == page | {"sends": 0}
        page = {"reads": 1}
    assert {kind: number for kind, number in counted.items() if number} == page
