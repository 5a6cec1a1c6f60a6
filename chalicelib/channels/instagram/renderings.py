"""How the agent sees each kind of event that Instagram sends: the translator reads it, docs/rendering.md shows it.

Attachments have the names that Meta gives them; of the rest, what follows a colon tells variants apart.
developers.facebook.com/docs/messenger-platform/instagram/features/webhook
"""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering, as_message, as_note, ignored_for, lines_of
from chalicelib.vocabulary.messages import Ignored, Line

RENDERINGS: dict[str, Rendering] = {
    "text": as_message(),
    "quick_reply": as_message(),
    "postback": as_message(),
    "image": Rendering(shows="media"),
    "video": Rendering(shows="media"),
    "audio": Rendering(shows="media"),
    "file": Rendering(shows="media"),
    "media_gone": as_message("media_gone"),
    "sticker": as_message("sticker"),
    "like_heart": as_message("sticker"),
    # a story may be shown, its media not stored:
    # developers.facebook.com/docs/messenger-platform/instagram/features/story-mention
    "story_mention": as_message("story_mention"),
    "ig_story": as_message("story_shared"),
    "story": as_message("story_shared"),
    "story_gone": as_message("story_gone"),
    "ig_post": as_message("post_shared"),
    "post": as_message("post_shared"),
    "share": as_message("post_shared"),
    "ig_reel": as_message("reel_shared"),
    "reel": as_message("reel_shared"),
    "media": as_message("attachment"),
    "fallback": as_message("attachment"),
    "location": as_message("location"),
    "template": as_message("card"),
    "template:buttons": as_message("buttons"),
    "template:comment": as_message("comment_shared"),
    "ephemeral": as_message("ephemeral"),
    "unsupported_type": as_message("unsupported"),
    "unsupported": as_message("unsupported"),
    "unknown": as_message("unknown"),
    "unknown:link": as_message("attachment"),
    "reply_to:story": as_message("story_reply"),
    "reply_to:message": as_message("quotes"),
    "referral": Rendering(shows="led"),
    "reaction:react": as_note("reacted"),
    "reaction:unnamed": as_note("reacted_somehow"),
    "reaction:unreact": as_note("unreacted"),
    "message_edit": as_note("edited"),
    "message_edit:no_text": as_message(),  # whatever the platform tells of it, when it is asked
    "unsend": as_note("unsent"),
    "read": as_note("read"),
    "echo": as_note("echo_app"),
    "echo:media": as_note("attachment"),
    "comments": as_message("comment"),
    "live_comments": as_message("live_comment"),
    "mentions:comment": as_message("mention_comment"),
    "mentions:media": as_message("mention_post"),
    "answer:privately": as_message("answer_privately"),
    "answer:in_app": as_message("answer_in_app"),
    "event": ignored_for("event_{name}"),  # whatever else Meta tells, by Meta's name for it
    "nobody": ignored_for("instagram_nobody"),
    "own": ignored_for("instagram_own"),
    "self": ignored_for("instagram_self"),
    "echo:unsend": ignored_for("instagram_own_unsend"),
    "standby": ignored_for("instagram_standby"),
    "handover": ignored_for("instagram_handover"),
    "optin": ignored_for("instagram_optin"),
    "policy_enforcement": ignored_for("instagram_policy_enforcement"),
    "response_feedback": ignored_for("instagram_response_feedback"),
    "story_insights": ignored_for("instagram_story_insights"),
    "changed_fields": ignored_for("instagram_changed_fields"),
    "entry": ignored_for("instagram_unknown_entry"),
    "other_object": ignored_for("instagram_other_object"),
    "dashboard_test": ignored_for("dashboard_test"),
}


def lines(row: str, /, **facts: str) -> tuple[Line, ...]:
    """What the bridge says of this kind; nothing where the customer's own words are all there is."""
    return lines_of(RENDERINGS[row], **facts)


def ignored(row: str, name: str = "") -> Ignored:
    """Why this kind is not shown; `name` is Meta's, where the row counts by it."""
    return Ignored(RENDERINGS[row].reason.replace("{name}", name))
