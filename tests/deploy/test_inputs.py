"""What a person may get wrong among the settings is refused by its name: the modules that look, planned."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chalicelib import credentials
from tests import terraform_here

ROOT = Path(__file__).resolve().parents[2] / "terraform"
LOGINS = [{"name": "instagram", "title": "IL", "page": False}, {"name": "facebook", "title": "FL", "page": True}]
CHANNELS = {
    "instagram": {"id": {"pattern": "^[0-9]+$", "error": "It is a number."}, "logins": LOGINS, "routes": True},
    "tiktok": {"id": {"pattern": ".", "error": "It is the business_id."}, "logins": []},
}
LONG = "x" * 400
ACCOUNT = {"channel": "instagram", "id": "17841400000000001"}
# account key → (fields beside or in place of ACCOUNT's, what is said)
ACCOUNTS: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt": ({"langage": "es"}, "accounts.misspelt.langage is not known"),
    "old": ({"secret": "x"}, "accounts.old.secret is not known"),
    "null_id": ({"id": None}, "accounts.null_id.id has to be given."),
    "null_channel": ({"channel": None}, "accounts.null_channel.channel has to be given."),
    "blank_id": ({"id": ""}, 'accounts.blank_id.id is one word without spaces and #, not "".'),
    "spaced_id": ({"id": "178 41"}, 'accounts.spaced_id.id is one word without spaces and #, not "178 41".'),
    "broken_id": ({"id": "17841\n"}, "accounts.broken_id.id is one word without spaces"),
    "joined_id": ({"id": "1#2"}, 'accounts.joined_id.id is one word without spaces and #, not "1#2".'),
    "named_id": ({"id": "@acme"}, 'accounts.named_id.id is not "@acme": It is a number.'),
    "long_id": ({"id": "1" * 400}, "accounts.long_id.id has 400 characters, and 128 at most."),
    "listed_id": ({"id": ["1"]}, "accounts.listed_id.id is a text."),
    "no_channel": ({"channel": "threads"}, 'accounts.no_channel.channel is instagram or tiktok, not "threads".'),
    "shouted": ({"channel": "Instagram"}, 'accounts.shouted.channel is instagram or tiktok, not "Instagram".'),
    "placeheld": ({"name": "…"}, 'accounts.placeheld.name is still a placeholder, "…"'),
    "bracketed": ({"name": "<name>"}, "accounts.bracketed.name is still a placeholder"),
    "long_name": ({"name": LONG}, "accounts.long_name.name has 400 characters, and 100 at most."),
    "two_lines": ({"name": "a\nb"}, "accounts.two_lines.name is one line"),
    "turned": ({"name": "acme\u202etxt"}, "accounts.turned.name is one line"),
    "parted": ({"name": "a\u2028b"}, "accounts.parted.name is one line"),
    "led": ({"name": "\u2066a"}, "accounts.led.name is one line"),
    "no_desk": ({"desk": "reception"}, 'accounts.no_desk.desk is connect or genesys, not "reception".'),
    "idle_desk": (
        {"desk": "connect"},
        "accounts.idle_desk.desk is connect, of which nothing is said: give the variable",
    ),
    "no_login": ({"login": "meta"}, 'accounts.no_login.login is facebook (FL) or instagram (IL), not "meta".'),
    "no_page": ({"login": "facebook"}, "accounts.no_page.page has to be given with the login facebook"),
    "my_page": ({"login": "facebook", "page": "my page"}, "accounts.my_page.page is the number of the Facebook Page"),
    "no_pages": ({"login": "facebook", "page": "0"}, "accounts.no_pages.page is the number of the Facebook Page"),
    "idle_page": ({"page": "42"}, "accounts.idle_page.page is given, but its login (none) has no Page"),
    "tt_login": (
        {"channel": "tiktok", "login": "facebook"},
        "accounts.tt_login.login is not set, as tiktok has one way to log in",
    ),
    "perhaps": ({"notices": "perhaps"}, "accounts.perhaps.notices is true or false."),
    "one": ({"human_agent": 1}, "accounts.one.human_agent is true or false."),
    "french": ({"language": "fr"}, 'accounts.french.language is en or es, not "fr".'),
    "no_language": ({"language": ""}, 'accounts.no_language.language is en or es, not "".'),
    "always": ({"closing": "always"}, 'accounts.always.closing is off or warn or raise, not "always".'),
    "wordy": ({"outage_text": "x" * 251}, "accounts.wordy.outage_text has 251 characters, and 250 at most."),
    "slow": ({"fold_s": 21}, "accounts.slow.fold_s is at most 20, not 21."),
    "early": ({"fold_s": -1}, "accounts.early.fold_s is at least 0, not -1."),
    "bare_front": ({"front": "guards"}, "accounts.bare_front.front is an object"),
    "odd_front": ({"front": {"gards": {}}}, "accounts.odd_front.front.gards is not known"),
    "odd_guard": ({"front": {"guards": {"loop": "off"}}}, "accounts.odd_guard.front.guards.loop is not known"),
    "sure_guard": ({"front": {"guards": True}}, "accounts.sure_guard.front.guards is an object"),
    "block": (
        {"front": {"guards": {"loops": "block"}}},
        'accounts.block.front.guards.loops is off or mark or hold or park, not "block".',
    ),
    "brief": (
        {"front": {"guards": {"hold_minutes": 1}}},
        "accounts.brief.front.guards.hold_minutes is at least 5, not 1.",
    ),
    "odd_thanks": ({"front": {"thanks": {"story": True}}}, "accounts.odd_thanks.front.thanks.story is not known"),
    "spent": ({"front": {"thanks": {"most_a_day": 0}}}, "accounts.spent.front.thanks.most_a_day is at least 1, not 0."),
    "noisy": (
        {"front": {"thanks": {"quiet": "22-8"}}},
        'accounts.noisy.front.thanks.quiet is hours of the day, like 22:00-08:00, not "22-8".',
    ),
    "placeless": (
        {"front": {"thanks": {"zone": "Europe/New Berlin"}}},
        "accounts.placeless.front.thanks.zone is a time zone of the IANA database, like Europe/Berlin",
    ),
    "wordless": (
        {"front": {"thanks": {"story_texts": "Thanks"}}},
        "accounts.wordless.front.thanks.story_texts is an object of texts.",
    ),
    "foreign": (
        {"front": {"thanks": {"story_texts": {"de": "Danke"}}}},
        "accounts.foreign.front.thanks.story_texts.de is not known",
    ),
    "blank": (
        {"front": {"thanks": {"comment_texts": {"en": " "}}}},
        'accounts.blank.front.thanks.comment_texts.en is a text for people, not " ".',
    ),
    "long_thanks": (
        {"front": {"thanks": {"comment_texts": {"es": "x" * 251}}}},
        "accounts.long_thanks.front.thanks.comment_texts.es has 251 characters, and 250 at most.",
    ),
    "unsaid": ({"after_end": "…"}, "accounts.unsaid.after_end is still a placeholder"),
    "mute": ({"after_end": " \n"}, "accounts.mute.after_end is a text, and not of spaces alone"),
    "silent": ({"outage_text": "  "}, "accounts.silent.outage_text is a text, and not of spaces alone"),
    "undone": ({"outage_text": "ToDo"}, "accounts.undone.outage_text is still a placeholder"),
    "one_former": ({"former_integrations": "int-1"}, "accounts.one_former.former_integrations is a list of texts."),
    "former": ({"former_integrations": ["int 1"]}, "accounts.former.former_integrations is the id of an integration"),
    "twin_a": ({"channel": "tiktok", "id": "twin"}, "accounts twin_a and twin_b are the same one"),
    "twin_b": ({"channel": "tiktok", "id": "twin"}, "accounts twin_a and twin_b are the same one"),
    "Xn--shop": ({}, '"Xn--shop" does not.'),
    "Acme": ({}, '"Acme" does not.'),
    "acme ig": ({}, '"acme ig" does not.'),
    "a" * 33: ({}, f'"{"a" * 33}" does not.'),
    "1st": ({}, '"1st" does not.'),
    "no_url": ({"front": {"crm": {"secret": "s"}}}, "accounts.no_url.front.crm.url has to be given."),
    "plain_crm": (
        {"front": {"crm": {"url": "http://crm.example", "secret": "s"}}},
        "accounts.plain_crm.front.crm.url is an address that begins with https://",
    ),
    "password": (
        {"front": {"crm": {"url": "https://me:word@crm.example", "secret": "s"}}},
        "accounts.password.front.crm.url is an address that begins with https:// and holds no password",
    ),
    "days": (
        {"front": {"crm": {"url": "https://crm.example/dm", "secret": "s", "cache_minutes": 9000}}},
        "accounts.days.front.crm.cache_minutes is at most 1440, not 9000.",
    ),
    "nobody": (
        {"front": {"triage": {"intents": {"order": "x"}}}},
        "accounts.nobody.front.triage takes either model, or url with secret.",
    ),
    "both": (
        {"front": {"triage": {"intents": {"a": ""}, "model": "m", "url": "https://a.example", "secret": "s"}}},
        "accounts.both.front.triage takes either model, or url with secret.",
    ),
    "unsigned": (
        {"front": {"triage": {"intents": {"a": ""}, "url": "https://a.example"}}},
        "accounts.unsigned.front.triage takes url and secret together.",
    ),
    "aimless": (
        {"front": {"triage": {"intents": {}, "model": "m"}}},
        "accounts.aimless.front.triage.intents has 0 names: it takes 1 to 50.",
    ),
    "shouts": (
        {"front": {"triage": {"intents": {"Order": "x"}, "model": "m"}}},
        '"Order" does not.',
    ),
    "meant": (
        {"front": {"triage": {"intents": {"order": 5}, "model": "m"}}},
        "accounts.meant.front.triage.intents.order is a text of 200 characters at most",
    ),
    "forced": (
        {"front": {"triage": {"intents": {"a": ""}, "model": "m", "mode": "auto"}}},
        'accounts.forced.front.triage.mode is tool or schema or text, not "auto".',
    ),
    "asap": (
        {"front": {"triage": {"intents": {"a": ""}, "model": "m", "priorities": {"asap": 1}}}},
        "accounts.asap.front.triage.priorities knows low, normal and high, and not asap.",
    ),
    "texted": (
        {"front": {"triage": {"intents": {"a": ""}, "model": "m", "priorities": {"high": "900"}}}},
        "accounts.texted.front.triage.priorities.high is a whole number from 0 to 25000000.",
    ),
    "no_bot": ({"front": {"bot": {}}}, "accounts.no_bot.front.bot takes either model, or url with secret."),
    "two_bots": (
        {"front": {"bot": {"model": "m", "url": "https://a.example", "secret": "s"}}},
        "accounts.two_bots.front.bot takes either model, or url with secret.",
    ),
    "open_bot": (
        {"front": {"bot": {"url": "https://a.example"}}},
        "accounts.open_bot.front.bot takes url and secret together.",
    ),
    "sunday": (
        {"front": {"bot": {"model": "m", "hours": {"sunday": "08:00-18:00"}}}},
        "accounts.sunday.front.bot.hours knows mon, tue, wed, thu, fri, sat and sun, and not sunday.",
    ),
    "noon": (
        {"front": {"bot": {"model": "m", "hours": {"mon": "8-18"}}}},
        "accounts.noon.front.bot.hours.mon is two times of the day in UTC, such as 08:00-18:00.",
    ),
    "leads": (
        {"front": {"bot": {"model": "m", "links": ["https://shop.example.com"]}}},
        "accounts.leads.front.bot.links is the name of a host, such as shop.example.com",
    ),
    "patient": (
        {"front": {"bot": {"model": "m", "seconds": 30}}},
        "accounts.patient.front.bot.seconds is at most 15, not 30.",
    ),
    "chatty": (
        {"front": {"bot": {"model": "m", "instructions": "x" * 4001}}},
        "accounts.chatty.front.bot.instructions has 4001 characters, and 4000 at most.",
    ),
    "no_app": ({"front": {"routing": {}}}, "accounts.no_app.front.routing.app has to be given."),
    "named_app": (
        {"front": {"routing": {"app": "our app"}}},
        'accounts.named_app.front.routing.app is the number of an app, not "our app".',
    ),
    "ever": (
        {"front": {"routing": {"app": "1", "extend_hours": 720}}},
        "accounts.ever.front.routing.extend_hours is at most 168, not 720.",
    ),
    "passes": (
        {"front": {"routing": {"app": "1", "pass_to": "2"}}},
        'accounts.passes.front.routing.pass_to goes with after_end = "pass".',
    ),
    "compared": (
        {"reconcile": True, "front": {"routing": {"app": "1"}}},
        "accounts.compared.reconcile does not go with front.routing: a platform's history tells nobody which app",
    ),
    "alone": (
        {"channel": "tiktok", "front": {"routing": {"app": "1"}}},
        "accounts.alone.front.routing: tiktok gives conversations to no other app; take it out.",
    ),
    "rushed": (
        {"front": {"triage": {"intents": {"a": ""}, "model": "m", "priorities": {"high": 25000001}}}},
        "accounts.rushed.front.triage.priorities.high is a whole number from 0 to 25000000.",
    ),
}
# an object's name → (what is given, what is said)
SETTINGS: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "queue",
        {"naem": "x", "name": LONG, "wrapup_codes": ["a", "a"], "create": "maybe", "alerting_timeout_s": 7.5},
        [
            "queue.naem is not known: queue takes", "queue.name has 400 characters", "codes names something twice",
            "queue.create is true or false.", "queue.alerting_timeout_s is a whole number, not 7.5.",
        ],
    ),
    ("flow", {"own": True, "file": "x", "name": "…"}, ["flow.file is not known", "flow.name is still a placeholder"]),
    (
        "genesys_urls",
        {"api": "api.mypurecloud.ie", "login": "", "webhook": "https://a b", "web": "https://a"},
        [
            'genesys_urls.api is an address that begins with https:// (or http:// on this machine), not "api.my',
            "genesys_urls.login is an address", "genesys_urls.webhook is an address", "genesys_urls.web is not known",
        ],
    ),
    (
        "edge",
        {"memory_mb": 64, "timeout_s": "soon", "reserved_concurrency": 0, "memory": 512},
        [
            "edge.memory_mb is at least 128, not 64.", "edge.timeout_s is a number.",
            "edge.reserved_concurrency is at least 1, not 0.", "edge.memory is not known",
        ],
    ),
    (
        "workers",
        {"memory_mb": 20000, "maximum_concurrency": 2.5, "reserved_concurrency": -1, "concurrency": 2},
        [
            "workers.memory_mb is at most 10240, not 20000.", "workers.maximum_concurrency is a whole number, not 2.5.",
            "workers.reserved_concurrency is at least 1, not -1.", "workers.concurrency is not known",
        ],
    ),
    (
        "throttling",
        {"rate": -5, "burst": 0, "limit": 1, "routes": {"replies": {"rate": 0, "brust": 5}, "media": "fast"}},
        [
            "throttling.rate is at least 1, not -5.", "throttling.burst is at least 1, not 0.",
            "throttling.limit is not known", "throttling.routes.replies.rate is at least 1, not 0.",
            "throttling.routes.replies.brust is not known", "throttling.routes.media is an object",
        ],
    ),
    (
        "desk_edge",
        {"reserved_concurrency": 0, "memory_mb": 512},
        ["desk_edge.reserved_concurrency is at least 1, not 0.", "desk_edge.memory_mb is not known"],
    ),
    (
        "domain",
        {"zone": "Z", "zone_id": "my zone", "announced": "soon"},
        [
            "domain.name has to be given.", "domain.zone is not known", "domain.zone_id is the id of a Route 53 zone",
            "domain.announced is true or false.",
        ],
    ),
    (
        "waf",
        {"acl": "ours", "rate": 10.5, "rats": 1},
        ["waf.acl is none or own or given, not", "waf.rate is a whole number, not 10.5.", "waf.rats is not known"],
    ),
    (
        "file_access_log",
        {"prefix": "a b/", "buckets": "logs"},
        [
            "file_access_log.bucket has to be given.", "file_access_log.buckets is not known",
            "file_access_log.prefix is what the names of the log",
        ],
    ),
    (
        "kms_key",
        {"create": "perhaps", "rotation": 90, "rotation_days": 90.5},
        ["kms_key.create is true or false.", "kms_key.rotation is not known", "kms_key.rotation_days is a whole"],
    ),
    ("alarm_topic", {"name": "on-call"}, ["alarm_topic.arn has to be given.", "alarm_topic.name is not known"]),
    (
        "vpc",
        {"subnets": ["subnet-0a"], "subnet_ids": ["subnet 0a"], "security_group_ids": "sg-0b"},
        [
            "vpc.subnets is not known", "vpc.subnet_ids is the id of a subnet, not",
            "vpc.security_group_ids is a list of texts.",
        ],
    ),
    (
        "package_s3",
        {"bucket": "releases", "version_id": "1", "runtime": "…"},
        [
            "package_s3.key has to be given.", "package_s3.version_id is not known",
            "package_s3.runtime is still a placeholder",
        ],
    ),
    (
        "connect",
        {"instance": "", "flow": "f", "topic": "arn:aws:sns:eu-central-1:123456789012:dmdesk.fifo", "queues": "q",
         "flow_name": " f", "hours": "Basic Hours", "transcripts": "a bucket",
         "chat_minutes": 30, "text_limit": 0, "content_types": ["text/markdown"], "api": "x"},
        [
            'connect.instance is the instance', "connect.topic is the ARN of a standard SNS topic",
            "connect.queues is not known", "connect.chat_minutes is 0, or from 60 to 10080",
            "connect.text_limit is at least 1, not 0.", "connect.content_types must hold text/plain.",
            "connect.api is an address", "connect.flow and connect.flow_name are two flows: give one.",
            "connect.hours makes a queue: connect.queue has to name it.", "connect.flow_name is one line",
            "connect.transcripts is the name of a bucket",
        ],
    ),
    (
        "retention",
        {"queue_days": 11.5, "parked": 1, "backup_days": "all"},
        ["retention.queue_days is a whole number", "retention.parked is not known", "retention.backup_days is a num"],
    ),
    (
        "alarms",
        {"emails": ["not an email", "a@b"], "quiet_hours": 1.5, "rejected": [], "email": "a@example.org"},
        [
            'alarms.emails is a mail address, not "not an email".', 'alarms.emails is a mail address, not "a@b".',
            "alarms.quiet_hours is a whole number, not 1.5.", "alarms.rejected is a number.", "alarms.email is not",
        ],
    ),
    (
        "closing",
        {"steps": [{"hours": 4, "prio": 1}, {"hours": None, "priority": 0.5}, "x"], "emails": ["", None], "hours": 1},
        [
            "closing.steps[0].prio is not known", "closing.steps[0].priority has to be given.",
            "closing.steps[1].hours has to be given.", "closing.steps[1].priority is a whole number, not 0.5.",
            'closing.emails is a mail address, not "".', "closing.hours is not known",
        ],
    ),
]  # fmt: skip
SAID = [
    *(pytest.param(said, id=key) for key, (_, said) in ACCOUNTS.items()),
    *(
        pytest.param(said, id=f"{name} {place}")
        for name, _, all_said in SETTINGS
        for place, said in enumerate(all_said)
    ),
]


class Module:
    """A module of ours, initialised, in a folder of its own."""

    def __init__(self, folder: Path, name: str, around: str = "") -> None:
        terraform_here.needed()
        self._folder = folder
        (folder / "terraformrc").write_text("", encoding="utf-8")
        if around:
            (folder / "main.tf").write_text(around.replace("MODULE", str(ROOT / "modules" / name)), encoding="utf-8")
        else:
            shutil.copytree(ROOT / "modules" / name, folder, dirs_exist_ok=True)
        self._run("init", "-input=false")

    def planned(self, given: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The outputs as they are planned, and all that was said, on one line."""
        (self._folder / "given.tfvars.json").write_text(json.dumps(given), encoding="utf-8")
        ran = self._run("plan", "-input=false", "-out=plan", "-var-file=given.tfvars.json")
        if ran.returncode:
            return {}, re.sub(r"[│\s]+", " ", ran.stdout + ran.stderr)
        shown = json.loads(self._run("show", "-json", "plan").stdout)["planned_values"].get("outputs", {})
        return {name: output.get("value") for name, output in shown.items()}, ""

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        environment = kept | {"TF_CLI_CONFIG_FILE": str(self._folder / "terraformrc"), "CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            ["terraform", *arguments, *(["-no-color"] if arguments[0] != "show" else [])],
            cwd=self._folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Module:
    return Module(tmp_path_factory.mktemp("inputs"), "inputs")


def given(accounts: Any, **settings: Any) -> dict[str, Any]:
    return {
        "accounts": accounts,
        "settings": settings,
        "channels": CHANNELS,
        "desks": {"genesys": True, "connect": False},
    }


@pytest.fixture(scope="module")
def said(inputs: Module) -> str:
    """Of everything wrong at once."""
    accounts = {
        key: {"id": f"{place}", "channel": "instagram"} | fields
        for place, (key, (fields, _)) in enumerate(ACCOUNTS.items())
    }
    return inputs.planned(given(accounts, **{name: wrong for name, wrong, _ in SETTINGS}))[1]


@pytest.mark.parametrize("sentence", SAID)
def test_what_is_wrong_is_told_by_its_name(said: str, sentence: str) -> None:
    assert sentence in said


@pytest.mark.parametrize(
    ("accounts", "sentence"),
    [
        ({}, "accounts is empty: name at least one account"),
        ([], "accounts is a map of accounts"),
        ("acme", "accounts is a map of accounts"),
        ([ACCOUNT], "accounts is a map of accounts"),
        ({"a": None}, "accounts.a is an object"),
        ({"a": "acme"}, "accounts.a is an object"),
        ({"a": []}, "accounts.a is an object"),
    ],
)
def test_what_are_no_accounts(inputs: Module, accounts: Any, sentence: str) -> None:
    assert sentence in inputs.planned(given(accounts))[1]


def test_an_object_that_is_none_is_told_and_what_it_takes(inputs: Module) -> None:
    said = inputs.planned(given({"a": ACCOUNT}, queue="Social", alarms=[], closing={"steps": "4"}))[1]
    assert "queue is an object: { alerting_timeout_s, create, name" in said
    assert "alarms is an object: { api_4xx, emails," in said
    assert "closing.steps is a list." in said


def test_what_is_right_comes_out_complete_and_of_its_types(inputs: Module) -> None:
    odd = {
        "channel": "instagram", "id": 17841400000000002, "login": "facebook", "page": 100000000000002,
        "notices": "false", "name": "Ümläut & {2} 👩🏽‍🚀", "language": None, "outage_text": "We are away …\nsoon back.",
        "former_integrations": ["b", "a"],
    }  # fmt: skip
    outputs, said = inputs.planned(
        given(
            {"plain": ACCOUNT, "odd": odd, "tt": {"channel": "tiktok", "id": "-000Ab1+/="}},
            queue={}, flow={"name": None}, edge={"memory_mb": "256", "reserved_concurrency": None},
            closing={"steps": [{"hours": 0.5, "priority": 1}], "emails": []},
            alarms={"emails": ["a.b+c@d-e.example.org"]},
        )
    )  # fmt: skip
    assert said == ""
    held = outputs["checked"]
    assert held["settings"] == {
        "queue": {}, "flow": {"name": None}, "edge": {"memory_mb": 256, "reserved_concurrency": None},
        "alarms": {"emails": ["a.b+c@d-e.example.org"]},
        "closing": {"steps": [{"hours": 0.5, "priority": 1}], "emails": []},
    }  # fmt: skip
    assert held["accounts"]["odd"] == held["accounts"]["plain"] | {
        "id": "17841400000000002", "login": "facebook", "page": "100000000000002", "notices": False,
        "name": "Ümläut & {2} 👩🏽‍🚀", "outage_text": "We are away …\nsoon back.", "former_integrations": ["b", "a"],
    }  # fmt: skip
    assert held["accounts"]["plain"]["language"] == "en"
    assert held["accounts"]["plain"]["reconcile"] is False


UNKNOWN = """
resource "terraform_data" "made" {
  input = "17841400000000009"
}
module "inputs" {
  source   = "MODULE"
  settings = { queue = { name = terraform_data.made.output } }
  accounts = { later = { channel = "instagram", id = terraform_data.made.output, name = terraform_data.made.output } }
  channels = { instagram = { id = { pattern = "^[0-9]+$", error = "" }, logins = [] } }
  desks    = { genesys = true }
}
resource "terraform_data" "account" {
  for_each = module.inputs.checked.accounts
  input    = each.value.channel
}
"""


def test_what_is_not_known_yet_leaves_the_rest_known(tmp_path: Path) -> None:
    """An account's id may come from another resource: it is looked at when it is there."""
    module = Module(tmp_path, "inputs", UNKNOWN)
    assert module.planned({}) == ({}, "")


AROUND = """
variable "cases" {
  type = any
}
module "secret" {
  source   = "MODULE"
  for_each = var.cases
  name     = each.key
  kind     = each.value.kind
  given    = each.value.given
}
"""
STRONG = "9b74c9897bac770ffc029102a200c5de"
WRONG: dict[str, tuple[str, Any, str]] = {
    "none": ("keys", [], "is a list of secrets"),
    "blank": ("keys", [""], "is a list of secrets"),
    "null": ("keys", [None], "is a list of secrets"),
    "bare": ("keys", STRONG, "is a list of secrets"),
    "object": ("keys", {"a": STRONG}, "is a list of secrets"),
    "spaced": ("keys", [f"{STRONG} "], "is a list of secrets"),
    "among": ("keys", [STRONG, "short"], "that anybody could guess"),
    "published": ("key", "…make-up-more-than-15-characters…", "placeholder of the example"),
    "dots": ("keys", ["..."], "placeholder of the example"),
    "angled": ("keys", ["<app-secret>"], "placeholder of the example"),
    "lone": ("key", "…", "placeholder of the example"),
    "short": ("key", "elevenchars", "that anybody could guess"),
    "form": ("key", "Change_Me-Change_Me", "that anybody could guess"),
    "makeup": ("key", "make-up-more-than-15-characters", "that anybody could guess"),
    "yours": ("keys", ["your-app-secret-here"], "that anybody could guess"),
    "command": ("key", "openssl rand -hex 32", "that anybody could guess"),
    "counted": ("key", "1234567890123456", "that anybody could guess"),
    "in_a_list": ("keys", [[STRONG]], "is a list of secrets"),
    "same": ("key", "aaaaaaaaaaaaaaaaaaaaaaaa", "that anybody could guess"),
    "three": ("key", "a-b-c-a-b-c-a-b-c-a-b-c", "that anybody could guess"),
    "empty": ("key", "", "is a text of one line and at least 16 characters"),
    "edges": ("key", f" {STRONG}", "is a text of one line"),
    "lines": ("key", f"{STRONG}\n", "is a text of one line"),
    "token": ("word", "", "is one word without spaces"),
    "tokens": ("word", ["a"], "is one word without spaces"),
    "token_dots": ("word", "…", "placeholder of the example"),
    "verify": ("words", ["a-word-that-you-make-up"], "placeholder of the example"),
    "former": ("lines", [""], "is a list of texts"),
    "former_dots": ("lines", ["…"], "placeholder of the example"),
}
RIGHT: dict[str, tuple[str, Any]] = {
    "keys": ("keys", [STRONG, "deployed-meta-app-secret"]),
    "key": ("key", "correct horse battery staple"),
    "word": ("word", "IGQVJ…".replace("…", "x")),
    "number": ("word", 7000000000000000001),
    "words": ("words", ["verify"]),
    "no_former": ("lines", []),
    "former": ("lines", ["password1"]),
    "absent": ("keys", None),
}


OBJECTS = """
variable "cases" {
  type = any
}
module "secret_object" {
  source   = "MODULE"
  for_each = var.cases
  name     = each.key
  fields   = { access_token = true, refresh_token = false }
  several  = startswith(each.key, "list")
  given    = each.value.given
}
"""
NO_OBJECTS: dict[str, Any] = {
    "misspelt": {"token": "a"},
    "more": {"access_token": "a", "refresh": "b"},
    "none": {},
    "empty": [],
    "text": "a",
    "list_none": [],
    "list_of_texts": ["a"],
    "list_of_one_that_lacks": [{"access_token": "a"}, {"refresh_token": "b"}],
    "in_a_list": [{"access_token": "a"}],
    "list_that_is_none": {"access_token": "a"},
}
SECRET_OBJECTS: dict[str, Any] = {
    "one": {"access_token": "a"},
    "both": {"access_token": "a", "refresh_token": "b"},
    "absent": None,
    "list": [{"access_token": "a"}, {"access_token": "a", "refresh_token": "b"}],
}


def test_a_secrets_object_has_its_fields_and_no_others(tmp_path: Path) -> None:
    module = Module(tmp_path, "secret_object", OBJECTS)
    cases = {name: {"given": value} for name, value in (NO_OBJECTS | SECRET_OBJECTS).items()}
    said = module.planned({"cases": cases})[1]
    assert set(re.findall(r"(\w+) is (?:an object of|a list of at least)", said)) == set(NO_OBJECTS)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of every secret at once."""
    module = Module(tmp_path_factory.mktemp("secret"), "secret", AROUND)
    wrong = {f"wrong.{name}": {"kind": kind, "given": value} for name, (kind, value, _) in WRONG.items()}
    right = {f"right.{name}": {"kind": kind, "given": value} for name, (kind, value) in RIGHT.items()}
    return module.planned({"cases": wrong | right})[1]


@pytest.mark.parametrize("name", WRONG)
def test_a_secret_that_cannot_be_one_is_told_by_its_name(judged: str, name: str) -> None:
    assert re.search(rf"wrong\.{name} (still holds a |holds a secret )?{re.escape(WRONG[name][2])}", judged)


def test_a_secret_that_can_be_one_passes_and_none_is_printed(judged: str) -> None:
    assert "right." not in judged
    assert not [value for value in (STRONG, "elevenchars", "Change_Me", "your-app-secret-here") if value in judged]


def test_what_anybody_guesses_is_what_the_edge_refuses() -> None:
    source = (ROOT / "modules/secret/variables.tf").read_text(encoding="utf-8")
    forms = re.search(r"  forms\s+= \[(.*?)\]", source)
    assert forms
    assert tuple(re.findall(r'"(\w+)"', forms[1])) == credentials._FORMS
    shortest = re.search(r"  shortest = (\d+)", source)
    assert shortest
    assert shortest[1] == str(credentials.SHORTEST)
    keys = {name: value for name, (kind, value, _) in WRONG.items() if kind == "key"}
    assert all(
        credentials.guessable(credentials.trimmed(value))
        for name, value in keys.items()
        if name not in {"edges", "lines"}
    )


@pytest.mark.parametrize("module", ["aws", "genesys"])
def test_the_table_knows_just_the_fields_of_the_modules_that_take_them(module: str) -> None:
    table, _, _ = (ROOT / "modules/inputs/fields.tf").read_text(encoding="utf-8").partition("  front_features = {")
    objects = dict(re.findall(r"^    (\w+) = \{\n(.*?)^    \}", table, re.DOTALL | re.MULTILINE))
    files = sorted((ROOT / "modules" / module).glob("variables*.tf"))
    taken = "\n".join(file.read_text(encoding="utf-8") for file in files)
    found = {
        block.partition('"')[0]: kind[1]
        for block in taken.split('\nvariable "')
        if (kind := re.search(r"^  type\s+= object\(\{(.*?)\}\)$", block, re.DOTALL | re.MULTILINE))
    }
    shared = set(objects) & set(found)
    genesys, others = {"queue", "flow"}, {"genesys_urls", "connect"}  # the others are read where they are
    assert shared == (genesys if module == "genesys" else set(objects) - genesys - others)
    for name in shared:
        fields = re.findall(r"^      (\w+) += ", objects[name], re.MULTILINE)
        assert set(fields) == set(re.findall(r"(?:^    |^ )(\w+)\s+= \w", found[name], re.MULTILINE)), name
