"""What Terraform says of the code is what the code says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from botocore.session import get_session
from chalice.app import ScheduledEventConfig, SQSEventConfig

from app import app
from chalicelib import settings
from chalicelib.aws import claimed, keys, letters, pauses
from chalicelib.aws.bucket import VERDICT
from chalicelib.channels.instagram import client as instagram
from chalicelib.desks.connect.contacts import START, STREAM
from chalicelib.edge.receive import LARGEST_BODY
from chalicelib.observability import NAMESPACE
from chalicelib.pipeline import batch, erasing
from chalicelib.pipeline.chores import deletions, tokens, upkeep
from chalicelib.protocols.webhook import Webhook
from chalicelib.registry import CHANNELS, DESKS, abouts, having, part
from chalicelib.rules import budgets, mime
from chalicelib.rules.catalogue import LANGUAGES
from chalicelib.rules.scanning import CLEAN
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.front import Front
from chalicelib.vocabulary.records import Account, Tried
from ops.channels.instagram.graph import FIELDS
from sandbox.simulators.connect.vendor import FILTER
from tests import terraform_here
from tests.counted import metrics

ROOT = Path(__file__).resolve().parents[2]
AWS = ROOT / "terraform" / "modules" / "aws"
OURS = (
    "media_days", "media_hosts", "profile_days", "queue_days", "log_days", "backup_days",
    "closing_steps", "supervisors_topic", "outage_minutes", "late_reply_minutes", "parked_return_hours",
    "scan", "scan_seconds", "scan_without_verdict", "scan_unscannable", "at_once",
)  # fmt: skip
SETTINGS = settings.variables()


def hcl(name: str) -> str:
    """A file of the AWS module."""
    return (AWS / name).read_text(encoding="utf-8")


def root(name: str) -> str:
    """A file of the root module."""
    return (ROOT / "terraform" / name).read_text(encoding="utf-8")


def account_table() -> str:
    """What an account may hold, field by field."""
    table = re.search(r"^  account = \{\n(.*?)^  \}", root("modules/inputs/fields.tf"), re.DOTALL | re.MULTILINE)
    assert table
    return table[1]


def entries(kind: str) -> dict[str, str]:
    """What stands in the map of channels or of desks, by their names."""
    listed = re.search(rf"^  {kind} = \{{\n(.*?)^  \}}", root("channels.tf"), re.DOTALL | re.MULTILINE)
    assert listed
    return dict(re.findall(r"^    (\w+) = \{\n(.*?)^    \}", listed[1], re.DOTALL | re.MULTILINE))


def of(entry: str, name: str) -> str:
    """The value of an entry's attribute, as it is written; empty if the entry has none of that name."""
    written = re.search(rf'^      {name}\s+= (\{{.*?\}}|\[.*?\]|"[^"]*")', entry, re.DOTALL | re.MULTILINE)
    return written[1] if written else ""


def vendors() -> dict[str, str]:
    """The channels' settings in the functions' environment, with the values that they have by default."""
    written = "".join(of(entry, "addresses") + of(entry, "versions") for entry in entries("channels").values())
    return dict(re.findall(r'(\w+)\s+= "([^"]+)"', written))


def environment() -> set[str]:
    """The functions' variables but for their role: those by name, and what follows from the channels and the desks."""
    channels, desks = entries("channels"), entries("desks").values()
    secrets = {
        *channels, "media",
        *re.findall(r'"([^"]+)"', "".join(of(desk, "webhook_secrets") + of(desk, "client_secrets") for desk in desks)),
    }  # fmt: skip
    settings = re.findall(r"(\w+)\s+= ", "".join(of(desk, "settings") for desk in desks))
    settings += re.findall(
        r"(\w+)\s+= ", "".join(re.findall(r"^ +settings = \{(.*)\}$", root("channels.tf"), re.MULTILINE))
    )
    names = {f"{secret.replace('-', '_')}_secret" for secret in secrets} | set(settings) | set(vendors())
    return set(re.findall(r"^\s+(DMDESK_[A-Z_]+)\s+=", hcl("functions.tf"), re.MULTILINE)) | {
        f"DMDESK_{name.upper()}" for name in names
    }


def served() -> dict[str, set[str]]:
    """The routes that API Gateway serves, each with its verbs."""
    listed = re.search(r"served = merge\(\n    \{\n(.*?)\n    \},", hcl("api.tf"), re.DOTALL)
    assert listed
    made = {
        route: set(re.findall(r"(\w+) = ", verbs))
        for route, verbs in re.findall(r'"(/[^"]+)"\s+= \{(.*?)\}', listed[1])
    }
    assert "for route in local.desk_routes : route => { POST =" in hcl("api.tf")
    desks = {of(desk, "webhook").split("#")[0].strip(' "') for desk in entries("desks").values()}
    return made | {route: {"POST"} for route in desks - {""}}


def test_the_api_has_the_routes_of_the_app() -> None:
    assert set(served()) == set(app.routes)
    for route, verbs in served().items():
        assert verbs <= set(app.routes[route]), route
    assert all(1 <= len(route.strip("/").split("/")) <= 3 for route in app.routes), "api.tf builds three levels"


def test_each_queue_handler_of_the_app_is_a_function_with_a_queue() -> None:
    handlers = {source.name for source in app.event_sources if isinstance(source, SQSEventConfig)}
    mapped = re.search(r"workers\s+= \{ (.*?) \}", hcl("functions.tf"))
    assert mapped
    assert set(re.findall(r"(\w+) =", mapped[1])) == handlers


def test_every_handler_of_the_app_is_a_function_and_there_is_no_other() -> None:
    made = re.findall(r'^\s+(\w+)\s+= \{ handler = "app\.(\w+)"', hcl("functions.tf"), re.MULTILINE)
    edges = dict.fromkeys(("edge", "desk_edge"), "app")
    by_queue_or_clock = {source.name: source.name for source in app.event_sources}
    called = {function.name: function.name for function in app.pure_lambda_functions}
    assert dict(made) == edges | by_queue_or_clock | called


def test_the_filter_is_the_one_that_the_sandbox_tries() -> None:
    """Which plays the ends, echoes, typing and files that have to pass it, or not to."""
    source = (ROOT / "terraform/modules/connect/main.tf").read_text(encoding="utf-8")
    written = re.search(r"^  filter = (\{\n.*?^  \})", source, re.DOTALL | re.MULTILINE)
    assert written
    told = re.sub(r'"?([$\w-]+)"? = ', r'"\1": ', written[1])
    assert json.loads(re.sub(r",(\s*[\]}])", r"\1", re.sub(r"\]\n", "],\n", told))) == FILTER


def test_a_contact_is_begun_by_the_calls_that_the_role_allows() -> None:
    """Whatever else is called is called as a participant, by a token, and needs no right."""
    listed = re.findall(r'actions\s+= \["connect:(\w+)"\]', (ROOT / "terraform/modules/connect/outputs.tf").read_text())
    model = get_session().get_service_model("connect")
    paths = {model.operation_model(name).http["requestUri"]: name for name in model.operation_names}
    assert sorted(listed) == sorted(paths[path] for path in (START, STREAM))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "chalicelib/desks/connect").glob("*.py"))
    assert re.findall(r"\.instance\(\"\w+\", (\w+)", code) == ["START", "START", "STREAM"]


@pytest.mark.parametrize("name", ["inbound", "disconnect", "waiting"])
def test_a_flow_leads_to_its_own_actions_and_says_nothing(name: str) -> None:
    text = (ROOT / f"terraform/modules/connect/flows/{name}.json").read_text(encoding="utf-8")
    flow = json.loads(text)
    actions = {action["Identifier"]: action for action in flow["Actions"]}
    led = {flow["StartAction"], *re.findall(r'"NextAction": "(\w+)"', text)}
    assert led == set(actions)
    assert flow["Version"] == "2019-10-30"
    assert not {action["Type"] for action in actions.values()} & {"MessageParticipant", "MessageParticipantIteratively"}
    # one hook each: API reference, UpdateContactEventHooks
    assert all(len(action["Parameters"].get("EventHooks", {1: 1})) == 1 for action in actions.values())


def test_what_the_app_schedules_terraform_schedules_as_often() -> None:
    (scheduled,) = [source for source in app.event_sources if isinstance(source, ScheduledEventConfig)]
    assert scheduled.name == "upkeep"
    assert scheduled.schedule_expression == f"rate({upkeep.STARTS_S / 60:.0f} minutes)"
    assert f'upkeep_every = "{scheduled.schedule_expression}"' in hcl("upkeep.tf")


def test_each_function_gets_every_setting() -> None:
    assert environment() | terraform_here.OWN == {f"DMDESK_{name.upper()}" for name in SETTINGS}


def test_an_agent_may_attach_what_the_code_lets_pass() -> None:
    listed = re.search(r"attachable = \[(.*?)\]", root("modules/genesys/main.tf"), re.DOTALL)
    assert listed
    assert re.findall(r'"([^"]+)"', listed[1]) == [*mime.EXTENSIONS, *mime.DOCUMENTS]


def test_the_vendors_real_addresses_are_the_codes_defaults() -> None:
    of_channels = {name: default for about in abouts(CHANNELS).values() for name, default in about.settings.items()}
    assert vendors() == {name: default for name, default in of_channels.items() if default is not None}


def test_what_a_desk_has_by_default_terraform_leaves_to_it() -> None:
    table = re.search(r"^    connect = \{\n(.*?)^    \}", root("modules/inputs/fields.tf"), re.DOTALL | re.MULTILINE)
    assert table
    assert "default" not in table[1]
    read = dict(re.findall(r"connect_(\w+)\s+= try\(.*?var\.connect\.(\w+)\)*, null\)", root("channels.tf")))
    assert all(setting == field for setting, field in read.items())
    own = {name.removeprefix("connect_") for name in abouts(DESKS)["connect"].settings}
    assert own == set(read) | {"flow", "topic"}, "these two are made"
    assert own <= set(re.findall(r"^      (\w+) +=", table[1], re.MULTILINE))


@pytest.mark.parametrize("name", ["media_days", "outage_minutes", "late_reply_minutes", "parked_return_hours"])
def test_a_number_that_nobody_sets_is_the_codes_default(name: str) -> None:
    for variables in (hcl("variables.tf"), root("variables.tf")):
        block = re.search(rf'variable "{name}" \{{.*?default\s+= (\d+)', variables, re.DOTALL)
        assert block
        assert int(block[1]) == SETTINGS[name]


def test_a_worker_is_at_as_many_conversations_as_the_codes_default() -> None:
    block = re.search(r'variable "workers" \{.*?at_once\s+= optional\(number, (\d+)\)', hcl("variables.tf"), re.DOTALL)
    assert block
    assert int(block[1]) == SETTINGS["at_once"]


@pytest.mark.parametrize("name", ["scan", "scan_seconds", "scan_without_verdict", "scan_unscannable"])
def test_who_sets_nothing_of_the_scanner_has_the_codes_defaults(name: str) -> None:
    for variables in (hcl("scanning.tf"), root("variables_scanning.tf")):
        block = re.search(rf'variable "{name}" \{{.*?default\s+= "?(\w+)"?\n', variables, re.DOTALL)
        assert block
        assert block[1] == str(SETTINGS[name])


def test_the_scanners_tag_and_verdicts_are_those_that_the_code_reads() -> None:
    source = hcl("scanning.tf")
    assert f'verdict_tag = "{VERDICT}"' in source
    assert re.search(rf'let_through = concat\(\["{CLEAN}"\]', source)


def test_the_steps_as_a_window_closes_are_the_codes() -> None:
    block = re.search(r'variable "closing" \{.*?steps = optional\((.*?)\]\)', hcl("variables.tf"), re.DOTALL)
    assert block
    given = re.findall(r"hours = (\d+), priority = (\d+)", block[1])
    assert ",".join(f"{hours}:{priority}" for hours, priority in given) == SETTINGS["closing_steps"]


def test_an_account_has_every_field_that_the_code_reads_with_its_default() -> None:
    written = re.findall(r'^    (\w+) += .*?default = ("[^"]*"|\w+|\[\])', account_table(), re.MULTILINE)
    optional = {name: json.loads(default) for name, default in written}
    assert optional.pop("former_integrations") == []  # a set here, a tuple there
    abouts_of_all = [*abouts(CHANNELS).values(), *abouts(DESKS).values()]
    parts: list[type[msgspec.Struct]] = [Account, *(about.options for about in abouts_of_all)]
    fields = {
        field.name: field.default
        for part in parts
        for field in msgspec.structs.fields(part)
        if not field.required and field.name not in {"options", "former_integrations"}
    }
    # these two have their defaults in the maps
    logins = re.findall(r'name = "(\w+)"', "".join(of(entry, "logins") for entry in entries("channels").values()))
    assert (optional.pop("login"), logins[0]) == ("", fields.pop("login"))
    assert (optional.pop("desk"), fields.pop("desk")) == ("", "")
    assert (optional.pop("front"), fields.pop("front")) == (None, Front())  # what is off is absent
    assert optional == fields


def test_an_accounts_front_is_the_same_on_both_sides() -> None:
    table = re.search(r"^  front_features = \{\n(.*?)^  \}", root("modules/inputs/fields.tf"), re.DOTALL | re.MULTILINE)
    assert table
    told = {
        name: set(re.findall(r"^      (\w+) += ", body, re.MULTILINE))
        for name, body in re.findall(r"^    (\w+) = \{\n(.*?)^    \}", table[1], re.DOTALL | re.MULTILINE)
    }
    read = {}
    for field in msgspec.structs.fields(Front):
        (feature,) = (one for one in get_args(field.type) if one is not type(None))
        read[field.name] = {part.encode_name for part in msgspec.structs.fields(feature)}
    assert told == read


def test_terraform_knows_which_channels_give_conversations_to_one_of_several_apps() -> None:
    told = {name for name, entry in entries("channels").items() if re.search(r"^      routes += true", entry, re.M)}
    assert told == {name for name, about in abouts(CHANNELS).items() if about.routes}
    assert told == set(having(CHANNELS, "routing"))


def test_terraform_knows_each_language() -> None:
    listed = re.search(r"^    language += .*among = \[(.*?)\]", account_table(), re.MULTILINE)
    assert listed
    assert set(re.findall(r'"(\w+)"', listed[1])) == set(LANGUAGES)


def test_a_worker_ends_before_its_claim_and_has_time_to_begin() -> None:
    limits = re.search(r"var\.workers\.timeout_s >= (\d+) && var\.workers\.timeout_s <= (\d+)", hcl("variables.tf"))
    assert limits
    least, most = map(int, limits.groups())
    assert least > batch.NEEDED_S
    assert f"only with {batch.NEEDED_S:.0f} seconds left, and its claim on it lasts {claims.LEASE_S:.0f}." in hcl(
        "variables.tf"
    )
    assert most < min(claims.LEASE_S, tokens.LEASE_S, upkeep.LEASE_S)
    assert upkeep.LEASE_S + most < upkeep.STARTS_S


def test_the_upkeep_has_time_for_an_erasure_that_it_begins() -> None:
    upkeep = re.search(r"upkeep = \{.*timeout_s = (\d+)", hcl("functions.tf"))
    assert upkeep
    longest = erasing.SETTLE_S + claims.LEASE_S + 2 * letters.LONGEST_S
    assert int(upkeep[1]) - deletions.BEGIN_S > longest
    assert longest < erasing.HELD_S


def _waiting(age_s: float, looks: int) -> float:
    return budgets.waits_s(looks)


def _failing(age_s: float, looks: int) -> float:
    return budgets.backoff_s(Tried(count=looks, first_s=0.0), age_s, looks, throttled=False)


def _throttled(age_s: float, looks: int) -> float:
    return budgets.backoff_s(Tried(count=looks, first_s=0.0), age_s, looks, throttled=True, asked_s=1.0)


def test_the_table_has_the_keys_and_the_indexes_that_the_code_reads() -> None:
    made = hcl("storage.tf").partition('"aws_dynamodb_table"')[2].partition("\nresource ")[0]
    attributes = re.findall(r'attribute \{\s+name = "(\w+)"\s+type = "(\w)"', made)
    assert attributes == [(one["AttributeName"], one["AttributeType"]) for one in keys.SCHEMA["AttributeDefinitions"]]
    wanted = keys.SCHEMA["GlobalSecondaryIndexes"]
    found = re.findall(r'hash_key\s+= "(\w+)"\s+range_key\s+= "(\w+)"', made)
    assert found == [tuple(key["AttributeName"] for key in one["KeySchema"]) for one in (keys.SCHEMA, *wanted)]
    names = re.findall(r'global_secondary_index \{\s+name\s+= "(\w+)"', made)
    assert names == [one["IndexName"] for one in wanted]
    projected = re.findall(r'projection_type = "(\w+)"', made)
    assert projected == [one["Projection"]["ProjectionType"] for one in wanted]


def test_a_claim_is_remembered_as_long_as_its_event_may_come_back() -> None:
    """14 days in the queue, and 14 more as a dead letter: what was done before must not be done again on a replay."""
    variables = hcl("variables.tf")
    days = dict(re.findall(r"(\w+)_days\s+= optional\(number, (\d+)\)", variables))
    assert int(days["queue"]) + int(days["dead_letter"]) == SETTINGS["queue_days"] == 28
    assert claimed.REMEMBERED_S > 28 * 86_400
    # the most that may be set
    assert re.search(r"dead_letter_days >= 1 && var\.retention\.dead_letter_days <= 14$", variables, re.MULTILINE)
    queue = re.search(r"queue_days >= (\d+) && var\.retention\.queue_days <= 14$", variables, re.MULTILINE)
    assert queue
    assert int(queue[1]) * 86_400 > pauses.LONGEST_S
    assert int(days["backup"]) == SETTINGS["backup_days"]


@pytest.mark.parametrize("rests", [_waiting, _failing, _throttled], ids=["waits", "fails", "is throttled"])
def test_half_a_day_of_trouble_does_not_reach_the_queues_own_redrive(rests: Callable[[float, int], float]) -> None:
    most = re.search(r"maxReceiveCount = (\d+)", hcl("queues.tf"))
    assert most
    age_s, looks = 0.0, 0
    while age_s < 12 * 3600:
        looks += 1
        age_s += rests(age_s, looks)
    assert looks < int(most[1])


def alarmed() -> set[str]:
    """The metrics of the bridge's own that an alarm watches, but for what Terraform counts itself."""
    counted = re.search(r"  counted = \{\n(.*?)\n  \}\n", hcl("traffic.tf"), re.DOTALL)
    hourly = re.search(r"  hourly = \{\n(.*?)\n  \}\n", hcl("upkeep.tf"), re.DOTALL)
    assert counted
    assert hourly
    single = re.findall(r'metrics\.namespace\s+metric_name\s+= "(\w+)"', hcl("traffic.tf") + hcl("upkeep.tf"))
    return {*re.findall(r"^    (\w+) = \{", f"{counted[1]}\n{hourly[1]}", re.MULTILINE), *single}


def test_every_metric_that_is_watched_is_counted_somewhere() -> None:
    shown = set(re.findall(r'\["dmdesk", "(\w+)"', hcl("dashboard.tf"))) - {"throttled", "replies_throttled"}
    for listed in re.findall(r"for name in (?:concat\()?\[([^\]]+)\].* :\s+\[\"dmdesk\", name", hcl("dashboard.tf")):
        shown |= set(re.findall(r'"(\w+)"', listed))
    assert {"received", "rejected", "notice", "not_stored", "latency_ms"} <= shown | alarmed()
    assert alarmed() == {
        "received", "latency_ms", "rejected", "refused", "unconfirmed", "receipt_lost", "sent_again", "media_failed",
        "parked", "guard_held", "failed", "misconfigured", "account_unreadable", "account_stopped", "problem_unlisted",
        "token_days_left", "token_not_renewed", "parked_oldest_days", "paused_hours", "proof_gaps", "desk_away_minutes",
    }  # fmt: skip
    assert alarmed() | shown <= set(metrics())
    assert f'namespace  = "{NAMESPACE}"' in hcl("main.tf")


def test_what_the_dashboard_splits_by_a_label_is_counted_with_just_these_labels() -> None:
    split = re.search(r"for metric, label in \{ (.*?) \}", hcl("dashboard.tf"))
    assert split
    for metric, label in re.findall(r'(\w+) = "(\w+)"', split[1]):
        assert metrics()[metric], metric
        assert all(labels == {"channel", label} for labels in metrics()[metric]), metric


@pytest.mark.parametrize(("metric", "label"), [("received", "source"), ("latency_ms", "direction")])
def test_what_is_watched_by_a_label_is_counted_with_just_that_label(metric: str, label: str) -> None:
    """CloudWatch knows a metric by all its dimensions: with one more, the alarm would watch nothing, in silence."""
    assert re.search(rf'metric_name\s+= "{metric}"\s+dimensions\s+= merge\(.*?, \{{ {label} = ', hcl("traffic.tf"))
    assert metrics()[metric]
    assert all(labels == {label} for labels in metrics()[metric])


def test_terraform_knows_each_channel() -> None:
    assert set(entries("channels")) == set(CHANNELS)


def test_terraform_knows_each_desk_and_which_is_the_first() -> None:
    assert set(entries("desks")) == set(DESKS)
    assert f'  first_desk = "{next(iter(DESKS))}"\n' in root("channels.tf")


@pytest.mark.parametrize(("kind", "packages"), [("channels", CHANNELS), ("desks", DESKS)])
def test_a_web_acl_knows_the_header_that_each_signs_in(kind: str, packages: dict[str, str]) -> None:
    """Else it would refuse real deliveries as unsigned ones."""
    feeds = {name: part(package, "webhook", "WEBHOOK") for name, package in packages.items()}
    signed = {name: feed.signature_header for name, feed in feeds.items() if isinstance(feed, Webhook)}
    written = {name: of(entry, "signature_header").strip('"').lower() for name, entry in entries(kind).items()}
    assert written == {name: signed.get(name, "") for name in packages}
    assert all(header == header.lower() for header in signed.values())


def test_a_web_acl_lets_pass_what_the_edge_takes() -> None:
    longest = re.search(r'too_long = "(.*)"', hcl("waf.tf"))
    assert longest
    assert not re.search(longest[1], str(LARGEST_BODY))
    assert re.search(longest[1], "5000000")


def test_what_is_ticked_in_metas_dashboard_is_what_the_command_line_subscribes() -> None:
    pasted = re.search(r'"Meta: app dashboard > Webhooks > fields"\s+= "([^"]+)"', root("channels.tf"))
    assert pasted
    assert tuple(pasted[1].split(", ")) == FIELDS


def test_the_operators_environment_is_all_that_the_command_line_reads() -> None:
    commands = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "ops").rglob("*.py"))
    given = environment() | terraform_here.OWN | set(re.findall(r"(DMDESK_[A-Z_]+) +=", root("outputs.tf")))
    # the app's id lies in TikTok's secret; the variable is for an app whose secret lacks it
    read = set(re.findall(r'envvar="(\w+)"', commands)) - {"DMDESK_TIKTOK_APP_ID"}
    assert given == read | {f"DMDESK_{name.upper()}" for name in SETTINGS}


def test_a_vpcs_way_out_is_told_for_each_service_and_host_that_the_functions_call() -> None:
    paper = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    told = paper.split("### In a VPC", 1)[1].split("\n### ", 1)[0]
    endpoints = "".join(line for line in told.splitlines() if "endpoints" in line)
    services = {"dynamodb": "DynamoDB", "s3": "S3", "secretsmanager": "Secrets Manager", "sns": "SNS", "sqs": "SQS"}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "chalicelib").rglob("*.py"))
    assert set(re.findall(r'calls\.client\("(\w+)"', code)) == set(services)
    assert all(name in endpoints for name in services.values())
    assert all(f"*.{host}`" in told for host in instagram.HOSTS)
    assert all(address.removeprefix("https://") in told for address in vendors().values() if "//" in address)
