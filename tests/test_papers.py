"""What the papers say is there: links lead somewhere, commands exist, and what an operator meets has its line."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator

import click
import pytest

from chalicelib.settings import PREFIX, variables
from ops.__main__ import cli
from ops.bridge import FED_DEAD_LETTERS
from sandbox.registry import CHANNELS, DESKS
from tests.counted import metrics
from tests.papers import NOT_OURS, ROOT, anchors, code, links, options, papers, rows

TERRAFORM = ROOT / "terraform"
PAPERS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in papers()}
CODE = [(name, line) for name, text in PAPERS.items() for line in code(text)]
# Counted by Terraform, from the API's access log.
BY_TERRAFORM = {"throttled", "replies_throttled"}


def lines() -> set[str]:
    """All that has a line in a table of docs/."""
    return {name for paper, text in PAPERS.items() if paper.startswith("docs/") for name in rows(text)}


def hcl(*names: str) -> str:
    return "\n".join((TERRAFORM / name).read_text(encoding="utf-8") for name in names)


@pytest.mark.parametrize("paper", PAPERS)
def test_each_link_leads_somewhere(paper: str) -> None:
    for target in links(PAPERS[paper]):
        name, _, anchor = target.partition("#")
        file = (ROOT / paper).parent / name if name else ROOT / paper
        assert file.exists(), f"{target}: there is no {name}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{target}: {name or paper} has no such heading"


def test_each_page_of_docs_is_in_its_table_of_contents() -> None:
    listed = set(links(PAPERS["docs/README.md"]))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= listed


# --- paths

# Of the repository; the folders of the bucket are none of its.
BUCKETS = {"aside/", "media/", "parked/", "erasures/certificates/", "erasures/requests/"}
PATH = re.compile(r"(?<![\w/.<>$~{}:-])((?:[\w*-]+/)+|(?:[\w.*-]+/)*[\w*-]+\.(?:py|tf|js|toml|yaml))(?![\w/<…-])")
MODULE = re.compile(r"(?<![\w/.-])((?:chalicelib|ops|sandbox|tests|tools|bench)(?:\.[a-z_]+)+)(?![\w/])")


def paths() -> set[str]:
    """Each file and folder, the latter with a slash."""
    kept = [path for path in ROOT.iterdir() if path.name not in NOT_OURS]
    all_of = [*kept, *(inner for path in kept if path.is_dir() for inner in path.rglob("*"))]
    return {str(path.relative_to(ROOT)) + ("/" if path.is_dir() else "") for path in all_of}


def test_each_path_of_the_repository_exists() -> None:
    """Told from the root, or from any folder on: `rules/windows.py` is chalicelib's."""
    there = "".join(f"\n/{path}" for path in sorted(paths()))
    named = {(name, path[1]) for name, line in CODE for path in PATH.finditer(line)}
    named -= {(name, folder) for name, _ in named for folder in BUCKETS}
    assert len(named) > 50
    pattern = {path: re.escape(path).replace(r"\*", "[^/\n]*") for _, path in named}
    missing = {(name, path) for name, path in named if not re.search(rf"/{pattern[path]}(?:\n|\Z)", there)}
    assert missing == set()


def test_each_module_that_is_named_exists() -> None:
    named = {module[1] for _, line in CODE for module in MODULE.finditer(line)}
    assert named
    assert {name for name in named if not _module(name)} == set()


def _module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


# --- commands


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def said(pattern: str) -> Iterator[re.Match[str]]:
    """The pattern wherever it stands in a paper's code."""
    return (found for _, line in CODE for found in re.finditer(pattern, line))


def test_each_make_target_exists() -> None:
    named = {found[1] for found in said(r"(?:^|[\s;&])make ((?!PYTHON)[a-z][a-z-]*)")}
    assert {"sandbox", "package", "test"} <= named
    assert named <= targets()


def test_each_command_of_the_operator_exists_with_its_options() -> None:
    named = list(said(r"(?:python -m ops|(?<![\w/.-])(?:\.venv/bin/)?dmdesk) ([a-z][a-z-]*)([^`|;&]*)"))
    assert {found[1] for found in named} >= {"doctor", "subscribe"}
    for found in named:
        assert found[1] in cli.commands, found[0]
        known = options(cli, f"{found[1]} {found[2]}")
        assert set(re.findall(r"--[a-z-]+", found[2])) <= known, found[0]


def test_each_module_that_is_run_exists() -> None:
    named = {found[1] for found in said(r"python3? -m ([a-z_.]+)")} - {"venv"}
    assert named
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()


def test_each_option_of_the_sandbox_exists() -> None:
    source = (ROOT / "sandbox" / "command.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(--[a-z-]+)"', source))
    known |= {f"--{flag}" for vendor in (*CHANNELS.values(), *DESKS.values()) for flag in vendor.flags}
    named = {
        option
        for found in said(r"(?:python -m sandbox|make sandbox ARGS=)(.*)")
        for option in re.findall(r"--[a-z-]+", found[1])
    }
    assert "--port" in named
    assert named <= known


def test_each_output_of_terraform_exists() -> None:
    made = set(re.findall(r'^output "(\w+)"', hcl("outputs.tf"), re.MULTILINE))
    named = {found[1] for found in said(r"terraform (?:-chdir=\w+ )?output (?:-raw |-json )?([a-z_]+)")}
    assert "operator_environment" in named
    assert named <= made
    # whoever begins with the example reads the same pages
    assert named <= set(re.findall(r'^output "(\w+)"', hcl("examples/complete/main.tf"), re.MULTILINE))


# --- what an operator meets


def test_each_metric_has_its_line() -> None:
    assert set(metrics()) | BY_TERRAFORM <= lines()


def test_each_line_of_the_metrics_page_is_counted() -> None:
    """The first table of the page: a metric that is no longer counted has no line."""
    table = PAPERS["docs/metrics.md"].split("\n## ")[1]
    assert set(rows(table)) <= set(metrics()) | BY_TERRAFORM


def alarms() -> set[str]:
    """What is the same in the names of an alarm, whatever the bridge, queue, function or channel."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (TERRAFORM / "modules" / "aws").glob("*.tf"))
    named = {
        re.sub(r"\$\{[^}]*\}", "", name).strip("-")
        for name in re.findall(r'^\s+alarm_name\s+= "(.*)"$', source, re.MULTILINE)
    }
    counted = re.search(r"  counted = \{\n(.*?)\n  \}\n", source, re.DOTALL)
    assert counted
    each = re.findall(r"^    (\w+) = \{", counted[1], re.MULTILINE)
    return (named - {""}) | {name.replace("_", "-") for name in each}


def test_each_alarm_has_its_line() -> None:
    told = {re.sub(r"<[^>]*>", "", name).strip("…-") for name in rows(PAPERS["docs/operate.md"])}
    assert len(alarms()) > 20
    assert alarms() <= told


def settings_of_terraform() -> Iterator[str]:
    """Each variable of the root module, and each field of those that are objects."""
    yield from re.findall(r'^variable "(\w+)" \{$', hcl(*(path.name for path in TERRAFORM.glob("*.tf"))), re.MULTILINE)
    table = hcl("modules/inputs/fields.tf")
    for name, body in re.findall(r"^    (\w+) = \{\n(.*?)^    \}", table, re.DOTALL | re.MULTILINE):
        for field in re.findall(r"^      (\w+) += ", body, re.MULTILINE):
            yield f"{name}.{field}"
    account = re.search(r"^  account = \{\n(.*?)^  \}", table, re.DOTALL | re.MULTILINE)
    assert account
    yield from re.findall(r"^    (\w+) += ", account[1], re.MULTILINE)
    front = re.search(r"^  front_features = \{\n(.*?)^  \}", table, re.DOTALL | re.MULTILINE)
    assert front
    yield from (f"front.{name}" for name in re.findall(r"^    (\w+) = \{", front[1], re.MULTILINE))


def test_each_setting_of_terraform_has_its_line() -> None:
    missing = [name for name in settings_of_terraform() if name not in lines()]
    assert missing == []


def test_each_variable_of_the_environment_has_its_line_and_there_is_no_other() -> None:
    known = {PREFIX + name.upper() for name in variables()} | {f"{PREFIX}ROLE", FED_DEAD_LETTERS}
    read = {
        option.envvar
        for command in cli.commands.values()
        for option in command.params
        if isinstance(option, click.Option) and isinstance(option.envvar, str)
    }
    assert known | read <= lines()
    operators = [text for paper, text in PAPERS.items() if not paper.startswith("tests/")]
    named = {name for text in operators for name in re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", text)}
    assert named <= known | read


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("# Secrets (JSON in Secrets Manager)", {"secrets-json-in-secrets-manager"}),
        ("## `dmdesk doctor`, and why\n## [A](b.md) link", {"dmdesk-doctor-and-why", "a-link"}),
        ("# Twice\n# Twice\n```\n# none\n```", {"twice", "twice-1"}),
    ],
)
def test_anchors_are_githubs(text: str, made: set[str]) -> None:
    assert anchors(text) == made


def test_code_is_told_from_prose() -> None:
    text = "Say `make test`.\n\n    make check   # and make nothing\n\n```console\n$ dmdesk doctor\n```\nmake it so\n"
    assert [line for line in code(text) if line] == ["make test", "make check", "dmdesk doctor"]
    text = '[a](b.md#c) `[x](y)` <img src="d.png"> [w](https://e.example)\n\n    [n](o)\n'
    assert list(links(text)) == ["b.md#c", "d.png"]
    assert list(rows("| `a` (`b`), `c` | `d` |\n|---|---|")) == ["a", "b", "c"]
