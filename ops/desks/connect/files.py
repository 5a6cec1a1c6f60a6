"""What an instance takes as an attachment of a chat, beside what the bridge uploads.

docs.aws.amazon.com/connect/latest/APIReference/API_UpdateAttachedFilesConfiguration.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.desks.connect.capabilities import CAPABILITIES, MB_20
from chalicelib.rules.mime import DOCUMENTS, EXTENSIONS
from ops.bridge import Bridge
from ops.desks.connect import asking

SCOPE = "CHAT"


class Taken(msgspec.Struct, frozen=True):
    """The extensions that the instance takes, and how large a file may be (bytes)."""

    extensions: frozenset[str]
    largest: int

    @property
    def lacking(self) -> list[str]:
        """The extensions that the bridge uploads, and the instance refuses, in order."""
        return sorted(uploaded() - {one.lower() for one in self.extensions})

    @property
    def enough(self) -> bool:
        """Whether nothing is to be changed."""
        return not self.lacking and self.largest >= MB_20


def uploaded() -> set[str]:
    """The extensions under which the bridge uploads files."""
    known = EXTENSIONS | DOCUMENTS
    return {known[mime] for limit in CAPABILITIES.media.values() for mime in limit.mimes}


def taken(bridge: Bridge) -> Taken:
    """What the instance takes, its defaults where nobody has set any. Raises OpsError."""
    connect, instance = asking.client(bridge, "connect"), asking.instance(bridge)
    found: dict[str, Any] = bridge.aws(
        lambda: connect.describe_attached_files_configuration(InstanceId=instance, AttachmentScope=SCOPE),
        f"instance {instance}",
    )
    told = found["AttachedFilesConfiguration"]
    allowed = told.get("ExtensionConfiguration", {}).get("AllowedExtensions", [])
    return Taken(frozenset(one["Extension"] for one in allowed), int(told.get("MaximumSizeLimitInBytes", 0)))


def admit(bridge: Bridge) -> tuple[Taken, list[str]]:
    """Lets the instance take what the bridge uploads, and takes nothing away; answers what it took before, and the
    extensions that are new. What already holds is left alone. Raises OpsError."""
    before = taken(bridge)
    if before.enough:
        return before, []
    connect, instance = asking.client(bridge, "connect"), asking.instance(bridge)
    # a list that is given may stand in place of the former one
    every = [{"Extension": one} for one in sorted({*before.extensions, *before.lacking})]
    bridge.aws(
        lambda: connect.update_attached_files_configuration(
            InstanceId=instance,
            AttachmentScope=SCOPE,
            MaximumSizeLimitInBytes=max(before.largest, MB_20),
            ExtensionConfiguration={"AllowedExtensions": every},
        ),
        f"instance {instance}",
    )
    return before, before.lacking
