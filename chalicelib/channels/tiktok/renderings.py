"""How the agent sees each kind of event that TikTok sends: the translator reads it, docs/rendering.md shows it.

A key is the event's name and, after a colon, which of its kinds. TikTok portal docs 1832190670631937 (messages),
1810515104773122 (comments), 1825113658431489 (mentions); developers.tiktok.com/doc/webhooks-events
"""

from __future__ import annotations

from chalicelib.protocols.channel import Rendering, as_message, as_note, ignored_for

RENDERINGS: dict[str, Rendering] = {
    "im_receive_msg:text": as_message(),
    "im_receive_msg:image": Rendering(shows="media"),
    "im_receive_msg:video": Rendering(shows="media"),
    "im_receive_msg:share_post": as_message("post_shared"),
    "im_receive_msg:sticker": as_message("sticker"),
    "im_receive_msg:emoji": as_message("emoji"),
    "im_receive_msg:template": as_message("buttons"),
    "im_receive_msg:other": as_message("unsupported"),
    "im_receive_msg:unknown": as_message("unknown"),
    "im_receive_msg:quoted_reply": as_message("reply_to"),
    "reaction:ADD": as_note("reacted"),
    "reaction:REMOVE": as_note("unreacted"),
    "reaction:own": ignored_for("tiktok_own_reaction"),
    "im_receive_msg_eu": as_message("region"),
    "im_referral_msg:ad": Rendering(shows="led"),
    "im_referral_msg:short_link": Rendering(shows="led"),
    "im_referral_msg:other": Rendering(shows="led"),
    "im_referral_msg:unknown": ignored_for("tiktok_unknown_referral"),
    "im_mark_read_msg": as_note("read"),
    "im_send_msg:API": as_note("echo_app"),
    "im_send_msg:APP": as_note("echo_app"),
    "im_send_msg:WEB": as_note("echo_app"),
    "im_send_msg:OTHERS": as_note("echo_automation"),
    "im_send_msg:unknown": as_note("echo_automation"),
    "im_send_msg:reaction": ignored_for("tiktok_own_reaction"),
    "im_receive_high_intent_comment": as_message("high_intent"),
    "comment.update:insert": as_message("comment"),
    "comment.update:delete": as_note("comment_deleted"),
    "comment.update:set_to_hidden": as_note("comment_hidden"),
    "comment.update:set_to_friends_only": as_note("comment_hidden"),
    "comment.update:set_to_public": as_note("comment_public"),
    "comment.update:unknown": ignored_for("tiktok_unknown_comment_action"),
    "comment.update:own": ignored_for("tiktok_own_comment"),
    "brand.mention.event:video": as_message("mention_video"),
    "brand.mention.event:comment": as_message("mention_comment"),
    "brand.mention.event:change": as_note("mention_changed"),
    "brand.mention.event:own": ignored_for("tiktok_own_mention"),
    "im_auto_message_config_update": ignored_for("tiktok_auto_message_config"),
    "im_auto_message_audit_update": ignored_for("tiktok_auto_message_audit"),
    "authorization.removed": ignored_for("authorization_removed"),
    "tiktok.ping": ignored_for("tiktok_ping"),
    "video": ignored_for("tiktok_video_event"),
    "note:nobody": ignored_for("tiktok_nobody"),
    "unknown": ignored_for("event_unknown"),
}
