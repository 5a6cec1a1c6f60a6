"""The bridge's own words, for agents and customers, in every language that it speaks.

A key that names a place of the form `{fact}` is filled with a fact of the event. `say` is total: a fact that is
missing leaves its place empty, an unknown language is English.
"""

from __future__ import annotations

import re

LANGUAGES = ("en", "es")

TEXTS: dict[str, tuple[str, str]] = {
    # what came with a message
    "story_mention": ("[Mentioned you in a story: {url}]", "[Te mencionó en una historia: {url}]"),
    "story_reply": ("[Replied to your story: {url}]", "[Respondió a tu historia: {url}]"),
    "story_gone": ("[A story that can no longer be seen]", "[Una historia que ya no está disponible]"),
    "story_shared": ("[Shared a story: {url}]", "[Compartió una historia: {url}]"),
    "post_shared": ("[Shared a post: {title} {url}]", "[Compartió una publicación: {title} {url}]"),
    "reel_shared": ("[Shared a reel: {title} {url}]", "[Compartió un reel: {title} {url}]"),
    "comment_shared": (
        "[Shared a comment that cannot be read here]",
        "[Compartió un comentario que aquí no se puede leer]",
    ),
    "product": ("[About the product {id}]", "[Sobre el producto {id}]"),
    "reply_to": ("[Replied to an earlier message]", "[Respondió a un mensaje anterior]"),
    "from_ad": ("[Came from the ad: {title}]", "[Llegó desde el anuncio: {title}]"),
    "from_link": ("[Came from the link: {ref}]", "[Llegó desde el enlace: {ref}]"),
    "sticker": ("[Sticker: {url}]", "[Sticker: {url}]"),
    "emoji": ("[Emoji: {url}]", "[Emoji: {url}]"),
    "ephemeral": (
        "[Sent a photo or video that can be viewed once, in the app only]",
        "[Envió una foto o un vídeo que solo se puede ver una vez, en la app]",
    ),
    "unsupported": (
        "[Sent something that {platform} does not show outside its app]",
        "[Envió algo que {platform} no muestra fuera de su app]",
    ),
    "unknown": (
        "[Sent something of a kind that is not known here: {kind}]",
        "[Envió algo de un tipo que aquí no se conoce: {kind}]",
    ),
    "attachment": ("[{kind}: {title} {url}]", "[{kind}: {title} {url}]"),
    "region": (
        "[Somebody in the EEA, Switzerland or the UK wrote. TikTok withholds what: read and answer it in the app.]",
        "[Escribió alguien del EEE, Suiza o el Reino Unido. TikTok no lo muestra: léelo y respóndelo en la app.]",
    ),
    # media
    "media_gone": (
        "[A file ({kind}) that the platform no longer hands out]",
        "[Un archivo ({kind}) que la plataforma ya no entrega]",
    ),
    "media_too_big": (
        "[A file ({kind}) that is too big to be shown: more than {limit} MB]",
        "[Un archivo ({kind}) demasiado grande para mostrarlo: más de {limit} MB]",
    ),
    "media_not_allowed": (
        "[A file ({kind}) that was not fetched: its address is not one of the platform's]",
        "[Un archivo ({kind}) que no se descargó: su dirección no es de la plataforma]",
    ),
    "media_type": (
        "[A file ({kind}) that is not what it claims to be, so it is not shown]",
        "[Un archivo ({kind}) que no es lo que dice ser, por lo que no se muestra]",
    ),
    "media_failed": ("[A file ({kind}) that could not be fetched]", "[Un archivo ({kind}) que no se pudo descargar]"),
    # comments and mentions
    "comment": ("[Commented on your post {url}]", "[Comentó tu publicación {url}]"),
    "live_comment": ("[Commented on your live video {url}]", "[Comentó tu vídeo en directo {url}]"),
    "mention_comment": ("[Mentioned you in a comment {url}]", "[Te mencionó en un comentario {url}]"),
    "mention_post": ("[Mentioned you in a post {url}]", "[Te mencionó en una publicación {url}]"),
    "mention_video": ("[Mentioned you in a video {url}]", "[Te mencionó en un vídeo {url}]"),
    "answer_privately": (
        "[Your first reply goes to them as a private message; the next only once they answer.]",
        "[Tu primera respuesta le llegará como mensaje privado; la siguiente, solo cuando conteste.]",
    ),
    "answer_in_app": (
        "[It cannot be answered from here; answer it in the app.]",
        "[No se puede responder desde aquí; respóndelo en la app.]",
    ),
    "high_intent": (
        "[TikTok takes this comment for a question to you: {url}]",
        "[TikTok considera este comentario una pregunta para ti: {url}]",
    ),
    # notes
    "reacted": ("[Reacted with {emoji} to a message]", "[Reaccionó con {emoji} a un mensaje]"),
    "unreacted": ("[Took back a reaction]", "[Retiró una reacción]"),
    "edited": ("[Edited a message. It now says:]", "[Editó un mensaje. Ahora dice:]"),
    "unsent": ("[Took back a message]", "[Retiró un mensaje]"),
    "read": ("[Has read your message]", "[Ha leído tu mensaje]"),
    "echo_app": (
        "[Sent from the {platform} app, not from here:]",
        "[Enviado desde la app de {platform}, no desde aquí:]",
    ),
    "app_media": ("[A file ({kind}) that is shown in the app only]", "[Un archivo ({kind}) que solo se ve en la app]"),
    "echo_automation": ("[Sent by an automation of {platform}:]", "[Enviado por una automatización de {platform}:]"),
    "comment_deleted": ("[Deleted a comment]", "[Eliminó un comentario]"),
    "comment_hidden": ("[A comment was hidden]", "[Se ocultó un comentario]"),
    "comment_public": ("[A comment was made public]", "[Se hizo público un comentario]"),
    "mention_changed": ("[Changed a post that mentions you: {url}]", "[Cambió una publicación que te menciona: {url}]"),
    # why a reply was not delivered, told to the agent
    "notice": ("[Your reply was not delivered. {reason}]", "[Tu respuesta no se entregó. {reason}]"),
    "notice_without": (
        "[Your reply was delivered without {names}. {reason}]",
        "[Tu respuesta se entregó sin {names}. {reason}]",
    ),
    "desk_receipt": (
        "[A message of the customer's, or its file, did not reach you: {reason}]",
        "[Un mensaje del cliente, o su archivo, no te llegó: {reason}]",
    ),
    "why_window_closed": (
        "{platform} lets nobody write so long after the customer did. They have to write first.",
        "Pasó demasiado tiempo desde el último mensaje del cliente. En {platform} tiene que escribir primero.",
    ),
    "why_awaiting_answer": (
        "The comment has been answered by a private message; you can write again when the customer answers it.",
        "El comentario ya se respondió por mensaje privado; podrás escribir cuando el cliente conteste.",
    ),
    "why_comment_expired": (
        "The comment is too old to be answered by a private message.",
        "El comentario es demasiado antiguo para responderlo por mensaje privado.",
    ),
    "why_one_message": (
        "A comment takes a single message as its answer, without a file beside the text. Send less at once.",
        "Un comentario admite un solo mensaje como respuesta, sin archivo junto al texto. Envía una sola cosa.",
    ),
    "why_no_conversation": (
        "This person has no conversation with you on {platform} yet, and only they can begin one.",
        "Esta persona aún no tiene una conversación contigo en {platform}, y solo ella puede iniciarla.",
    ),
    "why_person_unavailable": (
        "The customer cannot be reached: they blocked messages, or left {platform}.",
        "No se puede contactar al cliente: bloqueó los mensajes o dejó {platform}.",
    ),
    "why_wrong_person": ("{platform} does not know this customer.", "{platform} no conoce a este cliente."),
    "why_other_app": (
        "Another app has this customer's conversation on {platform}. Answer there, or take it back.",
        "Otra aplicación tiene la conversación de este cliente en {platform}. Responde allí o recupérala.",
    ),
    "why_file_gone": (
        "The file can no longer be fetched from here. Attach it again.",
        "El archivo ya no se puede obtener desde aquí. Adjúntalo de nuevo.",
    ),
    "why_media_refused": ("{platform} does not take this kind of file.", "{platform} no acepta este tipo de archivo."),
    "why_media_too_big": ("The file is too big for {platform}.", "El archivo es demasiado grande para {platform}."),
    "why_account_disconnected": (
        "The brand's account is disconnected from {platform}; the administrators have been alarmed.",
        "La cuenta de la marca está desconectada de {platform}; se ha avisado a los administradores.",
    ),
    "why_rate_limited": (
        "{platform} accepts no more messages right now. Try again later.",
        "{platform} no acepta más mensajes en este momento. Inténtalo más tarde.",
    ),
    "why_rejected_content": (
        "{platform} rejects the content of this message.",
        "{platform} rechaza el contenido de este mensaje.",
    ),
    "why_unsupported": (
        "{platform} cannot carry this kind of content.",
        "{platform} no admite este tipo de contenido.",
    ),
    "why_unconfirmed": (
        "{platform} did not confirm it. It may have arrived, so it was not sent again.",
        "{platform} no lo confirmó. Puede que haya llegado, por lo que no se volvió a enviar.",
    ),
    "why_other": ("{platform} refused it.", "{platform} lo rechazó."),
    # said to the customer
    "choose": ("Please choose:", "Elige una opción:"),
    "file_link": ("{name}: {url}", "{name}: {url}"),
}

PLATFORMS = {"instagram": "Instagram", "tiktok": "TikTok"}
_PLACE = re.compile(r"\{([a-z]+)\}")
# what an empty place leaves in a sentence: a space too many, a colon before nothing
_LOOSE = re.compile(r" (?= )|:? +(?=\])|^:? +")


def say(language: str, key: str, /, **facts: str) -> str:
    """The sentence in the language, filled in. Raises KeyError for a key that is not in the catalogue.

    What the facts say stands as it is, whatever they hold: only the sentence is tidied around empty places.
    """
    column = LANGUAGES.index(language) if language in LANGUAGES else 0
    filled = _PLACE.sub(lambda place: place[0] if facts.get(place[1]) else "", TEXTS[key][column])
    return _PLACE.sub(lambda place: facts[place[1]], _LOOSE.sub("", filled))
