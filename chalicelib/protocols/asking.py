"""Who is asked beside a message's way, before an agent is: within a time, once, and without any harm in the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from chalicelib.vocabulary.front import Bot, Triage


class Reply(msgspec.Struct, frozen=True):
    """What an endpoint answered: its HTTP status, and its body as far as that may be read."""

    status: int
    body: bytes


class Post(Protocol):
    """How the companies' own endpoints are called."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, within_s: float) -> Reply:
        """POSTs the JSON body once, without following where it is sent on to; all of it within so many seconds.

        Raises Misconfigured where the URL may not be called, Unreachable where nothing was sent, and Uncertain where no
        answer came in time, or one that cannot be read.
        """


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a classifier is asked: to do what the `instructions` say with the `text`, which is somebody else's words.
    `fenced` is the text between the marks that the instructions name; `schema` is what the answer is, as JSON Schema;
    `intents` are the names that the account's list has, with what each means."""

    instructions: str
    text: str
    fenced: str
    schema: Mapping[str, Any]
    intents: Mapping[str, str]
    language: str


class Classifier(Protocol):
    """Who judges a message."""

    def __call__(self, triage: Triage, question: Question, within_s: float) -> object:
        """What it answered, as it came: nothing of it is to be trusted. All of it within so many seconds.

        Raises Misconfigured where somebody has to set something right, Retryable where it was not asked or is not to be
        had, Uncertain where no answer came in time, Malformed where the answer is none.
        """


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One of the lines of a talk."""

    by: Literal["customer", "bot"]
    text: str


class Talker(Protocol):
    """Who answers customers."""

    def __call__(self, bot: Bot, question: Question, talk: Sequence[Turn], within_s: float) -> object:
        """Its answer to the last line of the talk, as it came. As `Classifier`; the question's text is the talk."""
