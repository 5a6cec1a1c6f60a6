"""What a file is, by its bytes; what is not on the list does not pass."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.mime import DOCUMENTS, EXTENSIONS, agreed, kind_of
from chalicelib.vocabulary.messages import Kind

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def iso(brand: bytes, *compatible: bytes, tracks: tuple[bytes, ...] = ()) -> bytes:
    """An ISO base media file: its type box, and a handler box per track."""
    brands = b"".join(compatible)
    head = (16 + len(brands)).to_bytes(4, "big") + b"ftyp" + brand + bytes(4) + brands
    handlers = b"".join(b"\x00\x00\x00\x20hdlr" + bytes(8) + track + bytes(12) for track in tracks)
    return head + b"\x00\x00\x00\x08moov" + handlers


def office(member: str, *more: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", member, *more):
            archive.writestr(name, "<x/>" * 50)
    return packed.getvalue()


VIDEO, SOUND = b"vide", b"soun"
KNOWN: dict[str, tuple[bytes, str]] = {
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(8), "image/png"),
    "gif 87": (b"GIF87a" + bytes(8), "image/gif"),
    "gif 89": (b"GIF89a" + bytes(8), "image/gif"),
    "webp": (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
    "heic": (iso(b"heic", b"mif1", b"heic"), "image/heic"),
    "heic by its second brand": (iso(b"mif1", b"mif1", b"heic"), "image/heic"),
    "mp4": (iso(b"isom", b"mp41", tracks=(VIDEO, SOUND)), "video/mp4"),
    "mp4 by its second brand": (iso(b"XAVC", b"mp42", tracks=(VIDEO,)), "video/mp4"),
    "mp4 without tracks": (iso(b"mp42"), "video/mp4"),
    "a voice note in mp4": (iso(b"isom", tracks=(SOUND,)), "audio/mp4"),
    "m4a": (iso(b"M4A ", b"mp42", tracks=(SOUND,)), "audio/mp4"),
    "quicktime": (iso(b"qt  ", tracks=(VIDEO, SOUND)), "video/quicktime"),
    "3gpp": (iso(b"3gp4", tracks=(VIDEO,)), "video/3gpp"),
    "3gpp sound": (iso(b"3gp5", tracks=(SOUND,)), "audio/3gpp"),
    "webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\x82\x84webm", "video/webm"),
    "theora": (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
    "vorbis": (b"OggS" + bytes(24) + b"\x01vorbis", "audio/ogg"),
    "opus": (b"OggS" + bytes(24) + b"OpusHead", "audio/ogg"),
    "wav": (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav"),
    "aac": (b"\xff\xf1\x50\x80\x00\x1f\xfc", "audio/aac"),
    "mp3": (b"\xff\xfb\x90\x64\x00", "audio/mpeg"),
    "mp3 with a tag": (b"ID3\x04\x00\x00\x00\x00\x00\x00", "audio/mpeg"),
    "amr": (b"#!AMR\n\x3c", "audio/amr"),
    "pdf": (b"%PDF-1.7\n", "application/pdf"),
}
REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg with a declaration": b'<?xml version="1.0"?><svg/>',
    "script": b"#!/bin/sh\nrm -rf /\n",
    "json": b'{"error": "expired"}',
    "windows program": b"MZ\x90\x00\x03",
    "linux program": b"\x7fELF\x02\x01\x01",
    "zip": b"PK\x03\x04" + bytes(30),
    "avif": iso(b"avif", b"mif1", b"avif"),
    "avif by its second brand": iso(b"mif1", b"avif"),
    "matroska": b"\x1aE\xdf\xa3\x9fB\x82\x88matroska" + bytes(60) + b"webm",
    "riff of another kind": b"RIFF\x10\x00\x00\x00AVI LIST",
    "utf-16 text": "\ufeffhello".encode("utf-16-le"),
    "mp3 frame of a reserved version": b"\xff\xea\x90\x64",
    "mp3 frame of a bad bitrate": b"\xff\xfb\xf0\x64",
    "mp3 frame of a reserved rate": b"\xff\xfb\x9c\x64",
    "half a signature": b"\xff\xd8",
    "a name that says id3": b"ID3 is a format",
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_is_what_its_bytes_are(name: str) -> None:
    body, mime = KNOWN[name]
    found = agreed(body, "application/octet-stream", "file")
    assert found == (kind_of(mime), mime, EXTENSIONS[mime])


@pytest.mark.parametrize("said", ["", "text/html", "image/svg+xml", "application/javascript"])
def test_a_server_that_says_otherwise_changes_nothing(said: str) -> None:
    assert agreed(KNOWN["png"][0], said, "video") == ("image", "image/png", "png")


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_on_the_list_does_not_pass(name: str, kind: Kind) -> None:
    for said in ("image/jpeg", "text/html", "application/pdf", "application/octet-stream"):
        assert agreed(REFUSED[name], said, kind) is None


@pytest.mark.parametrize(
    ("said", "kind", "mime"),
    [
        ("audio/mp4", "video", "audio/mp4"),
        ("video/mp4", "audio", "video/mp4"),
        ("application/octet-stream", "audio", "audio/mp4"),
        ("application/octet-stream", "video", "video/mp4"),
    ],
)
def test_a_container_that_does_not_tell_is_what_its_server_says(said: str, kind: Kind, mime: str) -> None:
    found = agreed(iso(b"isom"), said, kind)
    assert found is not None
    assert found.mime == mime


def test_sound_in_webm_is_told_by_its_server() -> None:
    assert agreed(KNOWN["webm"][0], "audio/webm", "audio") == ("audio", "audio/webm", "weba")


@pytest.mark.parametrize(
    ("member", "extension"),
    [("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"), ("ppt/presentation.xml", "pptx")],
)
def test_an_office_file_passes_where_documents_do(member: str, extension: str) -> None:
    found = agreed(office(member), "application/zip", "file", documents=True)
    assert found is not None
    assert (found.kind, found.extension) == ("file", extension)
    assert DOCUMENTS[found.mime] == extension
    assert agreed(office(member), WORD, "file") is None


def test_an_office_file_with_macros_does_not_pass() -> None:
    assert agreed(office("word/document.xml", "word/vbaProject.bin"), WORD, "file", documents=True) is None


def test_a_zip_of_anything_else_does_not_pass() -> None:
    assert agreed(office("payload.exe"), WORD, "file", documents=True) is None


@pytest.mark.parametrize(("said", "extension"), [("text/plain", "txt"), ("text/csv", "csv")])
def test_clean_text_passes_where_documents_do_and_its_server_says_so(said: str, extension: str) -> None:
    body = "año,price\r\n\t1 < 2,3 €\r\n".encode()
    assert agreed(body, said, "file", documents=True) == ("file", said, extension)
    assert agreed(body, said, "file") is None
    assert agreed(body, "application/octet-stream", "file", documents=True) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"a\x00b", b"caf\xe9", b"#!/bin/sh\n", b"hi <ScRiPt>alert(1)</script>", b"<html>", b"a\n<svg onload=x>"],
)
def test_text_that_is_not_clean_does_not_pass(body: bytes) -> None:
    assert agreed(body, "text/plain", "file", documents=True) is None


@given(
    start=st.sampled_from([b"", *(body for body, _ in KNOWN.values()), *REFUSED.values()]),
    rest=st.binary(max_size=300),
    said=st.sampled_from(["", "text/plain", "audio/mp4", "nonsense"]),
    kind=st.sampled_from(["image", "video", "audio", "file"]),
    documents=st.booleans(),
)
def test_whatever_comes_is_on_the_list_or_nothing(
    start: bytes, rest: bytes, said: str, kind: Kind, documents: bool
) -> None:
    found = agreed(start + rest, said, kind, documents)
    if found is not None:
        assert (EXTENSIONS | (DOCUMENTS if documents else {}))[found.mime] == found.extension
        assert found.kind == kind_of(found.mime)


def packed(*names: str, said: str = "<x/>", before: bytes = b"", encoding: str = "utf-8") -> bytes:
    """An archive behind other bytes, as `zip` writes it there."""
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a" if before else "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, said.encode(encoding))
    return out.getvalue()


GIF, PNG = b"GIF89a" + bytes(64), b"\x89PNG\r\n\x1a\n" + bytes(64)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64)
JAR = ("META-INF/MANIFEST.MF", "Evil.class")
ARCHIVE = packed(*JAR)
TWO_IN_ONE: dict[str, bytes] = {
    "gif and jar": packed(*JAR, before=GIF),
    "gif and jar, joined": GIF + ARCHIVE,
    "gif and jar, with a comment": GIF + ARCHIVE[:-2] + (700).to_bytes(2, "little") + bytes(700),
    "gif and jar, another end behind it": GIF + ARCHIVE[:-2] + (40).to_bytes(2, "little") + b"PK\x05\x06" + bytes(36),
    "gif and a big archive": GIF + ARCHIVE[:-10] + b"\xff\xff\xff\xff" + ARCHIVE[-6:],
    "pdf and zip": b"%PDF-1.7\n" + ARCHIVE,
    "mp4 and zip": iso(b"isom", tracks=(VIDEO,)) + ARCHIVE,
    "jpeg and php": JPEG + b"\xff\xfe\x00\x20<?php system($_GET[0]); ?>",
    "jpeg and php in capitals": JPEG + b"<?PHP\nphpinfo();",
    "png and html": PNG + b"tEXt<html><ScRiPt src=//x></script>",
    "gif and a page": b"GIF89a/*<script>*/=1;",
    "jpeg and pdf": JPEG + b"%PDF-1.4\n1 0 obj",
    "mp3 and pdf": b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(900) + b"%PDF-1.4",
    "pdf and page": b"%PDF-1.7\n<xdp:xdp><script contentType='application/x-javascript'>",
}
ONE: dict[str, tuple[bytes, str]] = {
    "a picture with its description": (JPEG + b"<?xpacket begin='?'?><x:xmpmeta><rdf:RDF/></x:xmpmeta>", "image/jpeg"),
    "a pdf with its description": (b"%PDF-1.7\n<?xpacket begin='?'?><x:xmpmeta/>", "application/pdf"),
    "an archive's end and no archive": (JPEG + b"PK\x05\x06" + bytes(18), "image/jpeg"),
    "an archive's end that points nowhere": (JPEG + b"PK\x05\x06" + b"\x7f" * 18, "image/jpeg"),
    "half an archive's end": (JPEG + b"PK\x05\x06", "image/jpeg"),
    "a pdf's beginning far inside": (JPEG + bytes(1024) + b"%PDF-1.4", "image/jpeg"),
    "php's letters": (JPEG + b"<?phpx <scripture", "image/jpeg"),
}


@pytest.mark.parametrize("name", TWO_IN_ONE)
@pytest.mark.parametrize("documents", [False, True])
def test_what_is_two_files_in_one_does_not_pass(name: str, documents: bool) -> None:
    assert agreed(TWO_IN_ONE[name], "image/gif", "image", documents) is None


@pytest.mark.parametrize("name", ONE)
def test_what_only_looks_a_little_like_it_passes(name: str) -> None:
    body, mime = ONE[name]
    found = agreed(body, "", "file", True)
    assert found is not None
    assert found.mime == mime


WORDS = ("[Content_Types].xml", "word/document.xml")
MACRO = "application/vnd.ms-word.document.macroEnabled.main+xml"
RUNNING: dict[str, bytes] = {
    "macros under another name": packed(*WORDS, "word/harmless.bin", said=MACRO),
    "macros told in UTF-16": packed(*WORDS, said=MACRO, encoding="utf-16"),
    "macros told by numbers": packed(*WORDS, said=MACRO.replace("m", "&#109;")),
    "macros told by an entity": packed(*WORDS, said="<!DOCTYPE x [<!ENTITY m 'macr'>]>&m;o"),
    "Excel 4.0's": packed("[Content_Types].xml", "xl/workbook.xml", said="application/vnd.ms-excel.macrosheet+xml"),
    "Excel 4.0's folder": packed("[Content_Types].xml", "xl/workbook.xml", "xl/macrosheets/sheet1.xml"),
    "a control": packed(*WORDS, "word/activeX/activeX1.bin"),
    "a project of Visual Basic": packed(*WORDS, "word/VBAproject.bin"),
    "java's": packed(*WORDS, *JAR),
    "two kinds at once": packed(*WORDS, "xl/workbook.xml"),
    "no list of parts": packed("word/document.xml"),
    "a list without end": packed(*WORDS, said=" " * 1_000_001),
    "torn": packed(*WORDS)[:-30],
    "a pdf, as its first part's name": packed("%PDF-1.7", *WORDS),
}


@pytest.mark.parametrize("name", RUNNING)
def test_an_office_file_that_may_run_something_does_not_pass(name: str) -> None:
    assert agreed(RUNNING[name], "application/octet-stream", "file", True) is None


def test_an_encrypted_office_file_does_not_pass() -> None:
    whole = bytearray(packed(*WORDS))
    assert agreed(bytes(whole), "", "file", True) is not None
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.find(mark) + flags] |= 1
    assert agreed(bytes(whole), "", "file", True) is None


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_stands_behind_an_archives_beginning_is_told_or_refused(first: bytes, second: bytes) -> None:
    for body in (b"PK\x03\x04" + first, GIF + first + b"PK\x05\x06" + second, packed(*WORDS) + first):
        agreed(body, "", "file", True)
