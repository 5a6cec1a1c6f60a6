"""How the agent sees what a pigeon brings: the translator reads it, docs/rendering.md shows it."""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering

RENDERINGS: dict[str, Rendering] = {
    "letter": Rendering(shows="message"),
    "picture": Rendering(shows="media"),
    "tap": Rendering(shows="message"),
    "coo": Rendering(shows="note", line="reacted"),
    "unknown": Rendering(shows="ignored", reason="event_unknown"),
}
