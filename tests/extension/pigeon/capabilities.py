"""What a pigeon carries."""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import DAY_S, Capabilities, ChoicesLimit, MediaLimit, WindowPolicy

CAPABILITIES = Capabilities(
    text_limit=200,
    text_unit="characters",
    window=WindowPolicy(open_s=DAY_S),
    media={"image": MediaLimit(("image/png",), 10_000)},
    quick_replies=ChoicesLimit(count=3, text=60, title=20),
    typing=False,
    seen=False,
    message_event="{}",
)
