"""Writes the pages of docs/ that say what the code does: `python -m tools.docs` (`make docs`).

What the channels are called is in their about.py, what they carry in their capabilities.py, how their events look in
their renderings.py, the bridge's own words in chalicelib/rules/catalogue.py, the participant data in
chalicelib/rules/participant.py, what the platforms' error codes mean in the channels' problems.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from chalicelib.protocols.channel import Rendering
from chalicelib.protocols.verdicts import Action, Group, Problem, Verdict
from chalicelib.registry import CHANNELS, DESKS, abouts, part
from chalicelib.rules.catalogue import LANGUAGES, TEXTS, say
from chalicelib.rules.participant import LATER, LONGEST_VALUE, NAMES, source
from chalicelib.rules.talking import NAMES as BOT
from chalicelib.rules.triage import NAMES as TRIAGE
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.capabilities import Capabilities, CardsLimit, ChoicesLimit, MediaLimit
from chalicelib.vocabulary.messages import Kind
from tools.evidence import questionnaire

DOCS = Path(__file__).resolve().parent.parent / "docs"
LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}
SHOWS = {
    "message": "opens or continues a conversation",
    "media": "opens or continues a conversation, with a copy of the file",
    "note": "is told in an open conversation, and opens none",
    "led": "is remembered until the customer writes, told with that message, and opens nothing",
    "ignored": "is counted, and shown to nobody",
}
SHOWN = {
    "message": "yes",
    "media": "yes, with the file",
    "note": "in an open conversation",
    "led": "with the customer's next message",
}
NUMBERED = "numbers in the text"


def main() -> None:
    """Writes every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


# --- what a channel carries


def features() -> str:
    """docs/features.md."""
    found: dict[str, Capabilities] = _of_channels("capabilities", "CAPABILITIES")
    shown: dict[str, dict[str, Rendering]] = _of_channels("renderings", "RENDERINGS")
    head = ["", *(_title(channel) for channel in found)]
    sends = [[name, *map(tell, found.values())] for name, tell in SENDS]
    answers = [[name, *map(tell, found.values())] for name, tell in ANSWERS]
    return _page(
        "Features",
        "What each platform carries. A reply that does not fit is changed before it is sent, as the tables say.",
        "## What agents and bots can send",
        _table(head, sends),
        "MB are 1,000,000 bytes, MiB 1,048,576. Characters are UTF-16 units: an emoji is two or more.",
        "Words go out to the letter: no platform here shows Markdown or HTML, so customers read its marks "
        "([what agents write](genesys.md#what-agents-and-bots-write)).",
        "## How long they can answer",
        _table(head, answers),
        "The platform decides; dmdesk refuses before that only what it knows to be refused, and tells the agent why.",
        "## What customers send",
        "How each kind of event looks to the agent: [what agents read](rendering.md).",
        *(f"### {_title(channel)}\n\n{_kinds(rows)}" for channel, rows in shown.items()),
    )


def _text(can: Capabilities) -> str:
    return f"{can.text_limit:,} {can.text_unit}; a longer one in several"


def _media(kind: Kind) -> Callable[[Capabilities], str]:
    def tell(can: Capabilities) -> str:
        limit = can.media.get(kind)
        if limit is None:
            return "as a link" if can.links else "no"
        beyond = "; others as a link" if can.links else ""
        more = "".join(f"; {_format(mime)} up to {_size(size)}" for mime, size in limit.larger.items())
        return f"{_formats(limit)}, up to {_size(limit.size)}{more}{beyond}"

    return tell


def _formats(limit: MediaLimit) -> str:
    return ", ".join(dict.fromkeys(_format(mime) for mime in limit.mimes if mime not in limit.larger))


def _format(mime: str) -> str:
    return mime.partition("/")[2].removeprefix("x-")


def _size(size: int) -> str:
    return f"{size // 2**20:,} MiB" if size % 2**20 == 0 else f"{size / 10**6:,.0f} MB"


def _choices(limit: ChoicesLimit | None, otherwise: str) -> str:
    if limit is None:
        return otherwise
    opens = "; may open a page" if limit.links else ""
    return f"up to {limit.count} of {limit.title} characters, under a text of up to {limit.text}{opens}"


def _quick_replies(can: Capabilities) -> str:
    return _choices(can.quick_replies, "as buttons" if can.buttons else NUMBERED)


def _buttons(can: Capabilities) -> str:
    return _choices(can.buttons, "as quick replies, links in the text" if can.quick_replies else NUMBERED)


def _cards(can: Capabilities) -> str:
    limit: CardsLimit | None = can.cards
    if limit is None:
        return "one as a text with buttons, several as a text with numbers" if can.buttons else NUMBERED
    return (
        f"up to {limit.count} side by side: title of {limit.title} characters, text of {limit.description}, "
        f"{limit.choices} choices of {limit.choice}"
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _span(seconds: float | None, otherwise: str) -> str:
    if seconds is None:
        return "without end"
    if not seconds:
        return otherwise
    hours = seconds / 3600
    return f"{hours:g} hours" if hours <= 48 else f"{hours / 24:g} days"


SENDS: list[tuple[str, Callable[[Capabilities], str]]] = [
    ("text", _text),
    ("link in a text", lambda can: _yes(can.links)),
    *((kind, _media(kind)) for kind in get_args(Kind)),
    ("quick replies", _quick_replies),
    ("buttons", _buttons),
    ("cards", _cards),
    ("is typing", lambda can: _yes(can.typing)),
    ("seen", lambda can: _yes(can.seen)),
]  # fmt: skip
ANSWERS: list[tuple[str, Callable[[Capabilities], str]]] = [
    ("after the customer wrote", lambda can: _span(can.window.open_s, "never")),
    ("a person, on an account approved for it", lambda can: _span(can.window.human_agent_s, "no longer")),
    ("after an advertisement led them here", lambda can: _span(can.window.ad_s, "no longer")),
    ("a comment, once, by a private message", lambda can: _span(can.window.comment_s, "never")),
    ("messages to one of the customer's", lambda can: f"{can.window.cap}" if can.window.cap else "no limit known"),
]


def _kinds(rows: dict[str, Rendering]) -> str:
    kinds = {shows: [f"`{kind}`" for kind, row in rows.items() if row.shows == shows] for shows in SHOWS}
    return "\n".join(f"- {words}: {', '.join(kinds[shows])}" for shows, words in SHOWS.items() if kinds[shows])


# --- what the agent reads


def rendering() -> str:
    """docs/rendering.md."""
    shown: dict[str, dict[str, Rendering]] = _of_channels("renderings", "RENDERINGS")
    used = {row.line for rows in shown.values() for row in rows.values()}
    others = [key for key in TEXTS if key not in used]
    sections: list[str] = []
    for channel, rows in shown.items():
        platform = _title(channel)
        table = _table(["event", *_spoken(), "shown"], (_row(row, platform) for row in rows.items()))
        sections += [f"## {platform}", table]
    return _page(
        "What agents read",
        "The customer's own words are shown as they are, under these lines. An account's `language` chooses between "
        "them. Facts of the event stand where braces are, kinds, sizes, spans and moments in that language too; one "
        "that is not known is left out, with the words that lead to it. Where no line is, the customer's words are all "
        "there is. An event of a kind that is new is counted as `event_` and its name, or as `event_unknown` where "
        "that is not made of plain letters.",
        *sections,
        "## Why a reply was not delivered",
        _table(["reason", *_spoken()], (_words(key, key.removeprefix("why_")) for key in others if _is_why(key))),
        "## Other words of the bridge's",
        _table(["key", *_spoken()], (_words(key, key) for key in others if not _is_why(key))),
    )


def _spoken() -> list[str]:
    return [LANGUAGE_NAMES[language] for language in LANGUAGES]


def _row(item: tuple[str, Rendering], platform: str = "") -> list[str]:
    kind, row = item
    name = f"`{kind}`"
    if row.shows == "ignored":
        return [name, *("–" for _ in LANGUAGES), f"no: `{row.reason}`"]
    words = _said(row.line, platform=platform) if row.line else ["" for _ in LANGUAGES]
    return [
        name,
        *words,
        SHOWN[row.shows],
    ]


def _words(key: str, name: str) -> list[str]:
    return [f"`{name}`", *_said(key)]


def _said(key: str, **known: str) -> list[str]:
    """The sentence in every language, with all its facts: those that are known, and places for the others."""
    places = {name: f"{{{name}}}" for text in TEXTS[key] for name in re.findall(r"\{(\w+)\}", text)}
    return [say(language, key, **(places | known)) for language in LANGUAGES]


def _is_why(key: str) -> bool:
    return key.startswith("why_")


# --- what flows and scripts read


def participant_data() -> str:
    """docs/participant-data.md."""
    channels = abouts(CHANNELS).values()
    known = {
        "sources": _either(source(channel, public=public) for channel in channels for public in (False, True)),
        "channels": _either(channel.name for channel in channels),
    }
    return _page(
        "Participant data",
        "What dmdesk tells of each message of a customer's (`channel.metadata.customAttributes`). Flows read it by "
        "*Get Participant Data*, scripts by input variables of the same names ([how](genesys.md)).",
        _table(["name", "value"], ([f"`{name}`", text.format(**known)] for name, text in NAMES.items())),
        f"Every value is text, of at most {LONGEST_VALUE} bytes, and any may be absent. Where not all of them fit, "
        "those that stand first here come first.",
        "Behind these comes what an account's [triage](front.md#triage) has judged, where it has one, then what its "
        "[CRM](front.md#crm) tells, as `crm_<name>`. Where either names a priority, and no guard has, `priority` is "
        "the highest of them.",
        _table(["name", "value"], ([f"`{name}`", text] for name, text in TRIAGE.items())),
        "Where people take over from an account's [bot](front.md#bot-first), the message they get first has these.",
        _table(["name", "value"], ([f"`{name}`", text] for name, text in BOT.items())),
        "Into conversations of accounts whose `closing` is `raise` the upkeep writes these, with a fresh "
        "`windowExpiresAt` and `windowState` beside the first ([how](operate.md#windows-that-close)):",
        _table(["name", "value"], ([f"`{name}`", text] for name, text in LATER.items())),
    )


def _either(values: Iterable[str]) -> str:
    *others, last = [f"`{value}`" for value in values]
    return f"{', '.join(others)} or {last}" if others else last


# --- what error codes mean

GROUPS: dict[Group, str] = {
    "token": "another token is needed",
    "temporary": "it passes by itself",
    "throttled": "too many calls",
    "permission": "the account may not",
    "window": "nobody may write now",
    "person": "whom it is for",
    "content": "what it says",
}
DOES: dict[Action, tuple[str, str]] = {
    "retry": ("again", "nothing was done; it is tried again, and told once it is given up"),
    "token": ("token", "tried again with the token that is in the secret by then; told after a minute"),
    "stop": ("stop", "told at once; the account counts as stopped, which alarms with the advice"),
    "refuse": ("refuse", "told at once, and never sent"),
    "uncertain": ("unknown", "it may have been sent: looked for, never sent again. What is no message is done again"),
}


def errors() -> str:
    """docs/errors.md."""
    tables: dict[str, tuple[Problem, ...]] = _of_channels("problems", "PROBLEMS")
    return _page(
        "What the platforms' error codes mean",
        "A code is told by itself, whatever the HTTP status, and however it is written. Where a code means another "
        "thing to one kind of call, the row names that call. Reasons in both languages: "
        "[rendering.md](rendering.md#why-a-reply-was-not-delivered).",
        "\n".join(f"- **{name}**: {words}" for name, words in DOES.values()),
        "**A code that stands in no row** is counted as `problem_unlisted` by its code, and alarms. Its family "
        "decides: a server's fault (HTTP 5xx, TikTok's 5xxxx) is unknown; what the platform calls passing "
        "(`is_transient`, Meta's negative codes, TikTok's 6xxxx) and what was not worked on (HTTP 408, 421, 425, 429) "
        "goes again; anything else is refused. A subcode of Meta's with seven digits means the same with every code.",
        "**How long is waited** is what the answer says (`Retry-After`, Meta's minutes until access is regained, "
        "TikTok's minute and day limits), else what the row says, else longer each time.",
        *(section for channel, rows in tables.items() for section in _problems(_title(channel), rows)),
    )


def _problems(platform: str, rows: Sequence[Problem]) -> Iterable[str]:
    yield f"## {platform}"
    for group, title in GROUPS.items():
        found = [row for row in rows if row.verdict.group == group]
        if found:
            yield f"### {platform}: {title}"
            head = ["code", "means", "next", "the agent reads", "who runs it is told", "source"]
            yield _table(head, (_problem(platform, row) for row in found))


def _problem(platform: str, row: Problem) -> list[str]:
    verdict = row.verdict
    # who gives up on a token tells that the account is disconnected
    reason = "account_disconnected" if verdict.action == "token" else verdict.reason
    return [_code(row), row.means, _wait(verdict), say("en", f"why_{reason}", platform=platform),
            verdict.advice or "–", row.source]  # fmt: skip


def _code(row: Problem) -> str:
    code = f"{row.code}–{row.last}" if row.last else f"{row.code}/{row.subcode}" if row.subcode else f"{row.code}"
    more = [f"to a call for {', '.join(row.acts)}" if row.acts else "", f"with “{row.words}”" if row.words else ""]
    return " ".join([f"`{code}`", *filter(None, more)])


def _wait(verdict: Verdict) -> str:
    wait = f" after {verdict.after_s:g} s" if verdict.action == "retry" and verdict.after_s else ""
    return DOES[verdict.action][0] + wait


# --- where data goes

AWS = (
    "every place of [data-protection.md](data-protection.md#every-place)",
    "the region of your provider `aws`, which you choose, and no other",
    "processor",
)
DIAGRAM = """```mermaid
flowchart LR
  customer((customer))
  agent((agent))
  operator((operator))
  {platforms}
  {desks}
  subgraph region[AWS, the one region that you apply to]
    api[REST API, TLS]
    edge[edge: verifies, stores]
    queues[(queues, encrypted)]
    workers[workers: translate, send]
    upkeep[upkeep: by the clock]
    table[(table: ids, times, first words, profiles)]
    bucket[(bucket: files, what waits, certificates)]
    secrets[(secrets: tokens, keys)]
    logs[(logs: ids and outcomes)]
    api --> edge --> queues --> workers
    workers --- table
    workers --- bucket
    workers --- secrets
    edge --- secrets
    edge --- bucket
    upkeep --- table
    upkeep --- secrets
    edge & workers & upkeep --> logs
  end
{edges}
  agent -- link to a file, for days --> api
  operator -- AWS credentials --> table & bucket & queues
```"""


def _both_ways(about: About) -> str:
    """How a desk tells the bridge, and is called: one without secrets is another service of AWS."""
    told = f"{about.name} -- signed webhook --> api" if about.signed_by else f"{about.name} -- topic, queue --> workers"
    return f"  {told}\n  workers -- {'OAuth' if about.secrets else 'their role'} --> {about.name} --> agent"


def data_flow() -> str:
    """docs/data-flow.md."""
    platforms, desks = abouts(CHANNELS), abouts(DESKS)
    edges = [
        *(f"  customer --> {name} -- signed webhook --> api\n  workers -- token --> {name}" for name in platforms),
        *(_both_ways(about) for about in desks.values()),
    ]
    diagram = DIAGRAM.format(
        platforms="\n  ".join(f"{name}[{about.title}]" for name, about in platforms.items()),
        desks="\n  ".join(f"{name}[{about.title}]" for name, about in desks.items()),
        edges="\n".join(edges),
    )
    return _page(
        "Data flow",
        "What enters, where it is kept, where it leaves. All of it is under TLS, all that is kept is encrypted.",
        diagram,
        "## Who gets what",
        _table(
            ["who", "what", "where", "role"],
            [
                ["AWS", *AWS],
                *(
                    [
                        about.title,
                        "agents' replies and files; customers' ids, to ask for profiles",
                        _hosts(about),
                        "controller",
                    ]
                    for about in platforms.values()
                ),
                *(
                    [about.title, "customers' messages, links to files, profiles", _hosts(about), "processor"]
                    for about in desks.values()
                ),
            ],
        ),
        "Nobody else: dmdesk sends no figures, errors or texts to whoever made it, or to anybody else. Files are "
        "fetched from the platforms' own hosts. Who is controller and who processor: "
        "[data-protection.md](data-protection.md#who-is-who).",
    )


def _hosts(about: About) -> str:
    """The hosts of its settings; one without a default is the deployment's to name."""
    addresses = [value for value in about.settings.values() if value and value.startswith("https://")]
    own = ["of the region that you name"] if None in about.settings.values() else []
    return (
        ", ".join([*(f"`{address.removeprefix('https://')}`" for address in addresses), *own]) or "as the account says"
    )


def asked() -> str:
    """docs/questionnaire.md."""
    return _page(
        "What reviewers ask",
        "By the topics of Meta's [Data Protection Assessment](https://developers.facebook.com/docs/development/"
        "maintaining-data-access/data-protection-assessment), which are those of most others. *Policy* is a paper, "
        "*shown by* a file of `build/evidence`, which `make evidence` writes, or refuses to where something is not so. "
        "What is yours to answer, no software can.",
        questionnaire.page(_policy, lambda name: f"`{name}`"),
    )


def _policy(paper: str) -> str:
    name = paper.removeprefix("docs/")
    return f"[{name}]({name if name != paper else f'../{paper}'})"


PAGES: dict[str, Callable[[], str]] = {
    "features.md": features,
    "rendering.md": rendering,
    "errors.md": errors,
    "participant-data.md": participant_data,
    "data-flow.md": data_flow,
    "questionnaire.md": asked,
}


# --- Markdown


def _of_channels(module: str, name: str) -> dict[str, Any]:
    return {channel: part(package, module, name) for channel, package in CHANNELS.items()}


def _title(channel: str) -> str:
    return abouts(CHANNELS)[channel].title


def _page(title: str, *paragraphs: str) -> str:
    written = "<!-- Written by `make docs` from the code. Change the code, not this page. -->"
    return "\n\n".join([f"# {title}", written, *paragraphs]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (head, ["---"] * len(head), *rows))


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    main()
