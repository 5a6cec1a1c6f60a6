"""How the agent sees each kind of event that Instagram sends: the translator reads it, docs/rendering.md shows it.

Attachments have the names that Meta gives them; of the rest, what follows a colon tells variants apart.
developers.facebook.com/docs/messenger-platform/instagram/features/webhook
"""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering
from chalicelib.vocabulary.messages import Ignored, Line


def _message(line: str = "") -> Rendering:
    return Rendering(shows="message", line=line)


def _note(line: str) -> Rendering:
    return Rendering(shows="note", line=line)


def _ignored(reason: str) -> Rendering:
    return Rendering(shows="ignored", reason=reason)


RENDERINGS: dict[str, Rendering] = {
    "text": _message(),
    "quick_reply": _message(),
    "postback": _message(),
    "image": Rendering(shows="media"),
    "video": Rendering(shows="media"),
    "audio": Rendering(shows="media"),
    "file": Rendering(shows="media"),
    "media_gone": _message("media_gone"),
    "sticker": _message("sticker"),
    "like_heart": _message("sticker"),
    # a story may be shown, its media not stored:
    # developers.facebook.com/docs/messenger-platform/instagram/features/story-mention
    "story_mention": _message("story_mention"),
    "ig_story": _message("story_shared"),
    "story": _message("story_shared"),
    "story_gone": _message("story_gone"),
    "ig_post": _message("post_shared"),
    "post": _message("post_shared"),
    "share": _message("post_shared"),
    "ig_reel": _message("reel_shared"),
    "reel": _message("reel_shared"),
    "media": _message("attachment"),
    "fallback": _message("attachment"),
    "location": _message("location"),
    "template": _message("card"),
    "template:buttons": _message("buttons"),
    "template:comment": _message("comment_shared"),
    "ephemeral": _message("ephemeral"),
    "unsupported_type": _message("unsupported"),
    "unsupported": _message("unsupported"),
    "unknown": _message("unknown"),
    "unknown:link": _message("attachment"),
    "reply_to:story": _message("story_reply"),
    "reply_to:message": _message("quotes"),
    "referral": Rendering(shows="led"),
    "reaction:react": _note("reacted"),
    "reaction:unnamed": _note("reacted_somehow"),
    "reaction:unreact": _note("unreacted"),
    "message_edit": _note("edited"),
    "message_edit:no_text": _message(),  # whatever the platform tells of it, when it is asked
    "unsend": _note("unsent"),
    "read": _note("read"),
    "echo": _note("echo_app"),
    "echo:media": _note("attachment"),
    "comments": _message("comment"),
    "live_comments": _message("live_comment"),
    "mentions:comment": _message("mention_comment"),
    "mentions:media": _message("mention_post"),
    "answer:privately": _message("answer_privately"),
    "answer:in_app": _message("answer_in_app"),
    "event": _ignored("event_{name}"),  # whatever else Meta tells, by Meta's name for it
    "nobody": _ignored("instagram_nobody"),
    "own": _ignored("instagram_own"),
    "self": _ignored("instagram_self"),
    "echo:unsend": _ignored("instagram_own_unsend"),
    "standby": _ignored("instagram_standby"),
    "handover": _ignored("instagram_handover"),
    "optin": _ignored("instagram_optin"),
    "policy_enforcement": _ignored("instagram_policy_enforcement"),
    "response_feedback": _ignored("instagram_response_feedback"),
    "story_insights": _ignored("instagram_story_insights"),
    "changed_fields": _ignored("instagram_changed_fields"),
    "entry": _ignored("instagram_unknown_entry"),
    "other_object": _ignored("instagram_other_object"),
    "dashboard_test": _ignored("dashboard_test"),
}


def lines(row: str, /, **facts: str) -> tuple[Line, ...]:
    """What the bridge says of this kind; nothing where the customer's own words are all there is."""
    key = RENDERINGS[row].line
    return (Line(key, {name: fact for name, fact in facts.items() if fact}),) if key else ()


def ignored(row: str, name: str = "") -> Ignored:
    """Why this kind is not shown; `name` is Meta's, where the row counts by it."""
    return Ignored(RENDERINGS[row].reason.replace("{name}", name))
