"""Which files X takes: docs.x.com/x-api/media/quickstart (images 5 MB, GIFs 15 MB, films up to what is fetched)."""

from __future__ import annotations

import pytest

from chalicelib.channels.x.capabilities import CAPABILITIES
from chalicelib.fetching import LARGEST
from chalicelib.vocabulary.messages import Kind


@pytest.mark.parametrize(
    ("kind", "mime", "most"),
    [
        ("image", "image/jpeg", 5_000_000),
        ("image", "image/png", 5_000_000),
        ("image", "image/gif", 15_000_000),
        ("video", "video/mp4", LARGEST),
    ],
)
def test_a_file_is_taken_up_to_the_limit_of_its_type(kind: Kind, mime: str, most: int) -> None:
    limit = CAPABILITIES.media[kind]
    assert limit.takes(mime, most)
    assert not limit.takes(mime, most + 1)


@pytest.mark.parametrize("mime", ["image/heic", "image/svg+xml", "application/pdf", "audio/mp4"])
def test_other_types_are_not_taken(mime: str) -> None:
    assert not any(limit.takes(mime, 1) for limit in CAPABILITIES.media.values())
