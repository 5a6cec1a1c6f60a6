"""What Amazon Connect Chat takes.

docs.aws.amazon.com/connect/latest/adminguide/feature-limits.html, "Chat": the types of files and 20 MB are what an
instance takes unless it is set otherwise (UpdateAttachedFilesConfiguration).
"""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import DeskCapabilities, MediaLimit

MB_20 = 20_000_000
# SendMessage: 1,024 characters until October 2026, up to 16,384 bytes since, by channel; "connect_text_limit" raises
# it, and is in bytes where it does.
TEXT_LIMIT = 1_024
LONGEST_TEXT = 16_384

# A chat may be told that a message was delivered, and of no failure. What it is given twice under one ClientToken, it
# has once: API reference, SendMessage.
CAPABILITIES = DeskCapabilities(
    text_limit=TEXT_LIMIT,
    media={
        "image": MediaLimit(("image/jpeg", "image/png", "image/heic"), MB_20),
        "video": MediaLimit(("video/mp4", "video/quicktime"), MB_20),
        "audio": MediaLimit(("audio/wav",), MB_20),
        "file": MediaLimit(
            (
                "application/pdf",
                "text/plain",
                "text/csv",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            ),
            MB_20,
        ),
    },
    media_by="upload",
    reads=True,
    stateful=True,
    idempotent=True,
)
