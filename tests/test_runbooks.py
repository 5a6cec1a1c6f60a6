"""Every alarm has its page of docs/runbooks, every page its alarm, and what a page tells somebody to run exists."""

from __future__ import annotations

import re

import pytest

from ops.__main__ import cli
from tests.papers import ROOT, code, options

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in RUNBOOKS.glob("*.md") if path.stem != "README"}
AWS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "terraform/modules/aws").glob("*.tf")))
RESOURCES = dict(
    re.findall(r'^resource "aws_cloudwatch_metric_alarm" "(\w+)" \{\n(.*?)^\}', AWS, re.DOTALL | re.MULTILINE)
)
# What tells of the same thing a second time has its page.
SHARED = {
    "dead_letters_oldest": "dead_letters", "parked_oldest_days": "parked",
    "fed_dead_letters": "dead_letters", "fed_oldest_message": "oldest_message",
    "fed_refused": "from_desk_refused",
}  # fmt: skip


def counted() -> set[str]:
    """The metrics that the one resource of that name watches."""
    listed = re.search(r"  counted = \{\n(.*?)\n  \}\n", AWS, re.DOTALL)
    assert listed
    return set(re.findall(r"^    (\w+) = \{", listed[1], re.MULTILINE))


def hourly() -> dict[str, str]:
    """As `counted`, of what the upkeep counts; with each one's page."""
    listed = re.search(r"  hourly = \{\n(.*?)\n  \}\n", AWS, re.DOTALL)
    assert listed
    return dict(re.findall(r'^    (\w+) = \{.*?page\s+= "(\w+)"', listed[1], re.MULTILINE | re.DOTALL))


ALARMS = (set(RESOURCES) - {"counted", "hourly"}) | counted() | set(hourly())


def test_every_alarm_has_its_page_and_every_page_its_alarm() -> None:
    assert len(ALARMS) > 20
    assert set(PAGES) == {SHARED.get(alarm, alarm) for alarm in ALARMS}


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_alarm_names_its_page(resource: str) -> None:
    said = re.search(r'alarm_description\s+= "(.*)"$', RESOURCES[resource], re.MULTILINE)
    assert said
    rows = {"counted": "${each.key}", "hourly": "${each.value.page}"}
    assert said[1].endswith(f" docs/runbooks/{rows.get(resource, SHARED.get(resource, resource))}.md")


def test_a_row_names_its_page() -> None:
    assert hourly() == {alarm: SHARED.get(alarm, alarm) for alarm in hourly()}


def test_the_list_of_pages_is_whole() -> None:
    listed = set(re.findall(r"\]\((\w+)\.md\)", (RUNBOOKS / "README.md").read_text(encoding="utf-8")))
    assert listed == set(PAGES)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_says_what_it_means_what_to_look_at_and_what_to_do(page: str) -> None:
    text = PAGES[page]
    assert page.replace("_", "-") in text.splitlines()[0].translate({ord("<"): None, ord(">"): None})
    assert re.search(r"^\*\*It means:\*\* \S", text, re.MULTILINE)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Look at", "Do"]
    assert len(text.splitlines()) < 60


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_commands_and_they_exist(page: str) -> None:
    named = [found for line in code(PAGES[page]) for found in re.findall(r"dmdesk ([a-z-]+)([^|;&]*)", line)]
    assert named
    for name, rest in named:
        assert name in cli.commands, f"dmdesk {name}"
        assert set(re.findall(r"--[a-z-]+", rest)) <= options(cli, f"{name} {rest}"), f"dmdesk {name}{rest}"
