"""What X's direct messages carry: docs.x.com/x-api/direct-messages/manage, docs.x.com/x-api/media/quickstart, where no
other page is named."""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import Capabilities, MediaLimit, WindowPolicy

# X writes MB and says no more; the smaller reading is never refused
_MB = 1_000_000

CAPABILITIES = Capabilities(
    # developer.x.com: direct messages, "max length of 10,000 characters"
    text_limit=10_000,
    text_unit="characters",
    window=WindowPolicy(open_s=None),
    # as media_category dm_image, dm_gif, dm_video
    media={
        "image": MediaLimit(
            ("image/jpeg", "image/png", "image/webp", "image/gif"), 5 * _MB, larger={"image/gif": 15 * _MB}
        ),
        "video": MediaLimit(("video/mp4", "video/quicktime"), 25 * _MB),  # X takes 512 MB, nobody here fetches more
    },
    media_by="upload",
    # Both exist in encrypted conversations only; in a plain one the client does nothing.
    # docs.x.com/xchat: POST /2/chat/conversations/{id}/typing and /read
    typing=True,
    seen=True,
    message_event="dm:{}",
    plain="dm",
)
