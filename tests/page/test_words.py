"""Every word of the page: said in both languages, and none that nobody says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.page.conftest import ROOT, Desk

pytestmark = pytest.mark.xdist_group("people")
PAGE = ROOT / "sandbox" / "page"
SOURCES = [PAGE / "index.html", *(file for file in PAGE.glob("*.js") if file.name != "words.js")]
SOURCE = "".join(file.read_text(encoding="utf-8") for file in SOURCES)
KEYS = "async () => (await import('/page/words.js')).keys()"
SAID = """async (key) => {
  const words = await import('/page/words.js');
  return words.LANGUAGES.map((language) => { words.speak(language); return words.say(key); });
}"""


def _asked_for() -> tuple[set[str], list[re.Pattern[str]]]:
    """The keys that stand in the sources, and the forms of those that are put together."""
    plain = set(re.findall(r"""["']([a-z][a-z0-9_]*)["']""", SOURCE))
    made = [before + ".+" + after for before, after in re.findall(r"`([a-z_]*)\$\{[^`]*?\}([a-z_]*)`", SOURCE)]
    # HOPS' words by `word("hop_…")` and the like; a lone `${…}` says nothing
    return plain, [re.compile(one) for one in made if one != ".+"]


def test_every_key_has_both_languages_with_the_same_facts(desk: Desk) -> None:
    for key in desk.page.evaluate(KEYS):
        english, spanish = desk.page.evaluate(SAID, key)
        assert english, key
        assert spanish, key
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", spanish)), key


def test_what_the_page_says_is_known_and_what_is_known_is_said(desk: Desk) -> None:
    keys = set(desk.page.evaluate(KEYS))
    plain, made = _asked_for()
    said = set(re.findall(r"""\bsay\("([a-z0-9_]+)\"""", SOURCE))
    said |= set(re.findall(r"""data-word(?:-label|-placeholder|-title)?="([a-z0-9_]+)\"""", SOURCE))
    assert said - keys == set()
    assert {key for key in keys if key not in plain and not any(one.fullmatch(key) for one in made)} == set()


def test_everything_is_said_in_spanish_too(desk: Desk) -> None:
    desk.asked()
    desk.page.get_by_label("Language").select_option("es")
    expect(desk.page.locator("html")).to_have_attribute("lang", "es")
    for where, words in (
        ("#agent-title", "Escritorio del agente"),
        ("#queue", "espera"),
        ("#proof", "perdidos"),
        ("#switches", "Genesys está caído"),
        ("#talk-log .divider", "Hoy"),
        ("#aside-tabs", "Guion"),
    ):
        expect(desk.page.locator(where)).to_contain_text(words)
