"""Bodies signed by Standard Webhooks: what the companies' own endpoints are called with, and judge us by.

github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. It signs the id, the time and the
body, and neither path nor query: so nothing that matters stands in those.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
# The specification's own bounds of a key (bytes).
SHORTEST, LONGEST = 24, 64


def keys_of(texts: Sequence[object]) -> list[bytes]:
    """The keys that are held as `whsec_<base64>`, in their order. Raises ValueError, with none of their characters,
    where there is none, or one is no key."""
    keys = []
    for text in texts:
        try:
            key = base64.b64decode(str(text).strip().removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not isinstance(text, str) or not SHORTEST <= len(key) <= LONGEST:
            raise ValueError(f"a key is {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64")
        keys.append(key)
    if not keys:
        raise ValueError("no key is there")
    return keys


def headers(keys: Sequence[bytes], identifier: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers of a call with the JSON body: signed by each key, so that whoever knows the former or the next one
    takes it, too. `at_s` is now (epoch s)."""
    content = b".".join([identifier.encode(), str(at_s).encode(), body])
    marks = [base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys]
    return {
        "Content-Type": "application/json",
        "webhook-id": identifier,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }
