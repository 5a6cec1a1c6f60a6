"""How a message is carried: as it is where the channel can, else as text; nothing too long, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.planning import left_out, offer_key, offers, plan, read_token, token
from chalicelib.vocabulary.capabilities import Capabilities, CardsLimit, ChoicesLimit, WindowPolicy
from chalicelib.vocabulary.messages import Tap
from chalicelib.vocabulary.replies import AgentMessage, Card, CardsPart, Choice, ChoicesPart, File, Planned, TextPart

WINDOW = WindowPolicy(open_s=1)
PLAIN = Capabilities(text_limit=1000, text_unit="bytes", window=WINDOW)
BUTTONS = Capabilities(
    text_limit=6000, text_unit="characters", window=WINDOW, buttons=ChoicesLimit(count=3, text=40, title=20)
)
RICH = Capabilities(
    text_limit=1000,
    text_unit="bytes",
    window=WINDOW,
    quick_replies=ChoicesLimit(count=13, text=1000, title=20),
    buttons=ChoicesLimit(count=3, text=640, title=20, links=True),
    cards=CardsLimit(count=2, title=80, description=80, choices=3, choice=20),
)
MUTE = Capabilities(text_limit=1000, text_unit="bytes", window=WINDOW, links=False)
ALL = [PLAIN, BUTTONS, RICH, MUTE]


def message(text: str = "", **rest: Any) -> AgentMessage:
    said = AgentMessage(id="m1", integration="i", customer="c", desk_conversation="d", text=text, author="human")
    return type(said)(**{name: getattr(said, name) for name in said.__struct_fields__} | rest)


def choice(text: str, payload: str = "p", url: str = "") -> Choice:
    return Choice(text=text, payload=payload, url=url)


def tapped(text: str, number: int) -> Choice:
    """The choice as the platform gets it."""
    return Choice(text=text, payload=token("m1", number))


def link(text: str, url: str = "https://shop.example/") -> Choice:
    return Choice(text=text, url=url)


def asked(text: str, *choices: Choice) -> ChoicesPart:
    return ChoicesPart(text=text, choices=choices)


FILE = File(url="https://desk.example/1", kind="image")
CARD = Card(title="Mug", description="Green", image="https://shop.example/mug.png", choices=(choice("Buy"),))


def carried(card: Card, *choices: Choice) -> Card:
    return Card(title=card.title, description=card.description, image=card.image, url=card.url, choices=choices)


# --- text and files


def test_a_text_is_split_as_the_channel_counts() -> None:
    assert plan(PLAIN, message("å" * 501), "en") == [TextPart("å" * 500), TextPart("å")]


@pytest.mark.parametrize("can", ALL)
def test_files_follow_the_text_as_they_are(can: Capabilities) -> None:
    assert plan(can, message("Look:", files=(FILE, FILE)), "en") == [TextPart("Look:"), FILE, FILE]


@pytest.mark.parametrize("can", ALL)
def test_a_message_that_says_nothing_has_no_part(can: Capabilities) -> None:
    assert plan(can, message(" \n"), "en") == []


# --- choices


def test_choices_are_quick_replies_under_the_text() -> None:
    said = message("Which?", choices=(choice("Red"), choice("Blue")))
    assert plan(RICH, said, "en") == [asked("Which?", tapped("Red", 0), tapped("Blue", 1))]


def test_choices_come_after_everything_else() -> None:
    said = message("Which?", files=(FILE,), cards=(CARD,), choices=(choice("Red"),))
    card = CardsPart(cards=(carried(CARD, tapped("Buy", 1)),))
    assert plan(RICH, said, "en") == [FILE, card, asked("Which?", tapped("Red", 0))]


def test_the_last_of_several_texts_has_the_choices() -> None:
    said = message("a " * 500 + "b", choices=(choice("Red"),))
    assert plan(RICH, said, "en") == [TextPart("a " * 500), asked("b", tapped("Red", 0))]


def test_a_text_that_is_too_long_for_its_buttons_goes_before_them() -> None:
    said = message("b" * 41, choices=(choice("Red"),))
    assert plan(BUTTONS, said, "es") == [TextPart("b" * 41), asked("Elige una opción:", tapped("Red", 0))]


@pytest.mark.parametrize("text", ["", " \n"])
def test_choices_without_a_text_are_introduced(text: str) -> None:
    assert plan(RICH, message(text, choices=(choice("Red"),)), "en") == [asked("Please choose:", tapped("Red", 0))]


def test_choices_that_cannot_be_introduced_are_numbered() -> None:
    tight = Capabilities(
        text_limit=100, text_unit="bytes", window=WINDOW, buttons=ChoicesLimit(count=3, text=13, title=20)
    )
    assert plan(tight, message("", choices=(choice("Red"),)), "en") == [TextPart("Please choose:\n1. Red")]


@pytest.mark.parametrize(
    "choices",
    [
        (choice("Red"), choice("x" * 21)),
        (choice("Red"), choice(" ")),
        tuple(choice("Red") for _ in range(4)),
    ],
)
def test_choices_that_do_not_fit_are_numbered(choices: tuple[Choice, ...]) -> None:
    lines = [f"{number}. {one.text}" for number, one in enumerate(choices, start=1)]
    assert plan(BUTTONS, message("Which?", choices=choices), "en") == [TextPart("\n".join(["Which?", *lines]))]


def test_a_title_is_measured_as_platforms_count() -> None:
    assert isinstance(plan(BUTTONS, message("Which?", choices=(choice("😀" * 10),)), "en")[0], ChoicesPart)
    assert isinstance(plan(BUTTONS, message("Which?", choices=(choice("😀" * 11),)), "en")[0], TextPart)


def test_numbered_choices_stay_before_the_files() -> None:
    said = message("Which?", files=(FILE,), choices=(choice("Red"),))
    assert plan(PLAIN, said, "en") == [TextPart("Which?\n1. Red"), FILE]


def test_a_link_is_a_button_where_buttons_open_pages() -> None:
    said = message("Which?", choices=(choice("Red"), link("Shop")))
    assert plan(RICH, said, "en") == [asked("Which?", tapped("Red", 0), link("Shop"))]


def test_a_link_stands_in_the_text_where_no_button_opens_a_page() -> None:
    said = message("Which?", choices=(link("Shop"), choice("Red")))
    assert plan(BUTTONS, said, "en") == [
        asked("Which?\nShop: https://shop.example/", tapped("Red", 0)),
    ]


@pytest.mark.parametrize("url", ["tel:+471234", "javascript:alert(1)", "//shop.example"])
def test_only_web_addresses_are_buttons(url: str) -> None:
    said = message("Call?", choices=(link("Here", url),))
    assert plan(RICH, said, "en") == [TextPart(f"Call?\nHere: {url}")]


def test_no_address_stands_in_a_text_where_none_may() -> None:
    card = Card(title="Mug", url="https://shop.example/", image="https://shop.example/mug.png")
    assert plan(MUTE, message("Which?", choices=(link("Shop"),), cards=(card,)), "en") == [
        TextPart("Which?\nShop"),
        TextPart("Mug"),
    ]


# --- cards


def test_cards_that_fit_go_side_by_side_as_many_as_fit() -> None:
    said = message("Look:", cards=(CARD, CARD, CARD))
    one, two, three = (carried(CARD, tapped("Buy", number)) for number in range(3))
    assert plan(RICH, said, "en") == [TextPart("Look:"), CardsPart(cards=(one, two)), CardsPart(cards=(three,))]


def test_cards_that_the_channel_does_not_know_are_one_text_with_one_numbering() -> None:
    described = "Mug\nGreen\nhttps://shop.example/mug.png"
    assert plan(BUTTONS, message("Look:", cards=(CARD, CARD)), "en") == [
        TextPart("Look:"),
        TextPart(f"{described}\n1. Buy\n\n{described}\n2. Buy"),
    ]


def test_the_card_that_does_not_fit_is_a_text_in_its_place() -> None:
    long = Card(title="x" * 81, choices=(link("Shop"),))
    assert plan(RICH, message(cards=(CARD, long, CARD)), "en") == [
        CardsPart(cards=(carried(CARD, tapped("Buy", 0)),)),
        TextPart("x" * 81 + "\nShop: https://shop.example/"),
        CardsPart(cards=(carried(CARD, tapped("Buy", 1)),)),
    ]


def test_a_single_card_is_a_text_with_choices_where_there_are_no_cards() -> None:
    card = Card(title="Shall we call you?", choices=(choice("Yes"), choice("No")))
    assert plan(BUTTONS, message(cards=(card,)), "en") == [
        asked("Shall we call you?", tapped("Yes", 0), tapped("No", 1)),
    ]


@pytest.mark.parametrize(
    "card",
    [
        Card(title=" ", description="Green"),
        Card(title="Mug", description="x" * 81),
        Card(title="Mug", choices=tuple(choice("Buy") for _ in range(4))),
        Card(title="Mug", choices=(choice("x" * 21),)),
        Card(title="Mug", choices=(link("Call", "tel:+471234"),)),
        Card(title="Mug"),
        Card(title="Mug", image="data:image/png;base64,AAAA"),
    ],
)
def test_a_card_that_the_channel_would_refuse_is_not_sent_as_one(card: Card) -> None:
    assert not any(isinstance(part, CardsPart) for part in plan(RICH, message(cards=(card,)), "en"))


def test_a_card_shows_web_addresses_only() -> None:
    card = Card(title="Mug", description="Green", image="data:image/png;base64,AAAA", url="javascript:alert(1)")
    assert plan(RICH, message(cards=(card,)), "en") == [CardsPart(cards=(Card(title="Mug", description="Green"),))]


# --- what comes back


def test_a_tap_is_found_by_its_token() -> None:
    buy = Choice(text="Buy", payload="sku-1", type="Button")
    said = message("Which?", choices=(link("Shop"), choice("Red", "red")), cards=(Card(title="Mug", choices=(buy,)),))
    assert offers(said) == [
        Tap(message="m1", type="QuickReply", text="Red", payload="red"),
        Tap(message="m1", type="Button", text="Buy", payload="sku-1"),
    ]
    assert read_token(token("m1", 1)) == (offer_key("m1"), 1)


@given(st.text(max_size=300), st.integers(0, 999_999))
def test_a_token_is_short_plain_and_its_own_inverse(message_id: str, number: int) -> None:
    made = token(message_id, number)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,40}", made)
    assert read_token(made) == (offer_key(message_id), number)


@pytest.mark.parametrize(
    "payload",
    ["", "ICE_BREAKER", "dm.", f"dm.{offer_key('m')}.", f"dm.{offer_key('m')}.-1", f"dm.{offer_key('m')}.01",
     f"dm.{offer_key('m')}.1\n", f"dm.{offer_key('m')}.٣", f"x{token('m', 1)}", f"{token('m', 1)}.2"],
)  # fmt: skip
def test_a_foreign_payload_is_no_token(payload: str) -> None:
    assert read_token(payload) is None


# --- whatever is said

words = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(["", " ", "Yes", "x" * 20, "å😀" * 30, "word " * 300, "https://a.example/b"]),
)
urls = st.sampled_from(["", "", "https://shop.example/1", "tel:1", "data:x"])
choices_ = st.lists(st.builds(Choice, text=words, payload=words, url=urls), max_size=6).map(tuple)
cards_ = st.lists(
    st.builds(Card, title=words, description=words, image=urls, url=urls, choices=choices_), max_size=5
).map(tuple)
said_ = st.builds(message, words, files=st.sampled_from([(), (FILE,), (FILE, FILE)]), choices=choices_, cards=cards_)
small = st.builds(ChoicesLimit, count=st.integers(1, 5), text=st.integers(10, 80), title=st.integers(1, 30),
                  links=st.booleans())  # fmt: skip
cans = st.builds(
    Capabilities,
    text_limit=st.integers(40, 300),
    text_unit=st.sampled_from(["bytes", "characters"]),
    window=st.just(WINDOW),
    links=st.booleans(),
    quick_replies=st.none() | small,
    buttons=st.none() | small,
    cards=st.none()
    | st.builds(CardsLimit, count=st.integers(1, 3), title=st.integers(5, 30), description=st.integers(5, 30),
                choices=st.integers(0, 3), choice=st.integers(5, 20)),
)  # fmt: skip


def units(text: str) -> int:
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


def short(can: Capabilities, text: str) -> bool:
    size = len(text.encode()) if can.text_unit == "bytes" else units(text)
    return bool(text.strip()) and size <= can.text_limit


def allowed(can: Capabilities, part: Planned) -> bool:
    """Whether the platform takes the part, read from the limits and from nothing else."""
    if isinstance(part, TextPart):
        return short(can, part.text)
    if isinstance(part, ChoicesPart):
        return short(can, part.text) and any(within(limit, part) for limit in (can.quick_replies, can.buttons) if limit)
    if isinstance(part, CardsPart):
        limit = can.cards
        return limit is not None and 1 <= len(part.cards) <= limit.count and all(fits(limit, one) for one in part.cards)
    return True


def within(limit: ChoicesLimit, part: ChoicesPart) -> bool:
    return (
        1 <= len(part.choices) <= limit.count
        and units(part.text) <= limit.text
        and all(one.text.strip() and units(one.text) <= limit.title for one in part.choices)
        and (limit.links or not any(one.url for one in part.choices))
        and all(opens(one) for one in part.choices)
    )


def fits(limit: CardsLimit, card: Card) -> bool:
    return (
        bool(card.title.strip())
        and units(card.title) <= limit.title
        and units(card.description) <= limit.description
        and len(card.choices) <= limit.choices
        and all(one.text.strip() and units(one.text) <= limit.choice and opens(one) for one in card.choices)
        and all(url == "" or url.startswith("https://") for url in (card.image, card.url))
        and bool(card.description.strip() or card.image or card.url or card.choices)
    )


def opens(one: Choice) -> bool:
    return one.url.startswith("https://") if one.url else read_token(one.payload) is not None


def read(parts: Sequence[Planned]) -> str:
    """Everything that the customer reads, without white space."""
    seen: list[str] = []
    for part in parts:
        if isinstance(part, TextPart | ChoicesPart):
            seen.append(part.text)
        for one in part.choices if isinstance(part, ChoicesPart) else ():
            seen.append(one.text)
        for card in part.cards if isinstance(part, CardsPart) else ():
            seen += [card.title, card.description, *(one.text for one in card.choices)]
    return squeezed("".join(seen))


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(cans, said_)
def test_no_part_is_more_than_the_channel_takes(can: Capabilities, said: AgentMessage) -> None:
    assert [part for part in plan(can, said, "en") if not allowed(can, part)] == []


@given(cans, said_)
def test_nothing_that_is_said_is_lost(can: Capabilities, said: AgentMessage) -> None:
    parts = plan(can, said, "en")
    seen = read(parts)
    shown = [said.text, *(one.text for one in said.choices)]
    shown += [text for card in said.cards for text in (card.title, card.description)]
    shown += [one.text for card in said.cards for one in card.choices]
    assert [text for text in shown if squeezed(text) not in seen] == []
    assert [part for part in parts if isinstance(part, File)] == list(said.files)


@given(cans, said_)
def test_what_comes_back_from_a_tap_is_what_was_tapped(can: Capabilities, said: AgentMessage) -> None:
    taps = offers(said)
    for part in plan(can, said, "en"):
        holders = part.cards if isinstance(part, CardsPart) else (part,) if isinstance(part, ChoicesPart) else ()
        for one in (one for holder in holders for one in holder.choices if not one.url):
            known = read_token(one.payload)
            assert known is not None
            assert known[0] == offer_key(said.id)
            assert taps[known[1]].text == one.text


@given(cans, said_)
def test_every_try_plans_the_same(can: Capabilities, said: AgentMessage) -> None:
    assert plan(can, said, "es") == plan(can, said, "es")


# --- what was left out


def missing(can: Capabilities, said: AgentMessage) -> tuple[str, ...]:
    return left_out(said, plan(can, said, "en"))


@pytest.mark.parametrize("can", ALL)
@pytest.mark.parametrize(
    ("unsupported", "names"), [("", ()), ("Form", ("Form",)), ("Form, Location, text", ("Form", "Location", "text"))]
)
def test_what_the_desk_could_not_read_is_named_and_the_rest_goes_out(
    can: Capabilities, unsupported: str, names: tuple[str, ...]
) -> None:
    said = message("Hi", files=(FILE,), unsupported=unsupported)
    assert plan(can, said, "en") == [TextPart("Hi"), FILE]
    assert missing(can, said) == names


@pytest.mark.parametrize("can", ALL)
def test_a_message_of_which_nothing_could_be_read_has_no_part_and_its_names(can: Capabilities) -> None:
    said = message("", unsupported="Form")
    assert (plan(can, said, "en"), missing(can, said)) == ([], ("Form",))


@pytest.mark.parametrize("can", ALL)
def test_a_message_that_says_nothing_leaves_nothing_out(can: Capabilities) -> None:
    assert missing(can, message(" ")) == ()


@pytest.mark.parametrize("can", [PLAIN, BUTTONS, RICH])
@pytest.mark.parametrize(
    "said",
    [
        message("Look", choices=(link("Shop"), choice("Red"))),
        message("", cards=(CARD,)),
        message("", cards=(CARD, Card(title="T" * 90, url="https://shop.example/t", choices=(link("Open"),)))),
        message("x" * 995, choices=(link("Shop", "https://shop.example/" + "y" * 2000),)),
    ],
)
def test_where_links_may_go_none_is_left_out(can: Capabilities, said: AgentMessage) -> None:
    assert missing(can, said) == ()


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (message("Look", choices=(link("Shop"),)), ("link",)),
        (message("", cards=(CARD,)), ("picture",)),
        (message("", cards=(Card(title="T", url="https://shop.example/", image="https://shop.example/a.png"),)),
         ("link", "picture")),
        (message("Hi", unsupported="Form", choices=(link("Shop"),)), ("Form", "link")),
        (message("At https://shop.example/ it is", choices=(link("Shop"),)), ()),
    ],
)  # fmt: skip
def test_where_links_may_not_go_they_are_named(said: AgentMessage, names: tuple[str, ...]) -> None:
    assert missing(MUTE, said) == names


def test_an_address_that_no_platform_opens_is_named() -> None:
    said = message(
        "", cards=(Card(title="T", url="ftp://shop.example/", image="file:///a.png", choices=(choice("A"),)),)
    )
    assert missing(RICH, said) == ("link", "picture")
