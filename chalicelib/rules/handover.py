"""When people take a conversation over from the bot: pure, and never a model's word alone.

That the customer asks for a person is matched here, before any model reads it, in every language that the bridge
speaks: a model may have been talked out of it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Literal, get_args

from chalicelib.rules.saying import Said
from chalicelib.vocabulary.front import DAYS, Bot

Why = Literal[
    "request", "turns", "hours", "content", "person", "confidence", "sentiment", "wish", "answer", "failure", "silence"
]
WHYS: tuple[Why, ...] = get_args(Why)
"""Why people take over: the customer asks for it, the bot has answered often enough, it is not its time, it cannot read
what was sent, a person has written; it is not sure, the customer is upset, it wishes so itself; its answer is none that
may be sent, it failed, or did not answer in time."""

# So much of a text is looked at (characters).
LONGEST_READ = 2000

# Who is asked for, and how: without accents and in lower case, as `_plain` makes a text. A word for a person alone asks
# for one, and so does one not far behind a word of asking, or no wish for a machine.
_PEOPLE = {
    "en": (
        r"human|humans|person|people|agent|agents|representatives?|rep|operators?|someone real|somebody real|"
        r"real someone|staff|employees?|managers?|supervisors?|advis[eo]rs?|colleagues?|team members?"
    ),
    "es": (
        r"human[oa]s?|personas?|agentes?|representantes?|operador(?:a|es)?|asesor(?:a|es)?|ejecutiv[oa]s?|"
        r"emplead[oa]s?|encargad[oa]s?|gerentes?|supervisor(?:a|es)?|companer[oa]s?|alguien de verdad|alguien real"
    ),
}
# What asks, in whatever words it goes on …
_ASKING = {
    "en": r"speak|talk|chat|connect|transfer|pass|contact|reach|ask for|switch|forward|hand|call",
    "es": (
        r"hablar|hable|chatear|comunic\w+|contact\w+|conect\w+|pas[ae]\w*|transfi\w+|transfer\w+|pon\w*|deriv\w+|"
        r"atiend\w+|atender\w*|llam\w+"
    ),
}
# … and what asks for whatever comes next, but for these.
_WANTING = {
    "en": r"want|need|like|prefer|get|give|put|bring|send|is there|any",
    "es": r"quier\w+|quisier\w+|necesit\w+|prefier\w+|dame|deme|hay",
}
_BETWEEN = {
    "en": r"an?|the|to|through|with|me|us|some|real|live|your|actual|one|of|any|have",
    "es": r"una?|el|la|a|con|algun\w*|su|tu|de|verdadero|verdadera",
}
_REAL = {
    "en": r"(?:real|live|actual|human) (?:human|person|agent|people)",
    "es": r"(?:persona|agente)s? (?:real|human\w+)",
}
_NO_BOT = {
    "en": r"(?:no|not|don'?t want|stop|hate|without|instead of)(?: \w+){0,4}? (?:bots?|robots?|machines?|ai|chatbots?)",
    "es": r"(?:no|sin|odio|basta de|en vez de)(?: \w+){0,4}? (?:bots?|robots?|maquinas?|ia|chatbots?)",
}
_POLITE = {"en": r"(?:a|an|the|please|now|hi|hello|real|live)", "es": r"(?:un|una|el|la|por favor|ya|ahora|hola)"}


def _pattern(language: str) -> re.Pattern[str]:
    people, polite = _PEOPLE[language], _POLITE[language]
    return re.compile(
        rf"^(?:{polite}\W+)*(?:{people})(?:\W+{polite})*\W*$"
        rf"|\b(?:{_ASKING[language]})\b.{{0,40}}?\b(?:{people})\b"
        rf"|\b(?:{_WANTING[language]})(?:\W+(?:{_BETWEEN[language]})){{0,4}}\W+(?:{people})\b"
        rf"|\b{_REAL[language]}\b"
        rf"|\b{_NO_BOT[language]}\b"
    )


REQUESTS = {language: _pattern(language) for language in _PEOPLE}
"""By the catalogue's languages."""


def asks_for_person(text: str) -> bool:
    """Whether the customer asks for a person, in whichever language: better one time too often."""
    plain = _plain(text[:LONGEST_READ])
    return any(pattern.search(plain) for pattern in REQUESTS.values())


def before(bot: Bot, text: str, answered: int, now: float) -> Why | None:
    """Why the bot is not even asked; None where it is. `answered` is how often it has answered in this conversation,
    `now` epoch seconds."""
    if asks_for_person(text):
        return "request"
    if not on_duty(bot, now):
        return "hours"
    return "turns" if answered >= bot.turns else None


def after(bot: Bot, said: Said) -> Why | None:
    """Why the bot's answer is not sent, and people take over; None where it is."""
    if said.hand_over:
        return "wish"
    if bot.upset and said.sentiment == "negative":
        return "sentiment"
    return "confidence" if said.confidence < bot.confidence else None


def on_duty(bot: Bot, now: float) -> bool:
    """Whether it is the bot's time (UTC; epoch s). Hours that end before they begin end on the day after."""
    if not bot.hours:
        return True
    moment = datetime.fromtimestamp(now, UTC)
    minute, today = moment.hour * 60 + moment.minute, moment.weekday()
    begins, ends = _minutes(bot.hours.get(DAYS[today], ""))
    if begins <= minute < (ends if begins < ends else 24 * 60) and begins != ends:
        return True
    begins, ends = _minutes(bot.hours.get(DAYS[today - 1], ""))
    return begins > ends and minute < ends


def _minutes(hours: str) -> tuple[int, int]:
    """From and until when, in minutes of the day; twice the same for none."""
    if not hours:
        return 0, 0
    begins, ends = (int(time[:2]) * 60 + int(time[3:]) for time in hours.split("-"))
    return begins, ends


def _plain(text: str) -> str:
    """In lower case, without accents and signs that cannot be seen, in one line."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    seen = "".join(sign for sign in folded if unicodedata.category(sign) not in {"Mn", "Cf", "Cc"} or sign.isspace())
    return " ".join(seen.split())
