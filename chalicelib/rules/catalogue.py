"""The bridge's own words, for agents and customers, in every language that it speaks.

A place of the form `{fact}` is filled with a fact of the event, in words where it is a kind, a count, a size, a span or
a moment (`WORDED`). What stands in `<with {fact}|without>` needs one of its facts; `without`, which may be left away,
stands there otherwise. `say` is total: no missing fact leaves a hole, an unknown language is English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from chalicelib.rules import spoken
from chalicelib.rules.spoken import Speech

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
    "product": ("[About <the product {id}|a product>]", "[Sobre <el producto {id}|un producto>]"),
    "reply_to": ("[Replied to an earlier message]", "[Respondió a un mensaje anterior]"),
    "quotes": ("[Replied to an earlier message]", "[Respondió a un mensaje anterior]"),
    "quotes_words": ("[Replied to<: {words}| an earlier message>]", "[Respondió a<: {words}| un mensaje anterior>]"),
    "from_ad": ("[Came from <the ad: {title}|an ad>]", "[Llegó desde <el anuncio: {title}|un anuncio>]"),
    "from_link": ("[Came from <the link: {ref}|a link>]", "[Llegó desde <el enlace: {ref}|un enlace>]"),
    "sticker": ("[Sticker: {url}]", "[Sticker: {url}]"),
    "emoji": ("[Emoji: {url}]", "[Emoji: {url}]"),
    "ephemeral": (
        "[Sent a photo or video that can be viewed once, in the app only]",
        "[Envió una foto o un vídeo que solo se puede ver una vez, en la app]",
    ),
    "unsupported": (
        "[Sent something that <{platform}|the platform> does not show outside its app]",
        "[Envió algo que <{platform}|la plataforma> no muestra fuera de su app]",
    ),
    "unknown": (
        "[Sent something of a kind that is not known here: {kind}]",
        "[Envió algo de un tipo que aquí no se conoce: {kind}]",
    ),
    "attachment": ("[<{kind}|attachment>: {title} {url}]", "[<{kind}|adjunto>: {title} {url}]"),
    "card": ("[Card: {words}]", "[Tarjeta: {words}]"),
    "buttons": ("[Buttons: {choices}]", "[Botones: {choices}]"),
    "location": ("[Location: {title} {place} {url}]", "[Ubicación: {title} {place} {url}]"),
    "region": (
        "[Somebody in the EEA, Switzerland or the UK wrote. <{platform}|The platform> withholds what: "
        "read and answer it in the app.]",
        "[Escribió alguien del EEE, Suiza o el Reino Unido. <{platform}|La plataforma> no lo muestra: "
        "léelo y respóndelo en la app.]",
    ),
    "in_group": (
        "[<{name}|Somebody> wrote in a group conversation:]",
        "[<{name}|Alguien> escribió en una conversación de grupo:]",
    ),
    # before a text that begins as one of these lines does
    "theirs": ("[In the customer's own words:]", "[Con las palabras del cliente:]"),
    # media
    "media_gone": (
        "[A file< ({kind})> that the platform no longer hands out]",
        "[Un archivo< ({kind})> que la plataforma ya no entrega]",
    ),
    "media_too_big": (
        "[A file< ({kind})> that is too big to be shown<: more than {bytes}>]",
        "[Un archivo< ({kind})> demasiado grande para mostrarlo<: más de {bytes}>]",
    ),
    "media_not_allowed": (
        "[A file< ({kind})> that was not fetched: its address is not one of the platform's]",
        "[Un archivo< ({kind})> que no se descargó: su dirección no es de la plataforma]",
    ),
    "media_type": (
        "[A file< ({kind})> that is not what it claims to be, so it is not shown]",
        "[Un archivo< ({kind})> que no es lo que dice ser, por lo que no se muestra]",
    ),
    "media_failed": (
        "[A file< ({kind})> that could not be fetched]",
        "[Un archivo< ({kind})> que no se pudo descargar]",
    ),
    "media_threat": (
        "[A file< ({kind})> that is withheld: malware was found in it]",
        "[Un archivo< ({kind})> que se retiene: contiene software malicioso]",
    ),
    "media_unchecked": (
        "[A file< ({kind})> that is withheld: it could not be searched for malware]",
        "[Un archivo< ({kind})> que se retiene: no se pudo analizar en busca de software malicioso]",
    ),
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
        "[<{platform}|The platform> takes this comment for a question to you: {url}]",
        "[<{platform}|La plataforma> considera este comentario una pregunta para ti: {url}]",
    ),
    # notes
    "reacted": ("[Reacted< with {emoji}> to a message]", "[Reaccionó< con {emoji}> a un mensaje]"),
    "reacted_words": (
        "[Reacted< with {emoji}> to<: {words}| a message>]",
        "[Reaccionó< con {emoji}> a<: {words}| un mensaje>]",
    ),
    "reacted_somehow": ("[Reacted to a message]", "[Reaccionó a un mensaje]"),
    "reacted_somehow_words": ("[Reacted to<: {words}| a message>]", "[Reaccionó a<: {words}| un mensaje>]"),
    "unreacted": ("[Took back a reaction]", "[Retiró una reacción]"),
    "unreacted_words": ("[Took back a reaction< to: {words}>]", "[Retiró una reacción< a: {words}>]"),
    "edited": ("[Edited a message. It now says:]", "[Editó un mensaje. Ahora dice:]"),
    "edited_words": (
        "[Edited a message< that began: {words}>]\n[It now says:]",
        "[Editó un mensaje< que empezaba: {words}>]\n[Ahora dice:]",
    ),
    "unsent": ("[Took back a message]", "[Retiró un mensaje]"),
    "unsent_words": ("[Took back<: {words}| a message>]", "[Retiró<: {words}| un mensaje>]"),
    "read": ("[Has read your message]", "[Ha leído tu mensaje]"),
    "typing": ("[Is typing]", "[Está escribiendo]"),
    "echo_app": (
        "[Sent from the< {platform}> app, not from here:]",
        "[Enviado desde la app< de {platform}>, no desde aquí:]",
    ),
    "app_media": (
        "[A file< ({kind})> that is shown in the app only]",
        "[Un archivo< ({kind})> que solo se ve en la app]",
    ),
    "echo_automation": (
        "[Sent by an automation< of {platform}>:]",
        "[Enviado por una automatización< de {platform}>:]",
    ),
    "comment_deleted": ("[Deleted a comment]", "[Eliminó un comentario]"),
    "comment_hidden": ("[A comment was hidden]", "[Se ocultó un comentario]"),
    "comment_public": ("[A comment was made public]", "[Se hizo público un comentario]"),
    "mention_changed": ("[Changed a post that mentions you: {url}]", "[Cambió una publicación que te menciona: {url}]"),
    # what came encrypted
    "sealed_unopened": (
        "[An encrypted message that cannot be opened here. Read it in the< {platform}> app, or ask for it again.]",
        "[Un mensaje cifrado que aquí no se puede abrir. Léelo en la app< de {platform}> o pide que lo repita.]",
    ),
    "sealed_no_keys": (
        "[Writes in an encrypted conversation< of {platform}'s>. The account has no keys here: read and answer it in "
        "the app. An administrator can set the keys up.]",
        "[Escribe en una conversación cifrada< de {platform}>. La cuenta no tiene claves aquí: léelo y respóndelo en "
        "la app. Un administrador puede configurar las claves.]",
    ),
    # what is given up, and comes back
    "missing": (
        "[A message of the customer's could not be shown here. It is kept; the administrators have been alarmed.]",
        "[Un mensaje del cliente no se pudo mostrar aquí. Está guardado; se ha avisado a los administradores.]",
    ),
    "late": ("[This message comes late:]", "[Este mensaje llega con retraso:]"),
    "arrived_after_all": (
        "[It did arrive, although it could not be confirmed at first:]",
        "[Sí llegó, aunque al principio no se pudo confirmar:]",
    ),
    # what guards noticed
    "guard_loop": (
        "[This may be a machine that answers ours.]",
        "[Puede ser una máquina que contesta a la nuestra.]",
    ),
    "guard_rule": (
        "[This may be spam<: rule {name}>.]",
        "[Puede ser publicidad no deseada<: regla {name}>.]",
    ),
    "guard_hold": (
        "[What this customer writes is held back<, until {at} at the latest>: it looks like spam or a machine’s.]",
        "[Lo que escribe este cliente se retiene<, como máximo el {at}>: parece publicidad o de una máquina.]",
    ),
    "guard_park": (
        "[What this customer writes is put aside<, until {at} at the latest>: it looks like a machine’s. An"
        " administrator can bring it back.]",
        "[Lo que escribe este cliente se aparta<, como máximo el {at}>: parece de una máquina. Un administrador puede"
        " recuperarlo.]",
    ),
    "acknowledged": (
        "[You could not be reached, and the customer was told so automatically<, {at}><: “{words}”>]",
        "[No se te pudo avisar, y se lo dijimos automáticamente al cliente<, el {at}><: «{words}»>]",
    ),
    "acknowledged_unsure": (
        "[You could not be reached. The customer may have been told so automatically<, {at}><: “{words}”>]",
        "[No se te pudo avisar. Puede que el cliente lo sepa por un mensaje automático<, del {at}><: «{words}»>]",
    ),
    # why a reply was not delivered, told to the agent
    "notice_rest": (
        "[Your reply arrived only in part.< Not delivered, from here on: “{words}”> {reason}]",
        "[Tu respuesta llegó solo en parte.< No se entregó a partir de aquí: «{words}»> {reason}]",
    ),
    "notice_left_out": (
        "[Your reply arrived without <this: {what}|a part of it>. {reason}]",
        "[Tu respuesta llegó sin <esto: {what}|una parte>. {reason}]",
    ),
    "notice": ("[Your reply was not delivered. {reason}]", "[Tu respuesta no se entregó. {reason}]"),
    "notice_late": (
        "[Your reply waits: <{platform}|the platform> accepts no more messages of this account right now. "
        "It goes out by itself as soon as it may.]",
        "[Tu respuesta espera: <{platform}|la plataforma> no acepta más mensajes de esta cuenta en este momento. "
        "Saldrá por sí sola en cuanto pueda.]",
    ),
    "desk_receipt": (
        "[A message of the customer's, or its file, did not reach you: {reason}]",
        "[Un mensaje del cliente, o su archivo, no te llegó: {reason}]",
    ),
    "why_window_closed": (
        "<{platform}|The platform> lets nobody write <more than {span}|so long> after the customer did. "
        "<It was possible until {at}. >They have to write first.",
        "<Pasó más tiempo del permitido ({span})|Pasó demasiado tiempo> desde el último mensaje del cliente. "
        "<Se pudo escribir hasta el {at}. >En <{platform}|la plataforma> tiene que escribir primero.",
    ),
    "why_awaiting_answer": (
        "The comment has been answered by a private message; you can write again when the customer answers it.",
        "El comentario ya se respondió por mensaje privado; podrás escribir cuando el cliente conteste.",
    ),
    "why_comment_expired": (
        "The comment is too old to be answered by a private message<: that is possible for {span} only>.",
        "El comentario es demasiado antiguo para responderlo por mensaje privado<: solo se puede durante {span}>.",
    ),
    "why_one_message": (
        "A comment takes a single message as its answer, without a file beside the text. Send less at once.",
        "Un comentario admite un solo mensaje como respuesta, sin archivo junto al texto. Envía una sola cosa.",
    ),
    "why_too_long": (
        "The message is too long to be sent at once. Send the rest as another one.",
        "El mensaje es demasiado largo para enviarlo de una vez. Envía el resto en otro.",
    ),
    "why_no_conversation": (
        "This person has no conversation with you on <{platform}|the platform> yet, and only they can begin one.",
        "Esta persona aún no tiene una conversación contigo en <{platform}|la plataforma>, y solo ella puede "
        "iniciarla.",
    ),
    "why_person_unavailable": (
        "The customer cannot be reached: they blocked messages, or left <{platform}|the platform>.",
        "No se puede contactar al cliente: bloqueó los mensajes o dejó <{platform}|la plataforma>.",
    ),
    "why_wrong_person": (
        "<{platform}|The platform> does not know this customer.",
        "<{platform}|La plataforma> no conoce a este cliente.",
    ),
    "why_media_refused": (
        "<{platform}|The platform> does not take this kind of file.",
        "<{platform}|La plataforma> no acepta este tipo de archivo.",
    ),
    "why_media_too_big": (
        "The file is too big for <{platform}|the platform><: more than {bytes}>.",
        "El archivo es demasiado grande para <{platform}|la plataforma><: más de {bytes}>.",
    ),
    "why_media_threat": (
        "Malware was found in the file.",
        "Se encontró software malicioso en el archivo.",
    ),
    "why_media_unchecked": (
        "The file could not be searched for malware: it may be encrypted.",
        "No se pudo analizar el archivo en busca de software malicioso: puede estar cifrado.",
    ),
    "why_other_app": (
        "Another app has this customer's conversation on <{platform}|the platform>. Answer there, or take it back.",
        "Otra aplicación tiene la conversación de este cliente en <{platform}|la plataforma>. Responde allí o "
        "recupérala.",
    ),
    "why_file_gone": (
        "The file can no longer be fetched from here. Attach it again.",
        "El archivo ya no se puede obtener desde aquí. Adjúntalo de nuevo.",
    ),
    "why_account_disconnected": (
        "The brand's account is disconnected from <{platform}|the platform>; the administrators have been alarmed.",
        "La cuenta de la marca está desconectada de <{platform}|la plataforma>; se ha avisado a los administradores.",
    ),
    "why_rate_limited": (
        "<{platform}|The platform> accepts no more messages right now. Try again later.",
        "<{platform}|La plataforma> no acepta más mensajes en este momento. Inténtalo más tarde.",
    ),
    "why_rejected_content": (
        "<{platform}|The platform> rejects the content of this message.",
        "<{platform}|La plataforma> rechaza el contenido de este mensaje.",
    ),
    "why_unsupported": (
        "<{platform}|The platform> cannot carry this kind of content.",
        "<{platform}|La plataforma> no admite este tipo de contenido.",
    ),
    "why_unconfirmed": (
        "<{platform}|The platform> did not confirm it. It may have arrived, so it was not sent again.",
        "<{platform}|La plataforma> no lo confirmó. Puede que haya llegado, por lo que no se volvió a enviar.",
    ),
    "why_other": ("<{platform}|The platform> refused it.", "<{platform}|La plataforma> lo rechazó."),
    "thanked_story": (
        "[The customer was thanked automatically for the story: {words}]",
        "[Se agradeció automáticamente al cliente la historia: {words}]",
    ),
    "thanked_comment": (
        "[The customer was thanked automatically for the comment, by the one private message that it takes: {words}]",
        "[Se agradeció automáticamente al cliente el comentario, con el único mensaje privado que admite: {words}]",
    ),
    # the bot hands a conversation over, told to whoever takes it
    "handed_over": (
        "[A bot answered before you<: {because}>. What was said:]",
        "[Antes de ti respondió un asistente automático<: {because}>. Esto se dijo:]",
    ),
    "handed_customer": ("[The customer: {words}]", "[El cliente: {words}]"),
    "handed_bot": ("[The bot: {words}]", "[El asistente: {words}]"),
    "handed_why_request": ("the customer asks for a person", "el cliente pide hablar con una persona"),
    "handed_why_turns": ("it has answered as often as it may", "ya respondió tantas veces como puede"),
    "handed_why_hours": ("it is not its time", "no es su horario"),
    "handed_why_content": ("it cannot read what was sent", "no puede leer lo que se envió"),
    "handed_why_person": ("a person answered elsewhere", "una persona respondió desde otro sitio"),
    "handed_why_confidence": ("it was not sure of its answer", "no estaba seguro de su respuesta"),
    "handed_why_sentiment": ("the customer is upset", "el cliente está molesto"),
    "handed_why_wish": ("it asked for a person itself", "él mismo pidió una persona"),
    "handed_why_answer": ("its answer could not be used", "su respuesta no se pudo usar"),
    "handed_why_failure": ("it failed", "falló"),
    "handed_why_silence": ("it did not answer in time", "no respondió a tiempo"),
    # said to the customer
    # the platform gives the conversation from one app to another
    "routed": (
        "[Another app had this conversation before you. What was said there:]",
        "[Otra aplicación tenía esta conversación antes que tú. Lo que se dijo allí:]",
    ),
    "routed_bare": (
        "[Another app has passed this conversation to you.]",
        "[Otra aplicación te pasó esta conversación.]",
    ),
    "routed_app": ("[The other app, or a person there: {words}]", "[La otra aplicación, o una persona allí: {words}]"),
    "routed_words": ("[The other app adds: {words}]", "[La otra aplicación añade: {words}]"),
    "routed_away": (
        "[Another app has this conversation now. What is said there is shown once it is yours again.]",
        "[Otra aplicación tiene ahora esta conversación. Lo que se diga allí se mostrará cuando vuelva a ser tuya.]",
    ),
    "routed_asked": (
        "[Another app asks for this conversation. It stays yours until it ends.]",
        "[Otra aplicación pide esta conversación. Sigue siendo tuya hasta que termine.]",
    ),
    "is_bot": ("I am an automatic assistant.", "Soy un asistente automático."),
    "hands_over": (
        "Thank you. A person takes over from here.",
        "Gracias. A partir de aquí te atiende una persona.",
    ),
    "choose": ("Please choose:", "Elige una opción:"),
    "outage": (
        "Thank you for your message. We have it, but a technical fault keeps us from answering right now. If you have "
        "not heard from us by tomorrow, please write again, so that we can reply.",
        "Gracias por tu mensaje. Lo hemos recibido, pero un fallo técnico nos impide responder en este momento. Si "
        "mañana no tienes noticias nuestras, vuelve a escribirnos para que podamos contestarte.",
    ),
    "thanks_story": (
        "Thank you for mentioning us in your story<, {name}>! (This is an automatic message.)",
        "¡Gracias por mencionarnos en tu historia<, {name}>! (Este es un mensaje automático.)",
    ),
    "thanks_comment": (
        "Thank you for your comment<, {name}>! If you need anything, write to us here. (This is an automatic message.)",
        "¡Gracias por tu comentario<, {name}>! Si necesitas algo, escríbenos aquí. (Este es un mensaje automático.)",
    ),
    "file_link": ("<{name}: {url}|File>", "<{name}: {url}|Archivo>"),
}

WORDED: dict[str, Callable[[Speech, str], str]] = {
    "kind": spoken.kind,
    "what": spoken.kinds,
    "count": spoken.count,
    "bytes": spoken.size,
    "span": spoken.span,
    "at": spoken.moment,
}

_PLACE = re.compile(r"\{([a-z]+)\}")
_NEEDY = re.compile(r"<([^<>|]*)(?:\|([^<>|]*))?>")
# what an empty place leaves in a sentence: a space too many, a colon before nothing
_LOOSE = re.compile(r" (?= )|:? +(?=\])|^:? +|:? +$")


def say(language: str, key: str, /, **facts: str) -> str:
    """The sentence in the language, filled in. Raises KeyError for a key that is not in the catalogue.

    What the facts say stands as it is, whatever they hold: only the sentence is tidied around empty places. A fact of
    which nothing can be seen is missing.
    """
    column = LANGUAGES.index(language) if language in LANGUAGES else 0
    sentence = TEXTS[key][column]
    told = _told(LANGUAGES[column], sentence, facts)

    def chosen(part: re.Match[str]) -> str:
        return part[1] if any(name in told for name in _PLACE.findall(part[1])) else part[2] or ""

    filled = _PLACE.sub(lambda place: place[0] if place[1] in told else "", _NEEDY.sub(chosen, sentence))
    return _PLACE.sub(lambda place: told[place[1]], _LOOSE.sub("", filled))


def _told(language: str, sentence: str, facts: dict[str, str]) -> dict[str, str]:
    """The facts that can be seen, in words."""
    speech = spoken.SPEECHES[language]
    told = {name: WORDED[name](speech, fact) if name in WORDED else fact for name, fact in facts.items() if _seen(fact)}
    if f" {told.get('kind')}< (" in sentence:  # "A file (file)"
        del told["kind"]
    return told


# spaces, controls, invisible signs, halves of pairs, and marks that need a letter
_UNSEEN = {"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Mc", "Me"}


def _seen(fact: str) -> bool:
    return any(unicodedata.category(sign) not in _UNSEEN for sign in fact)
