"""What Amazon Connect Chat takes.

docs.aws.amazon.com/connect/latest/adminguide/feature-limits.html, "Chat": the types of files and 20 MB are what an
instance takes unless it is set otherwise (UpdateAttachedFilesConfiguration).
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.vocabulary.capabilities import DeskCapabilities, MediaLimit
from chalicelib.vocabulary.messages import Kind

MB = 1_000_000
# "connect_file_mb" raises the second as far as the bridge itself takes files.
LARGEST_MB, MOST_MB = 20, 25
TAKEN = (
    "image/jpeg",
    "image/png",
    "image/heic",
    "video/mp4",
    "video/quicktime",
    "audio/wav",
    "application/pdf",
    "text/plain",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
)
# SendMessage: 1,024 characters until October 2026, up to 16,384 bytes since, by channel; "connect_text_limit" raises
# it, and is in bytes where it does.
TEXT_LIMIT = 1_024
LONGEST_TEXT = 16_384


def media(more: Iterable[str] = (), largest_mb: int = LARGEST_MB) -> dict[Kind, MediaLimit]:
    """What an instance takes that was set to take these types, too, and files of that size (MB)."""
    found: dict[Kind, tuple[str, ...]] = {"image": (), "video": (), "audio": (), "file": ()}
    for mime in dict.fromkeys((*TAKEN, *more)):
        of_media: list[Kind] = [kind for kind in found if mime.startswith(f"{kind}/")]
        found[of_media[0] if of_media else "file"] += (mime,)
    return {kind: MediaLimit(mimes, largest_mb * MB) for kind, mimes in found.items()}


# A chat may be told that a message was delivered or read, and of no failure. What it is given twice under one
# ClientToken, it has once; of a contact that is over it takes nothing: API reference, SendMessage.
CAPABILITIES = DeskCapabilities(
    text_limit=TEXT_LIMIT,
    media=media(),
    media_by="upload",
    reads=True,
    stateful=True,
    idempotent=True,
    refuses_over=True,
)
