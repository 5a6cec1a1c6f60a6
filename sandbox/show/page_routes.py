"""The routes that the page adds to the control API: the stream, customers' actions, trouble, proof."""

from __future__ import annotations

import functools

from sandbox.acts import Act, InstagramActs, TikTokActs
from sandbox.show.live import Live
from sandbox.show.pages import SAFE
from sandbox.show.trouble import Trouble
from sandbox.simulators.tiktok.phone import FILE_PATH
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.journal import Journal
from sandbox.stage.routes import CUSTOMERS, Body, Handler, Routes, account_of, parsed
from sandbox.stage.web import Answer, Call, Stream


class _Switch(Body):
    name: str
    on: bool


def page_routes(
    journal: Journal, live: Live, trouble: Trouble, instagram: InstagramActs, tiktok: TikTokActs, files: TikTokSimulator
) -> Routes:
    """By path and method."""
    return {
        "/events": {"GET": functools.partial(_events, journal)},
        "/proof": {"GET": lambda call: live.proof()},
        "/trouble": {"GET": lambda call: trouble.state(), "POST": functools.partial(_switch, trouble)},
        "/instagram/do": {"POST": _doing("instagram", instagram)},
        "/tiktok/do": {"POST": _doing("tiktok", tiktok)},
        FILE_PATH: {"GET": functools.partial(_file, files)},
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


def _doing(channel: str, acts: InstagramActs | TikTokActs) -> Handler:
    def do(call: Call) -> object:
        act = parsed(call, Act)
        account = account_of(acts.simulator, act.account)
        return {"id": acts.do(account, act.customer or CUSTOMERS[channel], act)}

    return do


def _file(files: TikTokSimulator, call: Call) -> Answer:
    """A picture or video as the customer's app shows it; the platform's own links want a token."""
    found = files.file(call.query.get("id", ""))
    if found is None:
        return Answer(404, {"error": "TikTok has no such file"}, SAFE)
    mime, body = found
    return Answer(200, body, {**SAFE, "Content-Security-Policy": "default-src 'none'; sandbox"}, mime)
