"""The bridge's own words: whole in every language, and what they are filled with stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import rules
from chalicelib.errors import Reason
from chalicelib.registry import CHANNELS, abouts
from chalicelib.rules.catalogue import LANGUAGES, TEXTS, WORDED, say
from chalicelib.rules.handover import WHYS

CODE = Path(rules.__file__).parent.parent
# Facts as the bridge has them, raw, for every place of every sentence.
SAMPLES = {
    "kind": "image", "count": "12345", "bytes": "25000000", "span": "172800", "at": "1795514400000",
    "url": "https://tea.example/1", "title": "Té verde", "id": "6100", "ref": "folleto", "platform": "TikTok",
    "emoji": "👍", "choices": "Sí | No", "reason": "Porque sí.", "name": "carta.pdf",
    "because": "porque sí", "words": "Hola, aquí", "place": "4.5, -74.1", "what": "image, té.pdf",
}  # fmt: skip
WORDS = {
    "en": {
        "kind": "image", "what": "image, té.pdf", "count": "12,345", "bytes": "25 MB", "span": "48 hours",
        "at": "24 November 2026, 10:00 UTC",
    },
    "es": {
        "kind": "imagen", "what": "imagen, té.pdf", "count": "12.345", "bytes": "25 MB", "span": "48 horas",
        "at": "24 de noviembre de 2026, 10:00 UTC",
    },
}  # fmt: skip
UNSEEN = ["", " ", "\n\t", "\u200b", "\ufe0f", "\x00", "\u00a0\u2066"]


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def whole(text: str) -> str:
    """The sentence as it is when every fact is known."""
    return re.sub(r"<([^<>|]*)(\|[^<>|]*)?>", r"\1", text)


def missing(key: str) -> Iterator[dict[str, str]]:
    """Sample facts for the sentence, without each set of some of them."""
    names = set(places(TEXTS[key][0])) | set(places(TEXTS[key][1]))
    for left in chain.from_iterable(combinations(sorted(names), size) for size in range(len(names))):
        yield {name: SAMPLES.get(name, "fact") for name in left}


@pytest.mark.parametrize("key", TEXTS)
def test_every_sentence_is_there_in_every_language_with_the_same_places(key: str) -> None:
    assert len(TEXTS[key]) == len(LANGUAGES)
    assert all(text.strip() == text != "" for text in TEXTS[key])
    assert places(whole(TEXTS[key][0])) == places(whole(TEXTS[key][1])) == places(TEXTS[key][0])


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_filled_in_is_the_text_with_its_places_replaced(key: str, language: str) -> None:
    text = TEXTS[key][LANGUAGES.index(language)]
    facts = {place: f"({place})" for place in places(text)}
    assert say(language, key, **facts) == re.sub(r"\{(\w+)\}", r"(\1)", whole(text))


# --- no holes

SMALL = {
    "en": "with|to|from|of|the|a|an|than|until|for|in|on|about|by|and|or|that|is|so|more",
    "es": "con|a|de|desde|el|la|los|las|un|una|en|por|para|que|hasta|del|al|y|o|tras|durante",
}
# Words after which these others do not follow.
LOOSE = {
    "en": r"(with|from|of|than|until|on|the|a) (with|from|of|than|until|on|for|to|that|yet)",
    "es": r"(con|desde|hasta|en|para|el|la|un) (con|desde|hasta|para|a|que|no|y)",
}


def holes(language: str, said: str) -> list[str]:
    """What shows that a fact is missing: the catalogue's own marks, loose signs, words that lead to nothing."""
    signs = r"[{}<>|]|  |^[ :,.]|[ ([][\]).,:;]|[:,;] *$|^\[?\]?$"
    words = rf"\b({SMALL[language]})(?=[\]).,;]|$)|\b{LOOSE[language]}\b"
    return [found[0] for found in re.finditer(f"{signs}|{words}", said, re.IGNORECASE)]


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_no_hole_whichever_of_its_facts_are_missing(key: str, language: str) -> None:
    for facts in missing(key):
        plain = {name: fact for name, fact in facts.items() if name != "choices"}  # which has a bar of its own
        said = say(language, key, **plain)
        if not TEXTS[key][LANGUAGES.index(language)].endswith(":"):
            assert holes(language, said) == [], said
        assert re.search(r"\w\w", said)


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_fact_of_which_nothing_can_be_seen_is_missing(key: str, unseen: str) -> None:
    for language in LANGUAGES:
        assert say(language, key, **dict.fromkeys(SAMPLES, unseen)) == say(language, key)


@pytest.mark.parametrize(
    "said",
    [
        "[Reacted with to a message]", "[Came from the ad: ]", "[Came from the]", "[A file () that is gone]", "[: x]",
        "[]", "", "[Sent something that  does not show]", " lets nobody write", ": https://x", "x:", "[About the]",
        "[A file that is too big: more than]", "[Sent from the  app]",
    ],
)  # fmt: skip
def test_holes_are_found(said: str) -> None:
    assert holes("en", said)


@pytest.mark.parametrize(
    ("key", "english", "spanish"),
    [
        ("reacted", "[Reacted to a message]", "[Reaccionó a un mensaje]"),
        ("reacted_words", "[Reacted to a message]", "[Reaccionó a un mensaje]"),
        ("unreacted_words", "[Took back a reaction]", "[Retiró una reacción]"),
        ("quotes_words", "[Replied to an earlier message]", "[Respondió a un mensaje anterior]"),
        ("unsent_words", "[Took back a message]", "[Retiró un mensaje]"),
        ("edited_words", "[Edited a message]\n[It now says:]", "[Editó un mensaje]\n[Ahora dice:]"),
        ("from_ad", "[Came from an ad]", "[Llegó desde un anuncio]"),
        ("from_link", "[Came from a link]", "[Llegó desde un enlace]"),
        ("product", "[About a product]", "[Sobre un producto]"),
        ("attachment", "[attachment]", "[adjunto]"),
        ("buttons", "[Buttons]", "[Botones]"),
        ("media_failed", "[A file that could not be fetched]", "[Un archivo que no se pudo descargar]"),
        ("media_too_big", "[A file that is too big to be shown]", "[Un archivo demasiado grande para mostrarlo]"),
        (
            "unsupported",
            "[Sent something that the platform does not show outside its app]",
            "[Envió algo que la plataforma no muestra fuera de su app]",
        ),
        ("echo_app", "[Sent from the app, not from here:]", "[Enviado desde la app, no desde aquí:]"),
        ("echo_automation", "[Sent by an automation:]", "[Enviado por una automatización:]"),
        ("notice", "[Your reply was not delivered.]", "[Tu respuesta no se entregó.]"),
        ("notice_rest", "[Your reply arrived only in part.]", "[Tu respuesta llegó solo en parte.]"),
        ("notice_left_out", "[Your reply arrived without a part of it.]", "[Tu respuesta llegó sin una parte.]"),
        ("why_other", "The platform refused it.", "La plataforma lo rechazó."),
        (
            "why_window_closed",
            "The platform lets nobody write so long after the customer did. They have to write first.",
            "Pasó demasiado tiempo desde el último mensaje del cliente. En la plataforma tiene que escribir primero.",
        ),
        ("why_media_refused", "The platform does not take this kind of file.",
         "La plataforma no acepta este tipo de archivo."),
        ("file_link", "File", "Archivo"),
    ],
)  # fmt: skip
def test_what_is_said_where_no_fact_is_known(key: str, english: str, spanish: str) -> None:
    assert (say("en", key), say("es", key)) == (english, spanish)


# --- in the account's language


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_raw_facts_are_said_in_the_language(key: str, language: str) -> None:
    names = places(TEXTS[key][0])
    said = say(language, key, **SAMPLES)
    assert [name for name in names if WORDS[language].get(name, SAMPLES[name]) not in said] == []
    assert not re.search(r"[{}<>]|\b(12345|25000000|172800|1795514400000)\b", said)


def test_every_place_has_its_sample() -> None:
    assert {name for texts in TEXTS.values() for text in texts for name in places(text)} <= set(SAMPLES)
    assert set(WORDED) == set(WORDS["en"]) == set(WORDS["es"])


# What both languages write alike.
SHARED = {"a", "app", "no", "emoji", "sticker", "reel", "tiktok", "mb", "utc"}


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file", "template", "link", "media", "attachment"])
@pytest.mark.parametrize("key", TEXTS)
def test_nothing_english_stands_in_the_spanish(key: str, kind: str) -> None:
    facts = {word for name, fact in SAMPLES.items() if name not in WORDED for word in words(fact)}
    alike = SHARED | facts | ({"audio"} if kind == "audio" else set())
    for known in (SAMPLES | {"kind": kind}, {"kind": kind}, {}):
        assert words(say("es", key, **known)) & english(kind) - alike == set()


@cache
def english(kind: str) -> set[str]:
    """Every word of the English sentences."""
    return {word for key in TEXTS for word in words(say("en", key, **SAMPLES | {"kind": kind}))}


def words(said: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", said.lower()))


@pytest.mark.parametrize(
    ("key", "facts", "english", "spanish"),
    [
        (
            "media_too_big",
            {"kind": "image", "bytes": "25000000"},
            "[A file (image) that is too big to be shown: more than 25 MB]",
            "[Un archivo (imagen) demasiado grande para mostrarlo: más de 25 MB]",
        ),
        (
            "media_too_big",
            {"kind": "file", "bytes": "8500000"},
            "[A file that is too big to be shown: more than 8.5 MB]",
            "[Un archivo demasiado grande para mostrarlo: más de 8,5 MB]",
        ),
        (
            "app_media",
            {"kind": "video"},
            "[A file (video) that is shown in the app only]",
            "[Un archivo (vídeo) que solo se ve en la app]",
        ),
        ("attachment", {"kind": "file", "title": "Té"}, "[file: Té]", "[archivo: Té]"),
        ("attachment", {"kind": "link", "url": "https://x"}, "[link: https://x]", "[enlace: https://x]"),
        ("attachment", {"kind": "hologram", "url": "https://x"}, "[hologram: https://x]", "[hologram: https://x]"),
        (
            "notice_left_out",
            {"what": "image, té.pdf, file", "reason": "x."},
            "[Your reply arrived without this: image, té.pdf, file. x.]",
            "[Tu respuesta llegó sin esto: imagen, té.pdf, archivo. x.]",
        ),
        (
            "why_window_closed",
            {"platform": "TikTok", "span": "172800", "at": "1795514400000"},
            "TikTok lets nobody write more than 48 hours after the customer did. "
            "It was possible until 24 November 2026, 10:00 UTC. They have to write first.",
            "Pasó más tiempo del permitido (48 horas) desde el último mensaje del cliente. "
            "Se pudo escribir hasta el 24 de noviembre de 2026, 10:00 UTC. En TikTok tiene que escribir primero.",
        ),
        (
            "why_comment_expired",
            {"span": "604800"},
            "The comment is too old to be answered by a private message: that is possible for 7 days only.",
            "El comentario es demasiado antiguo para responderlo por mensaje privado: solo se puede durante 7 días.",
        ),
        (
            "why_media_too_big",
            {"platform": "TikTok", "bytes": "3145728"},
            "The file is too big for TikTok: more than 3.1 MB.",
            "El archivo es demasiado grande para TikTok: más de 3,1 MB.",
        ),
    ],
)  # fmt: skip
def test_kinds_sizes_spans_and_moments(key: str, facts: dict[str, str], english: str, spanish: str) -> None:
    assert (say("en", key, **facts), say("es", key, **facts)) == (english, spanish)


# --- the catalogue and the code


def test_no_sentence_is_there_for_nothing() -> None:
    code = "\n".join(path.read_text() for path in CODE.rglob("*.py") if path.name != "catalogue.py")
    told = [key for key in TEXTS if not key.startswith(("why_", "handed_why_"))]
    assert [key for key in told if f'"{key}"' not in code] == []


def test_every_reason_why_a_reply_was_not_delivered_has_its_sentence() -> None:
    assert {key for key in TEXTS if key.startswith("why_")} == {f"why_{reason}" for reason in get_args(Reason)}


def test_every_reason_why_people_take_over_has_its_words() -> None:
    told = {key.removeprefix("handed_why_") for key in TEXTS if key.startswith("handed_why_")}
    assert told == set(WHYS)


def test_every_channel_has_its_name() -> None:
    assert [name for name, about in abouts(CHANNELS).items() if about.name != name or not about.title] == []


@pytest.mark.parametrize(
    ("key", "facts", "said"),
    [
        ("post_shared", {"title": "Mug", "url": "https://x"}, "[Shared a post: Mug https://x]"),
        ("post_shared", {"title": "", "url": "https://x"}, "[Shared a post: https://x]"),
        ("post_shared", {"title": "Mug"}, "[Shared a post: Mug]"),
        ("post_shared", {}, "[Shared a post]"),
        ("comment", {"url": ""}, "[Commented on your post]"),
        ("comment", {"url": " "}, "[Commented on your post]"),
        ("location", {"place": "1, 2", "url": "https://x"}, "[Location: 1, 2 https://x]"),
        ("location", {}, "[Location]"),
        ("edited", {}, "[Edited a message. It now says:]"),
        ("file_link", {"url": "https://x"}, "https://x"),
        ("file_link", {"name": "a.pdf"}, "a.pdf"),
        ("file_link", {"name": "<b>|c", "url": "<{url}|x>"}, "<b>|c: <{url}|x>"),
        # what comes from outside stays as it is
        (
            "post_shared",
            {"title": "a  b ]: {url} {0} %s \\1", "url": "u"},
            "[Shared a post: a  b ]: {url} {0} %s \\1 u]",
        ),
        ("from_ad", {"title": "two\nlines ] "}, "[Came from the ad: two\nlines ] ]"),
        ("unknown", {"kind": "k", "more": "x"}, "[Sent something of a kind that is not known here: k]"),
        ("product", {"id": "1", "key": "x", "language": "es"}, "[About the product 1]"),
    ],
)
def test_examples(key: str, facts: dict[str, str], said: str) -> None:
    assert say("en", key, **facts) == said


def test_a_language_that_is_not_known_is_english() -> None:
    assert say("xx", "unsent") == say("en", "unsent") != say("es", "unsent")


@given(st.sampled_from(sorted(TEXTS)), st.text(min_size=1))
def test_a_fact_stands_in_the_sentence_as_it_is(key: str, fact: str) -> None:
    named = [place for place in places(TEXTS[key][0]) if place not in WORDED]
    said = say("en", key, **dict.fromkeys(named, f"x{fact}"))
    assert said.count(f"x{fact}") >= len(named)
