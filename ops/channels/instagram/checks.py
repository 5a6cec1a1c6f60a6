"""doctor's checks of Instagram: Graph's version, and of each account its token, its login, its ids and its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.channels.instagram.about import options
from chalicelib.vocabulary.front import Routing
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.instagram import graph
from ops.findings import Check, Checks, Status, check, made, subject
from ops.tokens import DAY_S, token

# to be renewed in time
TOKEN_S = 60 * DAY_S


def run(bridge: Bridge, accounts: Sequence[Account]) -> Checks:
    """Every check."""
    yield from made("graph version", bridge.settings.vendors["graph_version"], _version, bridge)
    for account in accounts:
        # time does not end a Page's token
        life_s = None if options(account).login == "facebook" else TOKEN_S
        yield from made("token", subject(account), token, bridge, account, life_s, graph.RENEW)
        yield from made("ids", subject(account), _ids, bridge, account)
        yield from made("webhook fields", subject(account), _fields, bridge, account)
        if account.front.routing is not None:
            yield from made("routing", subject(account), _routing, bridge, account, account.front.routing)


def _version(bridge: Bridge) -> Checks:
    version = bridge.settings.vendors["graph_version"]
    status, detail = graph.version_of(version, bridge.clock())
    yield check("graph version", version, status, detail, graph.VERSION_SETTING)


def _ids(bridge: Bridge, account: Account) -> Checks:
    found = graph.identity(bridge, account)
    yield _version_answered(bridge, account, found.version)
    told = f"/me answers {', '.join(found.shape) or 'nothing'}"
    if not found.user_id:
        yield check("login", subject(account), "warn", f"{told}, and not what a login by {options(account).login} does",
                    graph.UNIFIED if options(account).login == "instagram" else f"link the Page; else {graph.UNIFIED}",
                    )  # fmt: skip
        return
    yield check("login", subject(account), "ok", f"by {options(account).login}: {told}")
    if found.user_id == account.id and options(account).page in {"", found.page}:
        yield check("ids", subject(account), "ok", "the token is this account's, and webhooks carry this id")
    elif account.id == found.id:
        yield check("ids", subject(account), "fail", "is the app-scoped id; webhooks carry user_id and find no account",
                    f"set the account's id to {found.user_id} and run terraform apply")  # fmt: skip
    else:
        other = found.user_id + (f", Page {found.page}" if found.page else "")
        yield check("ids", subject(account), "fail", f"its token belongs to {other}",
                    "put this account's token into its secret, or correct id and page")  # fmt: skip


def _version_answered(bridge: Bridge, account: Account, version: str) -> Check:
    """Meta answers a version that is over as its oldest one, and says so in a header only."""
    asked = bridge.settings.vendors["graph_version"]
    if version in {"", asked}:
        return check("graph answers", subject(account), "ok", f"as {asked}" if version else "without its version")
    return check("graph answers", subject(account), "warn", f"asked for {asked}, answered as {version}",
                 graph.VERSION_SETTING)  # fmt: skip


def _fields(bridge: Bridge, account: Account) -> Checks:
    held = graph.subscribed(bridge, account)
    missing = set(graph.fields(account)) - held
    if not missing:
        yield check("webhook fields", subject(account), "ok", "every field is delivered")
    else:
        # without `messages` nothing arrives at all
        status: Status = "fail" if "messages" in missing else "warn"
        yield check("webhook fields", subject(account), status, f"not delivered: {', '.join(sorted(missing))}",
                    "dmdesk subscribe, and tick them for the instagram object in the App Dashboard")  # fmt: skip
    yield _comment_fields(account, held)


def _routing(bridge: Bridge, account: Account, routing: Routing) -> Checks:
    """Whether other apps can be heard, whose app this is, and which calls work as the account is set now."""
    missing = graph.ROUTING_FIELDS - graph.subscribed(bridge, account)
    if options(account).login != "facebook":
        yield check("routing", subject(account), "warn", "read, and nothing more: Meta lets nobody take, pass or keep "
                    "conversations by Instagram Login", "connect the account by its Page (Facebook Login)")  # fmt: skip
        return
    app, features = graph.app(bridge, account), graph.features(bridge, account)
    if app != routing.app:
        yield check("routing app", subject(account), "fail", f"the token is of the app {app or '?'}",
                    f'set front.routing.app to "{app}" and run terraform apply')  # fmt: skip
    else:
        yield check("routing app", subject(account), "ok", f"{app} is the token's")
    if "standby" in missing:
        yield check("routing fields", subject(account), "fail", "standby is not delivered: what customers say to other "
                    "apps is not heard", "dmdesk subscribe, and tick standby and messaging_handover for the instagram "
                    "object in the App Dashboard")  # fmt: skip
    yield _routed(account, routing, features)


def _routed(account: Account, routing: Routing, features: Mapping[str, str]) -> Check:
    """By `messaging_feature_status`, whose values nobody documents."""
    told = ", ".join(f"{name} {value}" for name, value in sorted(features.items())) or "nothing"
    word = features.get("hop_v2", "").lower()
    if word in graph.ON:
        detail = f"Meta's routing is on ({told}): take, pass, release and extend work, request does not"
        return check("routing", subject(account), "ok", detail)
    if word in graph.OFF:
        detail = f"Meta's routing is off ({told}): request, pass, release and extend work, take does not"
        if routing.primary:
            fix = "front.routing.primary is true, and no default app is set: Page settings > Advanced messaging"
            return check("routing", subject(account), "warn", detail, fix)
        return check("routing", subject(account), "ok", detail)
    return check("routing", subject(account), "warn", f"Meta tells {told}: whether its routing is on cannot be told; "
                 "replies try take, then request", "look at Page settings > Advanced messaging")  # fmt: skip


def _comment_fields(account: Account, held: set[str]) -> Check:
    """Nobody has to want comments; half of them is worth a look."""
    known = set(graph.comment_fields(account))
    if not known:
        return check("comments", subject(account), "ok", "as ticked in the App Dashboard", graph.DASHBOARD)
    if not known & held:
        return check("comments", subject(account), "ok", "not subscribed", "dmdesk subscribe --comments")
    if known <= held:
        return check("comments", subject(account), "ok", "every field is delivered")
    lacking = ", ".join(sorted(known - held))
    return check("comments", subject(account), "warn", f"not delivered: {lacking}", "dmdesk subscribe --comments")
