"""How kinds, numbers, sizes, spans and moments are said in each language.

Facts come raw: a kind of the vocabulary, a number of bytes, of seconds, of milliseconds since 1970. Whatever is none is
said as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from chalicelib.wire import LATEST_MS

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """One language. Whole numbers of `grouped` digits and more are written in groups of three; `units` have one and
    several; `days` are short, from Monday; `date` is filled with day, month and year."""

    decimal: str
    group: str
    grouped: int
    kinds: dict[str, str]
    units: dict[str, tuple[str, str]]
    months: tuple[str, ...]
    days: tuple[str, ...]
    date: str


ENGLISH = Speech(
    decimal=".",
    group=",",
    grouped=4,
    kinds={
        "image": "image", "video": "video", "audio": "audio", "file": "file",
        "template": "template", "link": "link", "media": "media", "attachment": "attachment",
    },
    units={
        "byte": ("byte", "bytes"), "second": ("second", "seconds"), "minute": ("minute", "minutes"),
        "hour": ("hour", "hours"), "day": ("day", "days"),
    },
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    date="{day} {month} {year}",
)  # fmt: skip
# As CLDR has it: a number of four digits stands together. unicode.org/cldr/charts, "es", minimumGroupingDigits
SPANISH = Speech(
    decimal=",",
    group=".",
    grouped=5,
    kinds={
        "image": "imagen", "video": "vídeo", "audio": "audio", "file": "archivo",
        "template": "plantilla", "link": "enlace", "media": "contenido", "attachment": "adjunto",
    },
    units={
        "byte": ("byte", "bytes"), "second": ("segundo", "segundos"), "minute": ("minuto", "minutos"),
        "hour": ("hora", "horas"), "day": ("día", "días"),
    },
    months=(
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
        "diciembre",
    ),
    days=("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
    date="{day} de {month} de {year}",
)  # fmt: skip
SPEECHES = {"en": ENGLISH, "es": SPANISH}


def kind(speech: Speech, fact: str) -> str:
    """A kind of file or attachment."""
    return speech.kinds.get(fact, fact)


def kinds(speech: Speech, fact: str) -> str:
    """Several, with commas between them: kinds, or names that stay as they are."""
    return ", ".join(kind(speech, word) for word in fact.split(", "))


def count(speech: Speech, fact: str) -> str:
    """A whole number."""
    number = _read(fact)
    return fact if number is None else _written(speech, number)


def size(speech: Speech, fact: str) -> str:
    """Bytes, as decimal kilobytes and more."""
    number = _read(fact)
    if number is None:
        return fact
    if number < 1000:
        return _counted(speech, number, "byte")
    for unit, name in ((10**3, "KB"), (10**6, "MB"), (10**9, "GB")):
        if round(number / unit, 1) < 1000:
            return f"{_written(speech, number / unit)} {name}"
    return f"{_written(speech, number / 10**12)} TB"


def span(speech: Speech, fact: str) -> str:
    """Seconds, in the unit that people would use: 48 hours, 7 days."""
    number = _read(fact)
    if number is None:
        return fact
    if number > 2 * DAY_S:
        return _counted(speech, number / DAY_S, "day")
    if number >= HOUR_S:
        return _counted(speech, number / HOUR_S, "hour")
    return _counted(speech, number / MINUTE_S, "minute") if number >= MINUTE_S else _counted(speech, number, "second")


def moment(speech: Speech, fact: str) -> str:
    """Milliseconds since 1970, to the minute, in UTC: an account has no zone of its own."""
    number = _read(fact)
    if number is None or number > LATEST_MS:
        return fact
    at = datetime.fromtimestamp(number // 1000, UTC)
    date = speech.date.format(day=at.day, month=speech.months[at.month - 1], year=at.year)
    return f"{date}, {at:%H:%M} UTC"


def appointment(speech: Speech, stamp: str) -> str:
    """An ISO-8601 time as "Tue 24 Nov 2026, 10:00 UTC", in the offset that it names; anything else as it is."""
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    day, month = speech.days[at.weekday()], speech.months[at.month - 1][:3]
    return f"{day} {at.day} {month} {at.year}, {at:%H:%M} {at.tzname() or ''}".rstrip()


def _read(fact: str) -> int | None:
    return int(fact) if fact.isascii() and fact.isdecimal() and len(fact) <= 18 else None


def _counted(speech: Speech, number: float, unit: str) -> str:
    single, several = speech.units[unit]
    return f"{_written(speech, number)} {single if round(number, 1) == 1 else several}"


def _written(speech: Speech, number: float) -> str:
    """With at most one place after the decimal sign."""
    whole, _, part = f"{number:.1f}".partition(".")
    digits = f"{int(whole):,}".replace(",", speech.group) if len(whole) >= speech.grouped else whole
    return digits if part == "0" else f"{digits}{speech.decimal}{part}"
