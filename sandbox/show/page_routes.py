"""The routes that the page adds to the control API: the stream, trouble, proof."""

from __future__ import annotations

import functools

from sandbox.show.live import Live
from sandbox.show.trouble import Trouble
from sandbox.stage.journal import Journal
from sandbox.stage.routes import SAFE, Body, Routes, parsed
from sandbox.stage.web import Answer, Call, Stream


class _Switch(Body):
    name: str
    on: bool


def page_routes(journal: Journal, live: Live, trouble: Trouble) -> Routes:
    """By path and method."""
    return {
        "/events": {"GET": functools.partial(_events, journal)},
        "/proof": {"GET": lambda call: live.proof()},
        "/trouble": {"GET": lambda call: trouble.state(), "POST": functools.partial(_switch, trouble)},
    }


def _events(journal: Journal, call: Call) -> Answer:
    last = call.header("Last-Event-ID")
    after = int(last) if last.isascii() and last.isdigit() else 0
    headers = {**SAFE, "Cache-Control": "no-store"}
    return Answer(200, Stream(journal.follow(after)), headers, "text/event-stream; charset=utf-8")


def _switch(trouble: Trouble, call: Call) -> object:
    body = parsed(call, _Switch)
    told = trouble.switch(body.name, body.on)
    return trouble.state() | told
