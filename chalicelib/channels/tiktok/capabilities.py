"""What TikTok's direct messages carry: TikTok portal docs 1832184403754242 (send) and 1832184437720193 (upload)."""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import HOUR_S, Capabilities, ChoicesLimit, MediaLimit, WindowPolicy

CAPABILITIES = Capabilities(
    text_limit=6000,
    text_unit="characters",
    window=WindowPolicy(open_s=48 * HOUR_S, comment_s=48 * HOUR_S, cap=10),
    # An upload, and only between countries where TikTok allows pictures in messages: the client asks each time.
    media={"image": MediaLimit(("image/jpeg", "image/png"), 3 * 1024 * 1024)},
    media_by="upload",
    message_event="im_receive_msg:{}",
    buttons=ChoicesLimit(count=3, text=40, title=20),  # a QA_BUTTON_CARD: its buttons answer, none opens a page
)
