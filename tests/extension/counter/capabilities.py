"""What the counter takes."""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import DeskCapabilities, MediaLimit

CAPABILITIES = DeskCapabilities(
    text_limit=40,
    media={"image": MediaLimit(("image/png",), 1_000)},
    media_by="upload",
    receipts=False,
    stateful=True,
)
