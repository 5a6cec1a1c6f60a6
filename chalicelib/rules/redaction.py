"""What is taken out of a customer's words before anybody outside reads them: card numbers, IBANs, mail addresses and
telephone numbers. What remains is for a machine to judge: it is normalised, so that no disguise of a digit helps.

A number more that is taken out costs a classifier nothing; one that is left in has left. Names and addresses of streets
stay: no rule finds them. The figures are in tests/rules/test_redaction.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

CARD, IBAN, EMAIL, PHONE = "[card]", "[iban]", "[email]", "[phone]"

# What joins a digit to the sign that makes a key of it: variation selector 16 and the enclosing keycap.
_KEYCAP = {0xFE0F, 0x20E3}
_GAP_SIGN = re.compile(r"[\s.\-\u2010-\u2015·_/]")
_GAP = r"[\s.\-\u2010-\u2015·_/]{0,3}"
_RUN = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{12,}}(?!\d)")
_GROUP = re.compile(r"\d+")
# The issuers' ranges: first digits from, to, and how many digits there are. en.wikipedia.org/wiki/Payment_card_number
_ISSUERS = (
    ("34", "34", (15,)), ("37", "37", (15,)), ("300", "305", (14, 16)), ("36", "36", (14, 15, 16, 17, 18, 19)),
    ("38", "39", (14, 16)), ("3528", "3589", (16, 17, 18, 19)), ("4", "4", (16, 19)), ("51", "55", (16,)),
    ("2221", "2720", (16,)), ("2200", "2205", (16, 17, 18, 19)), ("50", "50", (16, 17, 18, 19)),
    ("56", "69", (16, 17, 18, 19)), ("81", "82", (16,)), ("9792", "9792", (16,)),
)  # fmt: skip
# Length by country. swift.com/standards/data-standards/iban-international-bank-account-number
_LENGTHS = (
    "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27 "
    "DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28 "
    "IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 "
    "MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 "
    "SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30"
)
_IBANS = {pair[:2]: int(pair[3:]) for pair in _LENGTHS.split()}
_IBAN_BEGINS = re.compile(r"(?<![A-Z0-9])[A-Z]{2}" + _GAP + r"\d" + _GAP + r"\d", re.IGNORECASE)

_AT = r"(?:@|\s{0,2}[\[({<]\s?(?:at|arroba|chiocciola|ät|@)\s?[\])}>]\s{0,2})"
_DOT = r"(?:[.。]|\s{0,2}[\[({<]\s?(?:dot|punkt|punto|ponto|point|\.)\s?[\])}>]\s{0,2})"
_EMAIL = re.compile(
    rf"[^\s@<>()\[\]{{}},;:\"'|]{{1,64}}{_AT}(?:[^\W_][\w-]{{0,62}}{_DOT}){{1,5}}[^\W\d_][\w-]{{1,62}}", re.IGNORECASE
)
_EMAIL_IN_WORDS = re.compile(
    r"(?<!\S)[\w.+-]{1,64} (?:at|arroba) [\w-]{1,63}(?: (?:dot|punto|ponto|punkt) [\w-]{2,63}){1,4}\b", re.IGNORECASE
)

# Where a number may begin: behind no letter, but for those of scripts that put no space between words.
_UNSPACED = r"(?<=[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff])"
_FREE = rf"(?:(?<![\w.,+#-])|{_UNSPACED})"
_SEP = r"[ .\-/\u2010-\u2015]?"
_SEPS = r"[ .\-/()\u2010-\u2015]{0,3}"
_PHONES = [
    re.compile(rule)
    for rule in (
        rf"(?:(?<![\w+])|{_UNSPACED})\+{_SEPS}[1-9](?:{_SEPS}\d){{6,14}}(?!\d)",  # international
        rf"{_FREE}00[1-9](?:{_SEPS}\d){{7,12}}(?!\d)",  # the same, as it is dialled
        rf"{_FREE}\(?0[1-9]\d{{0,4}}\)?(?:{_SEPS}\d){{5,9}}(?!\d)(?![.,]\d)",  # within a country
        rf"{_FREE}\(\d{{2,4}}\){_SEP}\d{{3,5}}{_SEP}\d{{3,4}}(?!\d)",  # (415) 555-0132, (11) 91234-5678
        _FREE + r"[2-9]\d{2}([ .-])\d{3}\1\d{4}(?!\d)",  # 415-555-0132
        _FREE + r"[5-9]\d{2}([ .-]?)\d{3}\1\d{3}(?!\d)(?![.,-]\d)",  # 612 345 678: Spain, Poland, Portugal
        _FREE + r"[6789]\d{2}([ .-])\d{2}\1\d{2}\1\d{2}(?!\d)",  # 612 34 56 78
        _FREE + r"[1-9]\d([ -])\d{4}\1\d{4}(?!\d)",  # 55 1234 5678: Mexico
        _FREE + r"1[3-9]\d([ -]?)\d{4}\1\d{4}(?!\d)",  # 138 1234 5678: China
        rf"{_FREE}8{_SEP}\(?9\d{{2}}\)?{_SEP}\d{{3}}{_SEP}\d{{2}}{_SEP}\d{{2}}(?!\d)",  # 8 (912) 345-67-89
        _FREE + r"[6-9]\d{4} \d{5}(?!\d)",  # 98765 43210: India
    )
]
_PHONE_WORD = re.compile(
    r"\b(?:tel|tlf|fono|phone|telephone|telefon|telefono|teléfono|telefone|téléphone|handy|mobile|mobil|móvil|movil|"
    r"celular|cell|whatsapp|call me|text me|llámame|rufnummer|numero di telefono|telefonnummer)\b"
    rf"[^\d\n+]{{0,12}}(\d(?:{_SEPS}\d){{5,13}})(?!\d)",
    re.IGNORECASE,
)
_LOOK = 40
_DIGITS_BEFORE = re.compile(r"(?:\d[ \-]?){1,20}\Z")
_DIGITS_BEHIND = re.compile(r"(?:[ \-]?\d){1,20}")
_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])[ ./-](?:0?[1-9]|1[0-2])[ ./-](?:19|20)\d\d(?!\d)"
    r"|(?:19|20)\d\d[ ./-](?:0[1-9]|1[0-2])[ ./-]"
)


def redacted(text: str) -> str:
    """The text in plain signs, with a word such as `[card]` in place of each such number or address."""
    plain = _plain(text)
    for found in (_emails, _ibans, _cards, _phones):
        plain = _without(plain, found(plain))
    return plain


Span = tuple[int, int, str]


def _plain(text: str) -> str:
    """NFKC, digits of whatever script as ours, and nothing that is not seen."""
    folded = unicodedata.normalize("NFKC", "".join(sign for sign in text if ord(sign) not in _KEYCAP))
    return "".join(
        str(unicodedata.digit(sign)) if not sign.isascii() and unicodedata.category(sign) == "Nd" else sign
        for sign in folded
        if unicodedata.category(sign) not in {"Cf", "Cs"}
    )


def _without(text: str, spans: Iterator[Span]) -> str:
    parts, end = [], 0
    for begin, until, word in spans:
        if begin >= end:
            parts += [text[end:begin], word]
            end = until
    return "".join([*parts, text[end:]])


def _emails(text: str) -> Iterator[Span]:
    found = [(one.start(), one.end(), EMAIL) for rule in (_EMAIL, _EMAIL_IN_WORDS) for one in rule.finditer(text)]
    return iter(sorted(found))


def _ibans(text: str) -> Iterator[Span]:
    for one in _IBAN_BEGINS.finditer(text):
        length = _IBANS.get(text[one.start() : one.start() + 2].upper(), 0)
        end = _end_of(text, one.start(), length)
        signs = "".join(sign for sign in text[one.start() : end].upper() if sign.isascii() and sign.isalnum())
        whole = length and len(signs) == length and not text[end : end + 1].isalnum()
        if whole and _mod_97(signs) == 1:
            yield one.start(), end, IBAN


def _end_of(text: str, begin: int, count: int) -> int:
    """Where so many letters and digits end, which stand together or in groups."""
    seen = 0
    for at in range(begin, len(text)):
        sign = text[at]
        if sign.isascii() and sign.isalnum():
            seen += 1
        elif not _GAP_SIGN.fullmatch(sign):
            return at
        if seen == count:
            return at + 1
    return len(text)


def _mod_97(iban: str) -> int:
    """ISO 13616: what is left of the number whose letters count from 10."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97


def _cards(text: str) -> Iterator[Span]:
    for run in _RUN.finditer(text):
        groups, first = list(_GROUP.finditer(text, *run.span())), 0
        while first < len(groups):
            last = _card_from(groups, first)
            if last is not None:
                yield groups[first].start(), groups[last].end(), CARD
            first = first + 1 if last is None else last + 1


def _card_from(groups: list[re.Match[str]], first: int) -> int | None:
    """The group with which a card's number ends that begins with the first; None where none does."""
    digits, longest = "", None
    for place in range(first, len(groups)):
        digits += groups[place].group()
        if len(digits) > 19:
            break
        if _is_card(digits):
            longest = place
    return longest


def _is_card(digits: str) -> bool:
    known = any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _ISSUERS)
    return known and _luhn(digits)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0


def _phones(text: str) -> Iterator[Span]:
    found = [(one.start(1), one.end(1), PHONE) for one in _PHONE_WORD.finditer(text)]
    for rule in _PHONES:
        found += [(one.start(), one.end(), PHONE) for one in rule.finditer(text)]
    return iter(sorted(span for span in found if not _DATE.search(text[span[0] : span[1]]) and not _longer(text, span)))


def _longer(text: str, span: Span) -> bool:
    """Whether the digits are part of a run that is no telephone number any more: E.164 has 15."""
    begin, end, _ = span
    before, behind = _DIGITS_BEFORE.search(text[max(0, begin - _LOOK) : begin]), _DIGITS_BEHIND.match(text, end)
    whole = "".join(part.group() for part in (before, behind) if part) + text[begin:end]
    return sum(sign.isdigit() for sign in whole) > 15
