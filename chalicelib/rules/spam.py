"""The operator's rules against spam: what each may say, and which of them a message meets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from chalicelib.rules import confusables
from chalicelib.rules.patterns import Matching, matching, problem
from chalicelib.vocabulary.guarding import Rule

MOST_RULES = 200
LONGEST_VALUE = 300
# The strictest first: what a message meets at once counts as that.
ACTIONS = ("drop", "hold", "low", "mark")
NEWCOMERS_S = 600
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
_LINKS = ("http://", "https://", "www.")


def refusal(rule: Rule, others: Sequence[Rule] = ()) -> str:
    """Why the rule cannot be one beside the others, "" where it can."""
    if len([one for one in others if one.id != rule.id]) >= MOST_RULES:
        return f"there are {MOST_RULES} rules already, and no more may be: remove one"
    if not rule.value.strip() or len(rule.value) > LONGEST_VALUE:
        return f"a value has from 1 to {LONGEST_VALUE} characters"
    if rule.action == "drop" and rule.kind != "sender":
        return "drop is for blocked senders only: hold keeps what it is about, and loses nothing"
    if rule.kind in {"links", "newcomers"} and not _NUMBER.fullmatch(rule.value):
        return f"{rule.kind} takes a number, 1 or more"
    if rule.kind != "pattern":
        return ""
    if why := problem(rule.value):
        return f"RE2 does not take the pattern ({why}): it has no look-around and no back references"
    try:
        matching(_patterns([*(one for one in others if one.id != rule.id), rule]))
    except ValueError as no:
        return f"with the other patterns it is too much: {no}"
    return ""


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is looked at by: who wrote it, their name on the platform, what they wrote."""

    customer: str
    username: str
    text: str


class Sheet:
    """The rules of one account, made ready once for many messages."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """What cannot be a rule is left out: an older or a newer release may have written it."""
        self._rules = sorted((one for one in rules if not refusal(one)), key=lambda one: ACTIONS.index(one.action))
        self._patterns = [one for one in self._rules if one.kind == "pattern"]
        self._matching: Matching | None = matching(_patterns(self._patterns)) if self._patterns else None
        self.newcomers = [one for one in self._rules if one.kind == "newcomers"]

    def found(self, message: Met) -> Rule | None:
        """The strictest rule that the message meets; of newcomers nothing is told here."""
        matched = self._matched(message.text)
        looks: dict[str, Callable[[Rule], bool]] = {
            "sender": lambda one: _name(one.value) in {_name(message.customer), _name(message.username)},
            "links": lambda one: links(message.text) >= int(one.value),
            "pattern": lambda one: one.id in matched,
            "newcomers": lambda one: False,
        }
        return next((one for one in self._rules if looks[one.kind](one)), None)

    def _matched(self, text: str) -> set[str]:
        if self._matching is None or not text:
            return set()
        plain = confusables.plain(text)
        places = {place for form in {text, plain, confusables.latin(plain)} for place in self._matching(form)}
        return {self._patterns[place].id for place in places}


def links(text: str) -> int:
    """How many links the text has, told by how they begin."""
    plain = confusables.plain(text).replace("://www.", "://")
    return sum(plain.count(beginning) for beginning in _LINKS)


def _patterns(rules: Sequence[Rule]) -> list[str]:
    return [f"(?i){rule.value}" for rule in rules if rule.kind == "pattern"]


def _name(text: str) -> str:
    return text.strip().removeprefix("@").casefold()
