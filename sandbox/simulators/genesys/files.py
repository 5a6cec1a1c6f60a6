"""The files that agents send: Genesys Cloud hands them out by signed links that expire, to anybody who has one."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from sandbox.stage.files import mp4, pdf, png
from sandbox.stage.web import Answer

PATH = "/api/v2/downloads/"
# Genesys tells of web messaging that such links are signed and expire, and not after how long.
LIVES_S = 3600.0


FILES: dict[str, tuple[str, bytes]] = {
    "image": ("image/png", png()),
    "pdf": ("application/pdf", pdf()),
    "video": ("video/mp4", mp4()),
}
"""By name: MIME type and bytes."""


class Downloads:
    """Links to the files, on the server at `url`; `clock` answers epoch seconds."""

    def __init__(self, clock: Callable[[], float], url: str) -> None:
        self._clock, self._url = clock, url
        self._links: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def media(self) -> dict[str, str]:
        """A fresh link to each file, by the file's name; it works for an hour."""
        made = {name: secrets.token_urlsafe(24) for name in FILES}
        with self._lock:
            self._links |= {link: (name, self._clock() + LIVES_S) for name, link in made.items()}
        return {name: f"{self._url}{PATH}{link}" for name, link in made.items()}

    def answer(self, path: str) -> Answer:
        """The file behind the link's path; 404 for a link that was never given out, 403 for one that is too old."""
        with self._lock:
            name, until = self._links.get(path.removeprefix(PATH), ("", 0.0))
        if not name:
            return Answer(404, {"message": "not found", "status": 404})
        if self._clock() >= until:
            return Answer(403, {"message": "expired", "status": 403})
        mime, body = FILES[name]
        return Answer(200, body, content_type=mime)
