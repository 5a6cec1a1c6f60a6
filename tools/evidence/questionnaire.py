"""Answers for reviewers, by the topics of Meta's Data Protection Assessment: what is policy, and what shows it.

developers.facebook.com/docs/development/maintaining-data-access/data-protection-assessment. What a deployment or its
company has to answer itself is said so. Figures come from the code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chalicelib.fetching import LARGEST, WHOLE_S
from chalicelib.registry import CHANNELS, DESKS, abouts
from tools.environment import ROOT
from tools.evidence import retention

YOURS = "yours to answer: "


class Answer(NamedTuple):
    """A question with its answer, the paper that is the policy, and what in the pack shows that it is so ("" for
    what is not the software's to show)."""

    question: str
    answer: str
    policy: str
    shown: str = ""


def topics() -> dict[str, list[Answer]]:
    """All of them, in the assessment's order."""
    return {
        "Use and sharing": _use(),
        "Deletion": _deletion(),
        "Service providers": _providers(),
        "Encryption": _encryption(),
        "Vulnerabilities and patching": _vulnerabilities(),
        "Secrets and tokens": _secrets(),
        "Access": _access(),
        "Incidents, logs and monitoring": _incidents(),
        "Continuity": _continuity(),
    }


def page(link: Callable[[str], str], shown: Callable[[str], str]) -> str:
    """The answers as Markdown; `link` and `shown` make links of a policy's path and of the pack's file."""
    sections = []
    for topic, answers in topics().items():
        lines = [f"## {topic}", "", "| question | answer | policy | shown by |", "|---|---|---|---|"]
        lines += [
            f"| {one.question} | {one.answer} | {link(one.policy)} | {shown(one.shown) if one.shown else '–'} |"
            for one in answers
        ]
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def _days() -> dict[str, str]:
    return retention.defaults(retention.variables())


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _use() -> list[Answer]:
    platforms = _list(about.title for about in abouts(CHANNELS).values())
    return [
        Answer("What is the platforms' data used for?", f"To carry messages of {platforms} to an agent's desktop and "
               "the answers back. Nothing else: no profiling, no advertising, no training.", "docs/data-flow.md",
               "data-flow.md"),
        Answer("Who is it shared with?", "With the desk of the account, and with nobody else. No telemetry.",
               "docs/data-flow.md", "data-flow.md"),
        Answer("On what legal basis?", YOURS + "you are the controller", "docs/data-protection.md"),
    ]  # fmt: skip


def _deletion() -> list[Answer]:
    days = _days()
    return [
        Answer("How long is it kept?", f"By default files {days['media_days']} days, events on queues "
               f"{days['retention.queue_days']} and as dead letters {days['retention.dead_letter_days']}, profiles "
               f"{days['retention.profile_days']}, logs {days['log_retention_days']}.", "docs/data-protection.md",
               "retention.md"),
        Answer("Can a person's data be deleted on request?", "Yes: by one command, and by Meta's data deletion "
               "callback within hours; with a certificate.", "docs/data-protection.md", "threats.md"),
        Answer("And from backups?", f"They end after {days['retention.backup_days']} days; a restore leaves the erased "
               "out, by a register outside the table.", "docs/adr/0017-restore.md", "threats.md"),
    ]  # fmt: skip


def _providers() -> list[Answer]:
    desks = _list(about.title for about in abouts(DESKS).values())
    return [
        Answer("Which service providers process it?", f"AWS, in the one region that is applied to; and the desk: "
               f"{desks}.", "docs/data-flow.md", "data-flow.md"),
        Answer("Are they bound by contract?", YOURS + "your agreements with AWS and with the desk's vendor",
               "docs/data-protection.md"),
    ]  # fmt: skip


def _encryption() -> list[Answer]:
    return [
        Answer("In transit?", "TLS everywhere, certificates judged; the bucket refuses what comes without TLS. The "
               "lowest version that the API takes is that of its endpoint or domain.", "SECURITY.md", "threats.md"),
        Answer("At rest, backups included?", f"Table, backups, queues, bucket, secrets and logs, by {_keys()}. Topics "
               "and exceptions: as the reasons say.", "docs/data-protection.md", "checkov.md"),
    ]  # fmt: skip


def _keys() -> str:
    variables = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "terraform").glob("*.tf"))
    return "AWS' keys, or your own (`kms_key`)" if 'variable "kms_key"' in variables else "AWS' keys"


def _vulnerabilities() -> list[Answer]:
    return [
        Answer("Are dependencies known and patched?", "Each file of each project by its hash, in the package and in "
               "all tools; looked up among known vulnerabilities daily; updates proposed a week after they appear.",
               "docs/release.md", "sbom.cdx.json"),
        Answer("Is the app tested for vulnerabilities?", "By the tests of the threat model, at each change.",
               "docs/threat-model.md", "threats.md"),
        Answer("Is the cloud's configuration tested?", "By checkov, each exception with its reason.",
               "docs/threat-model.md", "checkov.md"),
        Answer("A penetration test within 12 months?", YOURS + "the deployed app and your AWS account",
               "SECURITY.md"),
        Answer("How are vulnerabilities reported?", "Privately, on GitHub.", "SECURITY.md"),
    ]  # fmt: skip


def _secrets() -> list[Answer]:
    return [
        Answer("How are app secrets and tokens protected?", "In Secrets Manager; never in the environment, in logs, or "
               "in Terraform's state but for one that SECURITY.md names. Each role reads those that it needs.",
               "SECURITY.md", "permissions.md"),
        Answer("Can they be rotated?", "Yes, while messages pass: several are valid at once; tokens renew "
               "themselves.", "docs/operate.md", "threats.md"),
    ]  # fmt: skip


def _access() -> list[Answer]:
    return [
        Answer("Least privilege?", "A role for each function; what is granted is compared with what was used.",
               "SECURITY.md", "permissions.md"),
        Answer("Multi-factor authentication?", YOURS + "AWS, Genesys Cloud, Meta and TikTok for all who administer",
               "docs/threat-model.md"),
        Answer("Are accounts reviewed and removed?", YOURS + "the software has no users of its own",
               "docs/threat-model.md"),
        Answer("What may operators do?", "What their AWS role lets them; each command names what it needs.",
               "docs/operate.md"),
    ]  # fmt: skip


def _incidents() -> list[Answer]:
    return [
        Answer("What is logged?", "Outcomes, with facts from a list; never a text, a token or a body.",
               "SECURITY.md", "logs.md"),
        Answer("Who is told of what?", "An alarm for each kind of trouble, each with a page that says what to do.",
               "docs/runbooks/README.md"),
        Answer("Is there an incident plan, and is it tried?", YOURS + "the runbooks are the bridge's part of it",
               "docs/runbooks/README.md"),
        Answer("How are hostile files kept out?", f"From the platforms' own hosts, up to {LARGEST // 10**6} MB and "
               f"{WHOLE_S:.0f} s, told by their bytes.", "SECURITY.md", "threats.md"),
    ]  # fmt: skip


def _continuity() -> list[Answer]:
    return [
        Answer("What is lost, and when is it back?", "By what breaks: RPO and RTO in the paper.",
               "docs/data-protection.md"),
        Answer("Is a restore rehearsed?", "In the tests, with the embedded AWS. How long AWS takes is "
               "for you to rehearse.", "docs/data-protection.md", "threats.md"),
        Answer("Does an upgrade keep the data?", "Each version is planned over the state of the last one.",
               "docs/upgrade.md", "threats.md"),
    ]  # fmt: skip
