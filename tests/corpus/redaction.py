"""What customers write with card numbers, IBANs, mail addresses and telephone numbers in it, and what only looks so.

Written by us, most of it from templates (`WRITTEN` one by one), and the rules were mended by it: its figures hold for
what it knows, and forecast nothing. It grows, and nothing of it goes: what the field shows to be wrong becomes a row.
The numbers are those that banks, card schemes and regulators publish for examples and tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["card", "iban", "email", "phone"]


class Positive(NamedTuple):
    """A text in a language, and what must not leave with it."""

    kind: Kind
    language: str
    text: str
    secret: str


SENTENCES = {
    "en": ("Hi, it is {x}, please check", "{x}", "I wrote before.\n{x}\nThanks!", "use {x}.", "(mine: {x})"),
    "de": ("Hallo, das ist {x}, danke", "bitte an {x} überweisen"),
    "es": ("Hola, es {x}, gracias", "¿pueden usar {x}?"),
    "fr": ("Bonjour, voici {x}, merci", "mon numéro : {x}"),
    "it": ("Ciao, ecco {x} grazie",),
    "pt": ("Oi, é {x}, obrigada",),
    "pl": ("Dzień dobry, to {x}, dziękuję",),
    "tr": ("Merhaba, {x} lütfen kontrol edin",),
    "ru": ("Здравствуйте, вот {x}, спасибо",),
    "ar": ("مرحبا، {x} شكرا",),
    "ja": ("こんにちは、 {x} です",),
    "hi": ("नमस्ते, यह {x} है",),
}
_SPOKEN = [(language, sentence) for language, sentences in SENTENCES.items() for sentence in sentences]

# What the schemes publish for tests: Visa, Mastercard (both ranges), American Express, Discover, Diners, JCB, UnionPay,
# Maestro, Mir, Troy.
CARDS = (
    "4111111111111111", "4012888888881881", "4242424242424242", "5555555555554444", "5105105105105100",
    "2223003122003222", "2223000048400011", "378282246310005", "371449635398431", "6011111111111117",
    "6011000990139424", "30569309025904", "36227206271667", "3530111333300000", "3566002020360505",
    "6200000000000005", "6205500000000000004", "6759649826438453", "2200770239097761", "9792030394440796",
)  # fmt: skip
# The examples of the countries' banks in the IBAN registry.
IBANS = (
    "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "ES9121000418450200051332",
    "IT60X0542811101000000123456", "NL91ABNA0417164300", "BE68539007547034", "CH9300762011623852957",
    "AT611904300234573201", "PT50000201231234567890154", "PL61109010140000071219812874", "SE4550000000058398257466",
    "NO9386011117947", "DK5000400440116243", "FI2112345600000785", "IE29AIBK93115212345678",
    "GR1601101250000000012300695", "TR330006100519786457841326", "SA0380000000608010167519", "AE070331234567890123456",
    "BR1800360305000010009795493C1", "MT84MALT011000012345MTLCAST001S", "RO49AAAA1B31007593840000",
    "CZ6508000000192000145399", "HU42117730161111101800000000", "IL620108000000099999999",
    "QA58DOHB00001234567890ABCDEFG", "UA213223130000026007233566001", "LT121000011101001000", "LU280019400644750000",
)  # fmt: skip
EMAILS = (
    "anna@example.com", "john.doe+shop@mail.example.co.uk", "o'neil_7@example.org", "MARIA.GARCIA@EXAMPLE.ES",
    "jürgen@müller.example", "info@bücher.example", "用户@例子.公司", "пример@почта.рф", "x@sub.sub2.example.travel",
    "anna [at] example [dot] com", "anna(at)example.com", "anna (at) example (dot) org", "ana[arroba]example.es",
    "ana (arroba) example (punto) es", "anna at example dot com", "j.doe@example.museum", "a-b-c@ex-ample.de",
    "anna＠example.com", "anna{at}example.de", "ann\u200ba@example.com", "first.last@student.uni.example.edu",
)  # fmt: skip
# Ranges that regulators keep for fiction, and numbers of the same form, as people write them.
PHONES = (
    "+49 30 23125 001", "+4917612345678", "+49 (0)171 3920001", "0171 3920001", "0171/3920001", "030 / 23125001",
    "(030) 23125-001", "+44 20 7946 0958", "020 7946 0958", "07700 900123", "+44 (0)7700 900 123", "+1 415 555 0132",
    "(415) 555-0132", "415-555-0132", "+1-415-555-0132", "+33 6 39 98 12 34", "06 39 98 12 34", "06.39.98.12.34",
    "0639981234", "+34 612 345 678", "612 345 678", "612 34 56 78", "+34612345678", "+39 06 1234 5678", "06 1234 5678",
    "+39 347 1234567", "+351 912 345 678", "912 345 678", "+55 11 91234-5678", "(11) 91234-5678", "+52 55 1234 5678",
    "55 1234 5678", "+48 512 345 678", "512 345 678", "+90 532 123 45 67", "0532 123 45 67", "+7 912 345-67-89",
    "8 (912) 345-67-89", "8 912 345 67 89", "+971 50 123 4567", "050 123 4567", "+966501234567", "0501234567",
    "+81 90-1234-5678", "090-1234-5678", "03-1234-5678", "+91 98765 43210", "98765 43210", "+86 138 1234 5678",
    "138 1234 5678", "13812345678", "+31 6 12345678", "06-12345678", "+43 664 1234567", "0664 1234567",
    "+41 79 123 45 67", "079 123 45 67", "0049 171 3920001", "001 415 555 0132", "+420 601 123 456", "+46 70 123 45 67",
    "tel 4155550132", "WhatsApp: 5512345678", "Tel.: 23125001", "call me on 555 0132 77",
    "\uff10\uff11\uff17\uff11 \uff13\uff19\uff12\uff10\uff10\uff10\uff11", "٠٥٠ ١٢٣ ٤٥٦٧", "+49\u00a0171\u00a03920001",
)  # fmt: skip


def _groups(text: str, size: int, between: str) -> str:
    return between.join(text[at : at + size] for at in range(0, len(text), size))


def _card_forms(card: str) -> Iterator[str]:
    yield card
    yield _groups(card, 4, " ")
    yield _groups(card, 4, "-")
    yield _groups(card, 4, "\u00a0")
    yield f"{card[:4]} {card[4:10]} {card[10:]}"
    yield "".join(chr(ord(digit) - ord("0") + ord("\uff10")) for digit in card)
    yield _groups(card, 4, "\u200b")
    yield _groups(card, 4, " - ")
    yield _groups(card, 4, "\n")
    yield "".join(digit + "\ufe0f\u20e3" for digit in card)


def _iban_forms(iban: str) -> Iterator[str]:
    yield iban
    yield _groups(iban, 4, " ")
    yield iban.lower()
    yield _groups(iban, 4, "-")


def positives() -> list[Positive]:
    """Every number in some of its forms, each in another sentence."""
    said = itertools.cycle(_SPOKEN)
    forms: list[tuple[Kind, str, str]] = []
    forms += [("card", form, card) for card in CARDS for form in _card_forms(card)]
    forms += [("iban", form, iban) for iban in IBANS for form in _iban_forms(iban)]
    forms += [("email", email, email) for email in EMAILS for _ in range(4)]
    forms += [("phone", phone, phone) for phone in PHONES for _ in range(3)]
    found = []
    for kind, form, secret in forms:
        language, sentence = next(said)
        found.append(Positive(kind, language, sentence.replace("{x}", form), secret))
    return found


# What only looks so. Each template is filled with each of its numbers.
_NUMBERS = {
    "order": [f"2026{month:02}{day:02}-{serial}" for month, day, serial in (
        (1, 5, 12345678), (11, 26, 87654321), (7, 31, 10000001), (3, 9, 55512345))] + [
        "#10023", "#1234567", "BE-2026-004711", "SO1000234567", "10-48213", "INV/2026/00391", "A1B2-C3D4-E5F6",
    ],
    "tracking": [
        "00340434161094022115", "1Z999AA10123456784", "RR123456789DE", "JD014600003828392837", "9400111899223197428490",
        "LX123456789CN", "0034 0434 1610 9402 2115",
    ],
    "date": [
        "01.12.2026", "1.12.2026 18:30", "2026-11-26", "26/11/2026", "11/26/26", "24.12.2026 - 06.01.2027",
        "2026-11-26T10:15:00Z", "05.01.2027 09:00-17:30", "20261126", "03-12-2026", "12. Januar 2027",
    ],
    "price": ["19,99 €", "1.299,00 €", "$1,299.00", "2 x 49.90", "100 000 000 VND", "1'250.50 CHF", "£20", "50-60 USD",
              "1 234 567,89 zł", "3.500.000 IDR"],
    "size": ["36/38/40", "EU 42.5", "180x200 cm", "100 ml", "256 GB", "90-60-90", "XL 54", "10-12", "1920x1080",
             "M8x40"],
    "code": ["SAVE20", "WINTER2026", "9783161484100", "4006381333931", "5901234123457", "356938035643809", "v2.14.3",
             "192.168.10.25", "SKU 4711-0815", "0815", "ART-00012345", "404", "B0C1D2E3F4"],
    "handle": ["@tea.shop", "@anna_1990", "#sale2026", "@x", "tea.shop/sale", "www.example.com/p/12345"],
    "time": ["10:00-18:00", "24/7", "3-5", "18.30", "08:00", "2019-2024", "7.15 pm"],
}  # fmt: skip
_ASKED = {
    "en": ("Where is {x}?", "it says {x}", "I need {x} please", "Is {x} still right?", "{x}"),
    "de": ("Wo ist {x}?", "da steht {x}"),
    "es": ("¿Dónde está {x}?", "pone {x}"),
    "fr": ("Où est {x} ?",),
    "it": ("Dov'è {x}?",),
    "pt": ("Cadê {x}?",),
    "tr": ("{x} nerede?",),
    "ru": ("Где {x}?",),
    "ar": ("أين {x}؟",),
    "ja": ("{x} はどこですか",),
}
_PLAIN = (
    "Hi! Is the green tea back?", "ok", "?", "Thanks a lot 🙏", "I am at the store, dot com was down", "meet me at 5",
    "look at this", "Ich bin um 5 da", "1", "2 pieces", "12345", "I paid 2 times", "it is 30 degrees", "no. 7",
    "we were 4 at table 12", "my size is 38 or 40", "see p. 100-120", "I live at 221B Baker Street",
)  # fmt: skip


def negatives() -> list[str]:
    """Every look-alike in every sentence, and what holds nothing at all."""
    sentences = [sentence for told in _ASKED.values() for sentence in told]
    filled = [
        sentence.replace("{x}", number) for numbers in _NUMBERS.values() for number in numbers for sentence in sentences
    ]
    return [*filled, *_PLAIN]


# Written one by one, as people put them between other words and numbers.
WRITTEN: tuple[Positive, ...] = (
    Positive("card", "en", "my card 4111 1111 1111 1111 got charged twice for order 10023", "4111111111111111"),
    Positive("card", "en", "use this one instead: 5555555555554444 exp 11/28 cvv on the back", "5555555555554444"),
    Positive("card", "en", "amex 3782 822463 10005, the other is blocked", "378282246310005"),
    Positive("card", "en", "Card no:4012888888881881, total was $1,299.00", "4012888888881881"),
    Positive("card", "de", "Karte 5105-1051-0510-5100 wurde am 24.11. belastet, 49,90 €", "5105105105105100"),
    Positive("card", "de", "hier die Kreditkarte:\n4242 4242 4242 4242\ngültig bis 12/27", "4242424242424242"),
    Positive("card", "es", "mi tarjeta es 4111111111111111 y vence 03/29", "4111111111111111"),
    Positive("card", "es", "cobraron a la 5105 1051 0510 5100 dos veces 😡", "5105105105105100"),
    Positive("card", "fr", "ma carte 4970 1012 3456 7890 non, plutôt 4012 8888 8888 1881", "4012888888881881"),
    Positive("card", "pt", "cartão final 1111 inteiro 4111 1111 1111 1111 por favor estornem", "4111111111111111"),
    Positive("card", "it", "la carta è la 5555 5555 5555 4444, scade 10/27", "5555555555554444"),
    Positive("card", "tr", "kartım 9792030394440796 iki kez çekildi", "9792030394440796"),
    Positive("card", "ru", "карта 2200 7702 3909 7761, списали 1 299 рублей", "2200770239097761"),
    Positive("card", "ja", "カード番号は 3530 1113 3330 0000 です", "3530111333300000"),
    Positive("card", "ar", "رقم بطاقتي ٤١١١ ١١١١ ١١١١ ١١١١ وخصم مرتين", "4111111111111111"),
    Positive("card", "hi", "मेरा कार्ड ४१११ ११११ ११११ ११११ है", "4111111111111111"),
    Positive("iban", "de", "bitte auf DE89 3704 0044 0532 0130 00, Nr. BE-2026-004711", "DE89370400440532013000"),
    Positive("iban", "de", "IBAN:DE89370400440532013000 BIC COBADEFFXXX", "DE89370400440532013000"),
    Positive("iban", "en", "refund to GB29 NWBK 6016 1331 9268 19 pls, name A. Smith", "GB29NWBK60161331926819"),
    Positive("iban", "es", "mi cuenta es ES91 2100 0418 4502 0005 1332, gracias", "ES9121000418450200051332"),
    Positive("iban", "fr", "mon RIB FR14 2004 1010 0505 0001 3M02 606", "FR1420041010050500013M02606"),
    Positive("iban", "it", "rimborso su IT60 X054 2811 1010 0000 0123 456", "IT60X0542811101000000123456"),
    Positive("iban", "pt", "o meu IBAN: PT50 0002 0123 1234 5678 9015 4", "PT50000201231234567890154"),
    Positive("iban", "nl", "terug naar nl91 abna 0417 1643 00 aub", "NL91ABNA0417164300"),
    Positive("iban", "pl", "konto PL61 1090 1014 0000 0712 1981 2874", "PL61109010140000071219812874"),
    Positive("iban", "tr", "iade için TR33 0006 1005 1978 6457 8413 26", "TR330006100519786457841326"),
    Positive("iban", "ar", "الآيبان SA03 8000 0000 6080 1016 7519", "SA0380000000608010167519"),
    Positive("email", "en", "mine is john.doe+shop@mail.example.co.uk", "john.doe+shop@mail.example.co.uk"),
    Positive("email", "en", "write to anna at example dot com, not here", "annaatexampledotcom"),
    Positive("email", "de", "Rechnung bitte an anna.weber_83@example.de, danke!", "anna.weber_83@example.de"),
    Positive("email", "de", "meine mail: a.weber(at)example.de", "a.weber(at)example.de"),
    Positive("email", "es", "mándenlo a maria_garcia1990@example.es porfa", "maria_garcia1990@example.es"),
    Positive("email", "es", "es ana (arroba) example (punto) es", "ana(arroba)example(punto)es"),
    Positive("email", "fr", "c'est jean-luc.m@example.fr", "jean-luc.m@example.fr"),
    Positive("email", "pt", "meu email é joao.silva@example.com.br, mandem", "joao.silva@example.com.br"),
    Positive("email", "ja", "メールは taro.yamada@example.co.jp です", "taro.yamada@example.co.jp"),
    Positive("email", "hi", "mera email rahul.k99@example.in hai", "rahul.k99@example.in"),
    Positive("email", "ar", "ايميلي sara_99@example.sa", "sara_99@example.sa"),
    Positive("email", "ru", "почта ivan.petrov@example.ru", "ivan.petrov@example.ru"),
    Positive("phone", "en", "call me on 07700 900123 after 5pm, order #1000234567", "07700900123"),
    Positive("phone", "en", "my cell is (415) 555-0132, size 10 please", "4155550132"),
    Positive("phone", "en", "reach me at +1 415 555 0132 thx", "+14155550132"),
    Positive("phone", "de", "Tel. 0171 3920001, ab 18:00 erreichbar", "01713920001"),
    Positive("phone", "de", "ruft mich an unter +49 30 23125 001", "+493023125001"),
    Positive("phone", "es", "mi número es 612 345 678, talla 38", "612345678"),
    Positive("phone", "es", "whatsapp +52 55 1234 5678", "+525512345678"),
    Positive("phone", "fr", "joignable au 06 39 98 12 34 le matin", "0639981234"),
    Positive("phone", "pt", "meu zap é (11) 91234-5678", "11912345678"),
    Positive("phone", "it", "il mio cell 347 1234567", "3471234567"),
    Positive("phone", "ar", "رقمي 0501234567 اتصلوا بي", "0501234567"),
    Positive("phone", "hi", "mera number 98765 43210 hai", "9876543210"),
    Positive("phone", "ja", "電話は090-1234-5678です", "09012345678"),
    Positive("phone", "tr", "numaram 0532 123 45 67", "05321234567"),
    Positive("phone", "ru", "звоните 8 912 345-67-89", "89123456789"),
)  # fmt: skip
