"""How the agent sees each kind of event that X sends: the translator reads it, docs/rendering.md shows it.

What stands before the colon is X's: `dm` a plain direct message, `chat` one of an encrypted conversation, by the kinds
that the cryptography tells apart. docs.x.com/x-api/account-activity, docs.x.com/x-api/activity/event-payloads,
github.com/xdevplatform/chat-xdk docs
"""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering, as_message, as_note, ignored_for, lines_of, unheard_of
from chalicelib.vocabulary.messages import Ignored, Line

RENDERINGS: dict[str, Rendering] = {
    "dm:text": as_message(),
    "dm:quick_reply": as_message(),
    "dm:photo": Rendering(shows="media"),
    "dm:animated_gif": Rendering(shows="media"),
    "dm:video": Rendering(shows="media"),
    "dm:media_gone": as_message("media_gone"),
    "dm:location": as_message("location"),
    "dm:nothing": as_message("unsupported"),
    "dm:unknown": as_message("unknown"),
    "dm:group": as_message("in_group"),
    "dm:echo": as_note("echo_app"),
    "dm:echo:media": as_note("app_media"),
    "dm:echo:choices": as_note("buttons"),
    "dm:read": as_note("read"),
    "dm:typing": as_note("typing"),
    "chat:text": as_message(),
    "chat:quick_reply": as_message(),
    "chat:media": Rendering(shows="media"),
    "chat:url": as_message("attachment"),
    "chat:post": as_message("post_shared"),
    "chat:card": as_message("attachment"),
    "chat:money": as_message("unsupported"),
    "chat:unknown": as_message("unknown"),
    "chat:nothing": as_message("unsupported"),
    "chat:media_gone": as_message("media_gone"),
    "chat:reply": as_message("quotes"),
    "chat:group": as_message("in_group"),
    "chat:unopened": as_message("sealed_unopened"),
    "chat:no_keys": as_message("sealed_no_keys"),
    "chat:reaction": as_note("reacted"),
    "chat:reaction_removed": as_note("unreacted"),
    "chat:edit": as_note("edited"),
    "chat:deleted": as_note("unsent"),
    "chat:read": as_note("read"),
    "chat:typing": as_note("typing"),
    "chat:echo": as_note("echo_app"),
    "chat:echo:media": as_note("app_media"),
    "chat:echo:choices": as_note("buttons"),
    "chat:key_change": ignored_for("x_key_change"),
    "chat:group_change": ignored_for("x_group_change"),
    "chat:member_deleted": ignored_for("x_group_change"),
    "chat:marked_unread": ignored_for("x_marked_unread"),
    "chat:conversation_deleted": ignored_for("x_conversation_deleted"),
    "chat:hidden": ignored_for("x_hidden"),
    "chat:failure": ignored_for("x_failure"),
    "chat:join": ignored_for("x_conversation_join"),
    "revoked": ignored_for("authorization_removed"),
    "replay:complete": ignored_for("x_replay_complete"),
    "replay:incomplete": ignored_for("x_replay_incomplete"),
    "replay:other": ignored_for("x_replay_status"),
    "own": ignored_for("x_own"),
    "self": ignored_for("x_self"),
    "nobody": ignored_for("x_nobody"),
    # whatever else X tells, by X's name for it: an account's posts, likes, follows, blocks come with Account Activity
    "event": ignored_for("event_{name}"),
}


def lines(row: str, /, **facts: str) -> tuple[Line, ...]:
    """What the bridge says of this kind; nothing where the customer's own words are all there is."""
    return lines_of(RENDERINGS[row], **facts)


def ignored(row: str) -> Ignored:
    """Why this kind is not shown."""
    return Ignored(RENDERINGS[row].reason)


def unheard(name: str) -> Ignored:
    """Why an event is not shown that is none of these kinds; `name` is X's."""
    return Ignored(unheard_of(name) or RENDERINGS["event"].reason.replace("{name}", "unknown"))
