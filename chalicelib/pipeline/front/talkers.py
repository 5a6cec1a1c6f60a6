"""Who may answer customers before an agent does: a model, and an endpoint of the company's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.protocols.asking import Question, Turn
from chalicelib.vocabulary.front import Bot

# An answer with all that goes with it. Without it Bedrock reserves the model's own maximum of the account's quota.
MOST_TOKENS = 700


Asks = Callable[[Bot, Question, float], object]
"""A model that is asked a question, as `protocols.asking.Classifier`."""


class Model:
    """The talk is one text, as data between two marks. Implements `protocols.asking.Talker`."""

    def __init__(self, asks: Asks) -> None:
        self._asks = asks

    def __call__(self, bot: Bot, question: Question, talk: Sequence[Turn], within_s: float) -> object:
        """See `protocols.asking.Talker`."""
        return self._asks(bot, question, within_s)


class Endpoint:
    """Called as the company's CRM is, with the talk line by line. Implements `protocols.asking.Talker`."""

    def __init__(self, calls: Signed) -> None:
        self._calls = calls

    def __call__(self, bot: Bot, question: Question, talk: Sequence[Turn], within_s: float) -> object:
        """See `protocols.asking.Talker`."""
        body = msgspec.json.encode({"text": question.text, "talk": talk, "language": question.language})
        return self._calls.ask(bot.url, bot.secret, body, within_s)
