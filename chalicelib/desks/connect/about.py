"""What Amazon Connect says of itself."""

from __future__ import annotations

import msgspec

from chalicelib.vocabulary.about import About


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an account at Connect has besides: the flow that its contacts enter, by id or ARN, "" for the deployment's
    own."""

    flow: str = ""


# It calls with the function's own role, and is told by a queue that only AWS writes to: there is no secret. The
# instance, its flow and its topic are required; "" of an address is the region's own, "" of the profiles' domain has no
# customer put there.
ABOUT = About(
    name="connect",
    title="Amazon Connect",
    settings={
        "connect_instance": None,
        "connect_flow": None,
        "connect_topic": None,
        "connect_api": "",
        "connect_participant_api": "",
        "connect_profiles_api": "",
        "connect_chat_minutes": "2880",
        "connect_content_types": "text/plain",
        "connect_text_limit": "1024",
        "connect_more_files": "",
        "connect_file_mb": "20",
        "connect_one_call": "false",
        "connect_persistent": "false",
        "connect_profiles_domain": "",
    },
    options=Place,
)
