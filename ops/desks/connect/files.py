"""What an instance takes as an attachment of a chat, beside what the bridge uploads.

docs.aws.amazon.com/connect/latest/APIReference/API_UpdateAttachedFilesConfiguration.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.desks.connect.client import Reading, abilities
from chalicelib.rules.mime import DOCUMENTS, EXTENSIONS
from ops.bridge import Bridge
from ops.desks.connect import asking

SCOPE = "CHAT"


class Taken(msgspec.Struct, frozen=True):
    """The extensions that the instance takes, and how large a file may be (bytes); and `wanted`, what the bridge
    uploads, as `largest_wanted`. `unknown` are types of the settings that no file of ours ever has."""

    extensions: frozenset[str]
    largest: int
    wanted: frozenset[str]
    largest_wanted: int
    unknown: tuple[str, ...] = ()

    @property
    def lacking(self) -> list[str]:
        """The extensions that the bridge uploads, and the instance refuses, in order."""
        return sorted(self.wanted - {one.lower() for one in self.extensions})

    @property
    def enough(self) -> bool:
        """Whether nothing is to be changed."""
        return not self.lacking and self.largest >= self.largest_wanted


def taken(bridge: Bridge) -> Taken:
    """What the instance takes, its defaults where nobody has set any. Raises OpsError."""
    connect, instance = asking.client(bridge, "connect"), asking.instance(bridge)
    found: dict[str, Any] = bridge.aws(
        lambda: connect.describe_attached_files_configuration(InstanceId=instance, AttachmentScope=SCOPE),
        f"instance {instance}",
    )
    told = found["AttachedFilesConfiguration"]
    allowed = told.get("ExtensionConfiguration", {}).get("AllowedExtensions", [])
    limits, known = abilities(Reading(bridge.settings.vendors.__getitem__)).media, EXTENSIONS | DOCUMENTS
    mimes = [mime for limit in limits.values() for mime in limit.mimes]
    return Taken(
        extensions=frozenset(one["Extension"] for one in allowed),
        largest=int(told.get("MaximumSizeLimitInBytes", 0)),
        wanted=frozenset(known[mime] for mime in mimes if mime in known),
        largest_wanted=max(limit.size for limit in limits.values()),
        unknown=tuple(mime for mime in mimes if mime not in known),
    )


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
            MaximumSizeLimitInBytes=max(before.largest, before.largest_wanted),
            ExtensionConfiguration={"AllowedExtensions": every},
        ),
        f"instance {instance}",
    )
    return before, before.lacking
