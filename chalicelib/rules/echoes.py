"""How an echo is told to be of a send of ours."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.vocabulary.messages import Echo
from chalicelib.vocabulary.records import Conversation, Flight
from chalicelib.wire import digest


def mark_of(conversation: Conversation, item: str) -> str:
    """Our mark (32 characters) of the part that is claimed under the item: it travels beside the part."""
    return digest(conversation.key, item)[:32]


def own_part(conversation: Conversation, echo: Echo, flights: Mapping[str, Flight]) -> str:
    """The claim's item of the send that the echo tells of, "" where it is of none of these.

    Its mark is exact. Where the platform tells none it is the text, and only of a send that is still waited for: what
    was given up may have been typed again in the app. A picture without a mark may be anybody's.
    """
    if echo.mark:
        return next((item for item in flights if mark_of(conversation, item) == echo.mark), "")
    if not echo.text:
        return ""
    told = digest(echo.text)
    return next((item for item, flight in flights.items() if flight.text == told and not flight.given_up), "")
