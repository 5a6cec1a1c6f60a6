"""How the agent sees each kind of event that TikTok sends: the translator reads it, docs/rendering.md shows it.

A key is the event's name and, after a colon, which of its kinds. TikTok portal docs 1832190670631937 (messages),
1810515104773122 (comments), 1825113658431489 (mentions); developers.tiktok.com/doc/webhooks-events
"""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering


def _message(line: str = "") -> Rendering:
    return Rendering(shows="message", line=line)


def _note(line: str) -> Rendering:
    return Rendering(shows="note", line=line)


def _ignored(reason: str) -> Rendering:
    return Rendering(shows="ignored", reason=reason)


RENDERINGS: dict[str, Rendering] = {
    "im_receive_msg:text": _message(),
    "im_receive_msg:image": Rendering(shows="media"),
    "im_receive_msg:video": Rendering(shows="media"),
    "im_receive_msg:share_post": _message("post_shared"),
    "im_receive_msg:sticker": _message("sticker"),
    "im_receive_msg:emoji": _message("emoji"),
    "im_receive_msg:template": _message("buttons"),
    "im_receive_msg:other": _message("unsupported"),
    "im_receive_msg:unknown": _message("unknown"),
    "im_receive_msg:quoted_reply": _message("reply_to"),
    "reaction:ADD": _note("reacted"),
    "reaction:REMOVE": _note("unreacted"),
    "reaction:own": _ignored("tiktok_own_reaction"),
    "im_receive_msg_eu": _message("region"),
    "im_referral_msg:ad": Rendering(shows="led"),
    "im_referral_msg:short_link": Rendering(shows="led"),
    "im_referral_msg:other": Rendering(shows="led"),
    "im_referral_msg:unknown": _ignored("tiktok_unknown_referral"),
    "im_mark_read_msg": _note("read"),
    "im_send_msg:API": _note("echo_app"),
    "im_send_msg:APP": _note("echo_app"),
    "im_send_msg:WEB": _note("echo_app"),
    "im_send_msg:OTHERS": _note("echo_automation"),
    "im_send_msg:unknown": _note("echo_automation"),
    "im_send_msg:reaction": _ignored("tiktok_own_reaction"),
    "im_receive_high_intent_comment": _message("high_intent"),
    "comment.update:insert": _message("comment"),
    "comment.update:delete": _note("comment_deleted"),
    "comment.update:set_to_hidden": _note("comment_hidden"),
    "comment.update:set_to_friends_only": _note("comment_hidden"),
    "comment.update:set_to_public": _note("comment_public"),
    "comment.update:unknown": _ignored("tiktok_unknown_comment_action"),
    "comment.update:own": _ignored("tiktok_own_comment"),
    "brand.mention.event:video": _message("mention_video"),
    "brand.mention.event:comment": _message("mention_comment"),
    "brand.mention.event:change": _note("mention_changed"),
    "brand.mention.event:own": _ignored("tiktok_own_mention"),
    "im_auto_message_config_update": _ignored("tiktok_auto_message_config"),
    "im_auto_message_audit_update": _ignored("tiktok_auto_message_audit"),
    "authorization.removed": _ignored("authorization_removed"),
    "tiktok.ping": _ignored("tiktok_ping"),
    "video": _ignored("tiktok_video_event"),
    "note:nobody": _ignored("tiktok_nobody"),
    "unknown": _ignored("event_unknown"),
}
