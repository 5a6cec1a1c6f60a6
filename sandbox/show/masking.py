"""What the road shows of requests and answers: everything but secrets, tokens and signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "•••"
LONGEST = 16_000

_HEADERS = frozenset(
    {
        "authorization", "access-token", "x-user", "cookie", "set-cookie",
        "tiktok-signature", "x-hub-signature", "x-hub-signature-256",
    }
)  # fmt: skip
_NAMES = (
    "access_token|refresh_token|client_secret|app_secret|fb_exchange_token|auth_code|secret|password"
    "|signature|x-signature|X-Amz-Signature|X-Amz-Credential|hub.verify_token"
)
# a JSON member, also one in a string of JSON; a parameter of a URL or a form; the token of a link to a file
_MEMBER = re.compile(rf'(\\*"(?:{_NAMES})\\*"\s*:\s*\\*")[^"\\]*', re.IGNORECASE)
_PARAMETER = re.compile(rf"(?<![\w-])((?:{_NAMES})=)[^&\s\"\\]+", re.IGNORECASE)
_LINK = re.compile(r"((?:/api/media/|\\/api\\/media\\/|/api/v2/downloads/))[^\s\"\\?&]+")


class Masker:
    """`secrets` are texts that are masked wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """The text without what must not be seen."""
        if self._known:
            text = self._known.sub(MASK, text)
        text = _MEMBER.sub(rf"\g<1>{MASK}", text)
        return _LINK.sub(rf"\g<1>{MASK}", _PARAMETER.sub(rf"\g<1>{MASK}", text))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers; of those that authorise, only the names."""
        return {name: MASK if name.lower() in _HEADERS else self.text(value) for name, value in headers.items()}

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
