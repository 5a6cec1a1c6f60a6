"""What an account may have in front of its desk: before an agent is asked. What is absent is off, and costs nothing.

Each feature is a struct of its own and a field of `Front`. Terraform checks the same by
terraform/modules/inputs/fields.tf, whose names these are.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

# The section of the events by which the inbound worker asks the other for a thank-you.
THANKS = "thanks"
# Hours of a day, "22:00-08:00"; "" for none.
QUIET = r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?\Z"


class Guards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Guards against bots that answer each other, and against spam.

    `loops` is how far the loop guard goes: nothing, the message is marked for the agent, it is held, or parked where
    holding did not end it. `hold_minutes` is how long anything is held before it goes on by itself. `rules` has the
    spam rules of the table looked at (`dmdesk rules`).
    """

    loops: Literal["off", "mark", "hold", "park"] = "park"
    hold_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 60
    rules: bool = True


Words = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]


class Thanks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thank-you that nobody has to write: for a story that mentions the brand, and to who comments.

    `stories` and `comments` tell for what. `story_texts` and `comment_texts` are its words by language, where `{name}`
    is the customer's; the bridge's own where there are none in the account's. `opens` is whether a mention opens a
    conversation at the desk, or is only shown in one that is open. At most `most_a_day` go out in a day, and none in
    the hours of `quiet`, like "22:00-08:00" ("": none), both by the clock of `zone`, a name of the time zone database.
    """

    stories: bool = True
    comments: bool = False
    story_texts: dict[str, Words] = {}
    comment_texts: dict[str, Words] = {}
    opens: bool = True
    most_a_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    quiet: Annotated[str, msgspec.Meta(pattern=QUIET)] = ""
    zone: str = "UTC"


Origin = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]\S*\Z", max_length=2048)]
Secret = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9/_+=.@:-]+\Z", max_length=2048)]


class Crm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the company's CRM knows of a customer, asked at `url`, an https:// endpoint of theirs. `secret` names the
    secret with the keys that the call is signed with; what was told holds for `cache_minutes`.
    """

    url: Origin
    secret: Secret
    cache_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 15


Urgency = Literal["low", "normal", "high"]
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
Intent = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
Meaning = Annotated[str, msgspec.Meta(max_length=200)]
Priority = Annotated[int, msgspec.Meta(ge=0, le=25_000_000)]


class Triage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a message is about, judged by a model of Amazon Bedrock, or by an endpoint of the company's own.

    `intents` are the names that the account has for what its customers want, with what each means to who judges.
    `model` is the id or ARN of a model or an inference profile, in `region` ("": the function's own); `mode` is how an
    answer of that model is given its shape. In its place, `url` and `secret` are as for `Crm`. `redact` takes numbers
    and addresses out of a text before it leaves; `priorities` are those of the urgencies that have one.
    """

    intents: Annotated[dict[Intent, Meaning], msgspec.Meta(min_length=1, max_length=50)]
    model: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9:/._-]*\Z", max_length=2048)] = ""
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]*\Z", max_length=40)] = ""
    mode: Literal["tool", "schema", "text"] = "tool"
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^/\s]\S*)?\Z", max_length=2048)] = ""
    secret: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9/_+=.@:-]*\Z", max_length=2048)] = ""
    redact: bool = True
    priorities: dict[Urgency, Priority] = {}

    def __post_init__(self) -> None:
        """Raises ValueError where nobody, or more than one, is to judge."""
        if bool(self.model) == bool(self.url):
            raise ValueError("triage takes either a model or a url")
        if bool(self.url) != bool(self.secret):
            raise ValueError("triage takes url and secret together")


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
Hours = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]
Host = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*\Z", max_length=253)]


class Bot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers before an agent does: a model of Amazon Bedrock, or an endpoint of the company's own.

    `model`, `region`, `mode`, `url` and `secret` are as for `Triage`. `instructions` and `knowledge` are what a model
    is told, `links` the hosts that an answer may lead to. An answer is waited for `seconds` long. People take over
    after `turns` answers, where the bot is surer of its answer than `confidence` in no more than that many cases of a
    hundred, where the customer is `upset`, and outside of `hours` (UTC; none named: at any time). `discloses` says that
    a bot answers, where it begins to, and after a day of silence. Once a talk with people is over, the bot begins
    `again`.
    """

    model: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9:/._-]*\Z", max_length=2048)] = ""
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]*\Z", max_length=40)] = ""
    mode: Literal["tool", "schema", "text"] = "tool"
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^/\s]\S*)?\Z", max_length=2048)] = ""
    secret: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9/_+=.@:-]*\Z", max_length=2048)] = ""
    instructions: Annotated[str, msgspec.Meta(max_length=4_000)] = ""
    knowledge: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    links: Annotated[tuple[Host, ...], msgspec.Meta(max_length=50)] = ()
    seconds: Annotated[int, msgspec.Meta(ge=1, le=15)] = 8
    turns: Annotated[int, msgspec.Meta(ge=1, le=50)] = 10
    confidence: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50
    upset: bool = True
    hours: dict[Day, Hours] = {}
    discloses: bool = True
    again: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError where nobody, or more than one, is to answer."""
        if bool(self.model) == bool(self.url):
            raise ValueError("bot takes either a model or a url")
        if bool(self.url) != bool(self.secret):
            raise ValueError("bot takes url and secret together")


AppId = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,31}\Z")]
AnyApp = Annotated[str, msgspec.Meta(pattern=r"^([1-9][0-9]{0,31})?\Z")]


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The platform gives each conversation to one of the apps that the account is connected to.

    `app` is the id of the one by which we are, `primary` tells whether it is the account's default app. Where another
    app has a conversation, an agent's reply `takes` it, or is refused. After the desk's conversation has ended, ours is
    kept, released, or passed to the app `pass_to` ("": the default one). While it goes on, control is prolonged to so
    many hours (`extend_hours`) after the customer's newest message, 0: never.
    """

    app: AppId
    primary: bool = False
    takes: bool = True
    after_end: Literal["keep", "release", "pass"] = "release"
    pass_to: AnyApp = ""
    extend_hours: Annotated[int, msgspec.Meta(ge=0, le=168)] = 168

    def __post_init__(self) -> None:
        """Raises ValueError where an app is named that nothing is passed to."""
        if self.pass_to and self.after_end != "pass":
            raise ValueError('routing takes pass_to with after_end "pass"')


class Front(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in front of an account's desk; None of each is off."""

    guards: Guards | None = None
    thanks: Thanks | None = None
    crm: Crm | None = None
    triage: Triage | None = None
    bot: Bot | None = None
    routing: Routing | None = None


NOTHING = Front()
"""Nothing is in front of the desk."""
