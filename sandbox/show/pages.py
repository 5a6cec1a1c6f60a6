"""The web page's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.stage.routes import SAFE
from sandbox.stage.web import Answer, Call

PAGE = Path(__file__).resolve().parents[1] / "page"
PREFIX = "/page/"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def policy(media_origins: Iterable[str]) -> str:
    """The Content-Security-Policy: nothing but the page's own files, and what people send each other."""
    media = " ".join(["'self'", "data:", *media_origins])
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {media}",
            f"media-src {media}",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


class Pages:
    """Serves the files of `folder` and nothing beside it; pictures and sounds may come from `media_origins`."""

    def __init__(self, media_origins: Iterable[str] = (), folder: Path = PAGE) -> None:
        self._folder = folder.resolve()
        self._headers: Mapping[str, str] = SAFE | {
            "Content-Security-Policy": policy(media_origins),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }

    def answer(self, call: Call) -> Answer:
        """GET /page/<file>; the folder itself is its index.html."""
        if call.method != "GET":
            return Answer(405, {"error": "use GET"}, {"Allow": "GET"})
        file = (self._folder / (call.path.removeprefix(PREFIX) or "index.html")).resolve()
        kind = _TYPES.get(file.suffix)
        if kind is None or self._folder not in file.parents or not file.is_file():
            return Answer(404, {"error": "the page has no such file"}, self._headers)
        return Answer(200, file.read_bytes(), self._headers, kind)
