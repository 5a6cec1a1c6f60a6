"""What the road shows of requests and answers: everything but secrets, tokens and signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.stage.vendors import Masked

MASK = "•••"
LONGEST = 16_000

# whoever's they are; the vendors name theirs
_COMMON = Masked(
    headers=("authorization", "cookie", "set-cookie"),
    members=(
        "access_token", "refresh_token", "client_secret", "app_secret", "secret", "password", "signature",
        "X-Amz-Signature", "X-Amz-Credential",
    ),
    links=("/api/media/",),
)  # fmt: skip


class Masker:
    """Masks what is named, beside what is secret everywhere."""

    def __init__(self, masked: Iterable[Masked] = ()) -> None:
        every = [_COMMON, *masked]
        known = sorted({text for one in every for text in one.texts if text}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._headers = {header for one in every for header in one.headers}
        members = "|".join(re.escape(member) for one in every for member in one.members)
        links = [re.escape(link) for one in every for link in one.links]
        # a JSON member, also one in a string of JSON; a parameter of a URL or a form; the token of a link to a file
        self._member = re.compile(rf'(\\*"(?:{members})\\*"\s*:\s*\\*")[^"\\]*', re.IGNORECASE)
        self._parameter = re.compile(rf"(?<![\w-])((?:{members})=)[^&\s\"\\]+", re.IGNORECASE)
        every_link = "|".join([*links, *(link.replace("/", r"\\/") for link in links)])
        self._link = re.compile(rf"((?:{every_link}))[^\s\"\\?&]+")

    def text(self, text: str) -> str:
        """The text without what must not be seen."""
        if self._known:
            text = self._known.sub(MASK, text)
        text = self._member.sub(rf"\g<1>{MASK}", text)
        return self._link.sub(rf"\g<1>{MASK}", self._parameter.sub(rf"\g<1>{MASK}", text))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers; of those that authorise, only the names."""
        return {name: MASK if name.lower() in self._headers else self.text(value) for name, value in headers.items()}

    def body(self, body: bytes | None, kind: str = "") -> str:
        """The body as text, at most 16,000 characters of it; a file is told by its size. `kind` is its MIME type."""
        if not body:
            return ""
        try:
            if b"\0" in body or kind.startswith(("image/", "video/", "audio/", "application/pdf", "multipart/")):
                raise UnicodeError
            text = body.decode()
        except UnicodeError:
            return f"{len(body)} bytes of {kind.partition(';')[0] or 'data'}"
        shown = self.text(text)
        return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}… {len(shown) - LONGEST} more"

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> dict[str, Any]:
        """A request as the road shows it."""
        shown = self.body(body, _content_type(headers))
        return {"method": method, "url": self.text(url), "headers": self.headers(headers), "body": shown}

    def answer(self, status: int, body: bytes, kind: str) -> dict[str, Any]:
        """An answer as the road shows it."""
        return {"status": status, "body": self.body(body, kind)}


def _content_type(headers: Mapping[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "")
