"""How the agent sees each kind of event that X sends: the translator reads it, docs/rendering.md shows it.

What stands before the colon is X's: `dm` a plain direct message, `chat` one of an encrypted conversation, by the kinds
that the cryptography tells apart. docs.x.com/x-api/account-activity, docs.x.com/x-api/activity/event-payloads,
github.com/xdevplatform/chat-xdk docs
"""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering, unheard_of
from chalicelib.vocabulary.messages import Ignored, Line


def _message(line: str = "") -> Rendering:
    return Rendering(shows="message", line=line)


def _note(line: str) -> Rendering:
    return Rendering(shows="note", line=line)


def _ignored(reason: str) -> Rendering:
    return Rendering(shows="ignored", reason=reason)


RENDERINGS: dict[str, Rendering] = {
    "dm:text": _message(),
    "dm:quick_reply": _message(),
    "dm:photo": Rendering(shows="media"),
    "dm:animated_gif": Rendering(shows="media"),
    "dm:video": Rendering(shows="media"),
    "dm:media_gone": _message("media_gone"),
    "dm:location": _message("location"),
    "dm:nothing": _message("unsupported"),
    "dm:unknown": _message("unknown"),
    "dm:group": _message("in_group"),
    "dm:echo": _note("echo_app"),
    "dm:echo:media": _note("app_media"),
    "dm:echo:choices": _note("buttons"),
    "dm:read": _note("read"),
    "dm:typing": _note("typing"),
    "chat:text": _message(),
    "chat:quick_reply": _message(),
    "chat:media": Rendering(shows="media"),
    "chat:url": _message("attachment"),
    "chat:post": _message("post_shared"),
    "chat:card": _message("attachment"),
    "chat:money": _message("unsupported"),
    "chat:unknown": _message("unknown"),
    "chat:nothing": _message("unsupported"),
    "chat:media_gone": _message("media_gone"),
    "chat:reply": _message("quotes"),
    "chat:group": _message("in_group"),
    "chat:unopened": _message("sealed_unopened"),
    "chat:no_keys": _message("sealed_no_keys"),
    "chat:reaction": _note("reacted"),
    "chat:reaction_removed": _note("unreacted"),
    "chat:edit": _note("edited"),
    "chat:deleted": _note("unsent"),
    "chat:read": _note("read"),
    "chat:typing": _note("typing"),
    "chat:echo": _note("echo_app"),
    "chat:echo:media": _note("app_media"),
    "chat:echo:choices": _note("buttons"),
    "chat:key_change": _ignored("x_key_change"),
    "chat:group_change": _ignored("x_group_change"),
    "chat:member_deleted": _ignored("x_group_change"),
    "chat:marked_unread": _ignored("x_marked_unread"),
    "chat:conversation_deleted": _ignored("x_conversation_deleted"),
    "chat:hidden": _ignored("x_hidden"),
    "chat:failure": _ignored("x_failure"),
    "chat:join": _ignored("x_conversation_join"),
    "revoked": _ignored("authorization_removed"),
    "replay:complete": _ignored("x_replay_complete"),
    "replay:incomplete": _ignored("x_replay_incomplete"),
    "replay:other": _ignored("x_replay_status"),
    "own": _ignored("x_own"),
    "self": _ignored("x_self"),
    "nobody": _ignored("x_nobody"),
    # whatever else X tells, by X's name for it: an account's posts, likes, follows, blocks come with Account Activity
    "event": _ignored("event_{name}"),
}


def lines(row: str, /, **facts: str) -> tuple[Line, ...]:
    """What the bridge says of this kind; nothing where the customer's own words are all there is."""
    key = RENDERINGS[row].line
    return (Line(key, {name: fact for name, fact in facts.items() if fact}),) if key else ()


def ignored(row: str) -> Ignored:
    """Why this kind is not shown."""
    return Ignored(RENDERINGS[row].reason)


def unheard(name: str) -> Ignored:
    """Why an event is not shown that is none of these kinds; `name` is X's."""
    return Ignored(unheard_of(name) or RENDERINGS["event"].reason.replace("{name}", "unknown"))
