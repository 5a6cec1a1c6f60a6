"""What a file is: told by its bytes first, by its server where the bytes leave it open, by its name never.

Only what is listed here passes, and only what is that and nothing else: whatever a browser would run (HTML, SVG,
scripts) is not listed, nor are macros; a picture that another program would take for an archive, a page or a PDF is
refused. docs/adr/0016-file-types.md says why no library tells it.
"""

from __future__ import annotations

import io
import re
import zlib
from typing import NamedTuple, cast

from chalicelib.vocabulary.messages import Kind

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/3gpp": "3gp",
    "video/ogg": "ogv",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/amr": "amr",
    "audio/webm": "weba",
    "audio/3gpp": "3gp",
    "application/pdf": "pdf",
}
DOCUMENTS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "text/plain": "txt",
    "text/csv": "csv",
}

_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR\n", "audio/amr"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_MP4 = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4A ", b"M4B ", b"dash"}
_TRACK = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
_OGG_VIDEO = (b"\x80theora", b"BBCD")
_OGG_AUDIO = (b"\x01vorbis", b"OpusHead", b"Speex   ", b"\x7fFLAC")
_OFFICE = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
_PARTS = "[Content_Types].xml"
LARGEST_LIST = 1_000_000
# ECMA-376 part 2: the list of parts tells what each is, whatever it is called. Macros, those of Excel 4.0, controls;
# what could write one of these words in another way; and a folder that makes it Java's.
_RUNS = re.compile(rb"macro|vbaproject|activex|&#|<!|^meta-inf/", re.IGNORECASE)
# Where a reader of PDFs looks for a header (ISO 32000-1, annex H), and where a reader of archives looks for the end of
# one: behind that stand 22 bytes and a comment. pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
PDF_WITHIN, ENDS_WITHIN = 1024, 65_535 + 22
_END, _ENTRY, _UNTOLD = b"PK\x05\x06", b"PK\x01\x02", b"\xff\xff\xff\xff"
# long enough not to come about by chance in 25 MB of a film
_CODE = re.compile(rb"<\?php\s|<script[\s>/]", re.IGNORECASE)
_MARKUP = re.compile(rb"<\s*(?:!doctype|\?xml|html|head|body|script|svg|iframe|style|img|a\s)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class FileType(NamedTuple):
    """`extension` has no dot."""

    kind: Kind
    mime: str
    extension: str


def agreed(body: bytes, served: str, kind: Kind, documents: bool = False) -> FileType | None:
    """What the file is, None where it is nothing that may pass.

    `served` is the MIME type of its server's answer, `kind` what the message claims: both count only where a
    container may hold sound or pictures. `documents` lets office files and plain text pass, too.
    """
    heard = served.startswith("audio/") or (kind == "audio" and not served.startswith("video/"))
    mime = _by_bytes(body, heard)
    if mime is not None and _two_in_one(body, mime):
        return None
    if mime is not None:
        return FileType(kind_of(mime), mime, EXTENSIONS[mime])
    document = _document(body, served) if documents else None
    return FileType("file", document, DOCUMENTS[document]) if document is not None else None


def kind_of(mime: str) -> Kind:
    """How a type that passes is shown."""
    top = mime.partition("/")[0]
    return cast("Kind", top) if top in {"image", "video", "audio"} else "file"


def _by_bytes(body: bytes, heard: bool) -> str | None:
    for start, mime in _STARTS:
        if body.startswith(start):
            return mime
    if body.startswith(b"RIFF"):
        return _RIFF.get(body[8:12])
    if body[4:8] == b"ftyp":
        return _iso_media(body, heard)
    if body.startswith(b"\x1aE\xdf\xa3"):
        return _pick("webm", heard) if b"webm" in body[:64] else None
    if body.startswith(b"OggS"):
        return _ogg(body, heard)
    return _frames(body)


def _iso_media(body: bytes, heard: bool) -> str | None:
    """ISO 14496-12: the brands name the container, the track handlers tell pictures from sound."""
    brand = body[8:12]
    brands = {brand} | {body[at : at + 4] for at in range(16, min(int.from_bytes(body[:4], "big"), 256), 4)}
    if brand in _HEIC or (brand in {b"mif1", b"msf1"} and brands & _HEIC):
        return "image/heic"
    tracks = {track[1] for track in _TRACK.finditer(body)}
    sound_only = b"vide" not in tracks and (b"soun" in tracks or heard)
    if brand == b"qt  ":
        return "audio/mp4" if sound_only else "video/quicktime"
    if brand[:3] in {b"3gp", b"3g2"}:
        return _pick("3gpp", sound_only)
    return _pick("mp4", sound_only) if brands & _MP4 else None


def _ogg(body: bytes, heard: bool) -> str:
    """RFC 3533: the first page holds the first packet of a stream, which names its codec."""
    first = body[:256]
    if any(name in first for name in _OGG_VIDEO):
        return "video/ogg"
    return _pick("ogg", heard or any(name in first for name in _OGG_AUDIO))


def _frames(body: bytes) -> str | None:
    """Sound without a container: AAC in ADTS frames, or MPEG layer III."""
    if len(body) < 4 or body[0] != 0xFF:
        return None
    if body[1] & 0xF6 == 0xF0:
        return "audio/aac"
    known = body[1] & 0x18 != 0x08 and body[2] & 0xF0 != 0xF0 and body[2] & 0x0C != 0x0C
    return "audio/mpeg" if body[1] & 0xE6 == 0xE2 and known else None


def _two_in_one(body: bytes, mime: str) -> bool:
    """Whether another program would take it for something else: GIF and JAR, JPEG and PHP, PNG and PDF, …"""
    as_pdf = mime != "application/pdf" and _opens_as_pdf(body)
    return as_pdf or _CODE.search(body) is not None or _ends_as_archive(body)


def _opens_as_pdf(body: bytes) -> bool:
    return b"%PDF-" in body[:PDF_WITHIN]


def _ends_as_archive(body: bytes) -> bool:
    """Whether a list of an archive's entries stands where its end says, as far from there as that says."""
    at = body.rfind(_END, max(0, len(body) - ENDS_WITHIN))
    while at >= 0:
        size = body[at + 12 : at + 16]
        start = at - int.from_bytes(size, "little")
        if size == _UNTOLD or (0 <= start < at and body[start : start + 4] == _ENTRY):
            return True
        at = body.rfind(_END, max(0, len(body) - ENDS_WITHIN), at)
    return False


def _document(body: bytes, served: str) -> str | None:
    if body.startswith(b"PK\x03\x04"):
        ending = _office(body)
        return next((mime for mime, extension in DOCUMENTS.items() if extension == ending), None)
    return served if served in {"text/plain", "text/csv"} and _clean_text(body) else None


def _office(body: bytes) -> str:
    """The extension of an office file without macros, "" of anything else."""
    import zipfile  # agents' documents are few, and it takes a while to load

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
            with archive.open(_PARTS) as listed:
                parts = listed.read(LARGEST_LIST + 1)
    except (zipfile.BadZipFile, KeyError, RuntimeError, ValueError, EOFError, NotImplementedError, OSError, zlib.error):
        return ""  # torn, encrypted, or packed in a way of its own
    found = {extension for member, extension in _OFFICE.items() if member in names}
    runs = _RUNS.search(parts.replace(b"\0", b"")) or any(_RUNS.search(name.encode()) for name in names)
    whole = len(parts) <= LARGEST_LIST and len(names) == len(set(names)) and not _opens_as_pdf(body)
    return found.pop() if len(found) == 1 and whole and not runs else ""


def _clean_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return bool(body) and not _CONTROL.search(body) and not body.startswith(b"#!") and not _MARKUP.search(body)


def _pick(container: str, heard: bool) -> str:
    return f"{'audio' if heard else 'video'}/{container}"
