"""What Instagram takes.

developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api and its pages, where
no other is named.
"""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import DAY_S, Capabilities, CardsLimit, ChoicesLimit, MediaLimit, WindowPolicy

# Meta writes MB and says no more; the smaller reading is never refused
_MB = 1_000_000

CAPABILITIES = Capabilities(
    text_limit=1000,
    text_unit="bytes",
    window=WindowPolicy(
        open_s=DAY_S,
        # developers.facebook.com/docs/features-reference/human-agent: people only, never bots, on approved accounts
        human_agent_s=7 * DAY_S,
        human_agent_tag="HUMAN_AGENT",
        # "may last up to 7 days" of the first message after an ad, so that Meta judges:
        # developers.facebook.com/docs/messenger-platform/policy
        ad_s=7 * DAY_S,
        # .../messaging-api/private-replies
        comment_s=7 * DAY_S,
    ),
    media={
        # GIF is on the upload page only, not among what is sent by URL
        "image": MediaLimit(("image/jpeg", "image/png"), 8 * _MB),
        "audio": MediaLimit(
            ("audio/aac", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/wav", "audio/x-wav"), 25 * _MB
        ),
        "video": MediaLimit(("video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"), 25 * _MB),
        "file": MediaLimit(("application/pdf",), 25 * _MB),
    },
    # .../messaging-api/quick-replies; the text is an ordinary one
    quick_replies=ChoicesLimit(count=13, text=1000, title=20),
    # .../messaging-api/button-template; developers.facebook.com/docs/messenger-platform/reference/buttons
    buttons=ChoicesLimit(count=3, text=640, title=20, links=True),
    # .../messaging-api/generic-template
    cards=CardsLimit(count=10, title=80, description=80, choices=3, choice=20),
)
