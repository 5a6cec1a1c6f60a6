"""Makes .venv hold what a purpose needs, and tells how far it is: `python tools/environment.py sandbox`.

    python tools/environment.py function|sandbox|operator|supply|developer|checkov [--folder .venv]

Runs in whatever Python 3.11 or newer makes the environment, and needs nothing else. What is there already is kept, so
that one .venv grows with what is asked of it. Only files whose hash is in the lock are installed, and only ready-made
ones: what a build would fetch has no hash.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until main() hears it, there is nothing to say

import argparse
import fcntl
import os
import re
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
HOLDS = "dmdesk-holds.txt"
WANTS = "dmdesk-wants.txt"
LOG = "dmdesk-install.log"
TELL_S = 3.0
SAME_S = 15.0
# what fetching and unpacking a package takes on a usual machine
USUAL_S = 0.6
# pip.pypa.io/en/stable/topics/secure-installs
HASHED = ("--require-hashes", "--no-deps", "--only-binary", ":all:")


class Purpose(NamedTuple):
    """A lock, and whether the operator's command comes with them."""

    file: str
    command: bool = False


PURPOSES = {
    "function": Purpose("requirements.txt"),
    "sandbox": Purpose("requirements-sandbox.txt"),
    "operator": Purpose("requirements-operator.txt", command=True),
    "supply": Purpose("requirements-supply.txt"),
    "developer": Purpose("requirements-dev.txt", command=True),
    "checkov": Purpose("requirements-checkov.txt"),
}


class CannotMake(Exception):
    """What stands in the way, and what to do about it."""


def main() -> int:
    """The command line; 0 where the environment is as it should be."""
    parser = argparse.ArgumentParser(description="Makes .venv hold what a purpose needs.")
    parser.add_argument("purpose", choices=PURPOSES)
    parser.add_argument("--folder", type=Path, default=ROOT / ".venv")
    chosen = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        make(chosen.purpose, chosen.folder)
    except CannotMake as error:
        print(f"{chosen.purpose}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{chosen.purpose}: interrupted. What was made is kept: run make again to go on", file=sys.stderr)
        return 130
    return 0


def make(purpose: str, folder: Path) -> None:
    """Brings the folder up to date. Raises CannotMake."""
    wanted = locked(ROOT / PURPOSES[purpose].file)
    script = folder / "bin" / "dmdesk"
    if _complete(folder, wanted) and (script.exists() or not PURPOSES[purpose].command):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, purpose):
            _environment(folder, purpose)
            there = held(folder)
            if missing := {line: hashes for line, hashes in wanted.items() if pin(line) not in there}:
                _install(folder, purpose, missing)
            if PURPOSES[purpose].command:
                script.write_text(command(folder), encoding="utf-8")
                script.chmod(0o755)
    except OSError as error:
        raise CannotMake(f"cannot write {error.filename or folder}: {error.strerror}") from error


# --- what is wanted, and what is there


def locked(file: Path) -> dict[str, tuple[str, ...]]:
    """The requirements of a lock, as `name==version` with their markers, and the hashes of each one's files.

    pip is left out: it is what installs, and comes with Python.
    """
    found: dict[str, tuple[str, ...]] = {}
    for written in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        line = written.partition("#")[0].strip()
        if line and not line.startswith("pip=="):
            requirement, *hashes = re.split(r"\s+--hash=", line)
            found[requirement] = tuple(hashes)
    return found


def lock(requirements: Mapping[str, Sequence[str]]) -> str:
    """The text of a lock with these requirements and hashes."""
    return "".join(f"{' --hash='.join([line, *hashes])}\n" for line, hashes in requirements.items())


def held(folder: Path) -> list[str]:
    """The requirements that were installed here, as `name==version`."""
    try:
        return (folder / HOLDS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def pin(requirement: str) -> str:
    """`name==version` without the marker, which may differ between locks."""
    return requirement.partition(" ")[0]


def name_of(requirement: str) -> str:
    """packaging.python.org/en/latest/specifications/name-normalization"""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=<>~!;\s]", requirement, maxsplit=1)[0]).lower()


def command(folder: Path) -> str:
    """The script that runs the operator's commands from any folder."""
    python = shlex.quote(str(folder.absolute() / "bin" / "python"))
    return (
        "#!/bin/sh\n# Made by `make operator`.\n"
        f'PYTHONPATH={shlex.quote(str(ROOT))} PYTHONSAFEPATH=1 exec {python} -m ops "$@"\n'
    )


def _complete(folder: Path, lines: Iterable[str]) -> bool:
    there = (folder / "bin" / "python").exists() and _version(folder) == _ours()
    return there and {pin(line) for line in lines} <= set(held(folder))


def _version(folder: Path) -> str:
    """Of the folder's Python, "" where there is none."""
    try:
        found = re.search(r"^version\s*=\s*(\d+\.\d+)", (folder / "pyvenv.cfg").read_text(encoding="utf-8"), re.M)
    except FileNotFoundError:
        return ""
    return found[1] if found else ""


def _ours() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


@contextmanager
def _alone(folder: Path, purpose: str) -> Iterator[None]:
    """Another make waits meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(purpose, f"another make is filling {folder.name}: waiting for it …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- making it


def _environment(folder: Path, purpose: str) -> None:
    """The bare environment, where there is no whole one."""
    there = _version(folder)
    if there not in {"", _ours()}:
        raise CannotMake(f"{folder.name} is of Python {there}, not {_ours()}: `make clean` takes it away")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--version"]
    if Path(pip[0]).exists() and subprocess.run(pip, capture_output=True, check=False).returncode == 0:
        return
    _say(purpose, f"making {folder.name} with Python {_ours()}, a few seconds …")
    python = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run([python, "-m", "venv", "--clear", folder], capture_output=True, text=True, check=False)
    if made.returncode:
        raise CannotMake(advice(made.stdout + made.stderr))


def _install(folder: Path, purpose: str, missing: Mapping[str, Sequence[str]]) -> None:
    count = len(missing)
    _say(purpose, f"{count} packages to fetch and unpack, about {max(5, round(count * USUAL_S))} s on a usual line …")
    began = time.monotonic()
    _pip(folder, purpose, missing)
    names = {name_of(line) for line in missing}
    kept = [line for line in held(folder) if name_of(line) not in names]
    (folder / HOLDS).write_text("\n".join([*kept, *map(pin, missing)]) + "\n", encoding="utf-8")
    _say(purpose, f"{folder.name} is ready, after {time.monotonic() - began:.0f} s")


def _pip(folder: Path, purpose: str, missing: Mapping[str, Sequence[str]]) -> None:
    """Installs, and tells how far it is. The lock is whole, so that nothing is looked for beside it."""
    (folder / WANTS).write_text(lock(missing), encoding="utf-8")
    # an index that does not answer at all must not take minutes to say so
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--retries", "2"]
    options += [*HASHED, "--requirement", str(folder / WANTS)]
    progress, output = Progress(list(missing)), []
    with subprocess.Popen(
        [folder / "bin" / "python", "-m", "pip", "install", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PIP_USER": "0"},
    ) as process:
        assert process.stdout is not None
        try:
            for line in _lines(process.stdout):
                output.append(line)
                progress.hear(line)
                if told := progress.due(time.monotonic(), folder):
                    _say(purpose, told)
        except BaseException:
            process.terminate()
            raise
    (folder / LOG).write_text("".join(output), encoding="utf-8")
    if process.returncode:
        raise CannotMake(f"{advice(''.join(output))}. All that pip said: {folder / LOG}")


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """What comes, line by line, and "" for each second in which nothing does."""
    rest = b""
    while True:
        if not select.select([stream], [], [], 1.0)[0]:
            yield ""
        elif piece := os.read(stream.fileno(), 65536):
            *lines, rest = (rest + piece).split(b"\n")
            yield from (f"{line.decode(errors='replace')}\n" for line in lines)
        else:
            yield rest.decode(errors="replace")
            return


class Progress:
    """How far pip is, in words."""

    def __init__(self, missing: Sequence[str], now: float | None = None) -> None:
        self._versions = {f"{name_of(line)}=={pin(line).partition('==')[2]}" for line in missing}
        self._fetched: set[str] = set()
        self._unpacking = self._unanswered = False
        self._words_told = ""
        self._began = self._told = time.monotonic() if now is None else now

    def hear(self, line: str) -> None:
        """A line of pip's."""
        if found := re.match(r"\s*(?:Collecting|Requirement already satisfied:) (\S+)", line):
            self._fetched.add(name_of(found[1]))
            self._unanswered = False
        elif line.startswith("Installing collected packages"):
            self._unpacking = True
        elif "Retrying (Retry" in line:
            self._unanswered = True

    def due(self, now: float, folder: Path) -> str:
        """What is to be told now, "" for nothing."""
        if now - self._told < TELL_S:
            return ""
        words = self._words(now, folder)
        if words == self._words_told and now - self._told < SAME_S:
            return ""
        self._told, self._words_told = now, words
        return words

    def _words(self, now: float, folder: Path) -> str:
        if self._unanswered:
            return "the package index does not answer; asking again …"
        total = len(self._versions)
        fetched = total if self._unpacking else min(len(self._fetched), total)
        unpacked = self._unpacked(folder) if self._unpacking else 0
        if unpacked == total:
            return "unpacked; compiling the last of them …"
        done = fetched + unpacked
        left_s = (now - self._began) / max(done, 1) * (2 * total - done)
        left = "" if done < 3 else ", some seconds left" if left_s < 10 else f", about {left_s:.0f} s left"
        return f"unpacked {unpacked} of {total}{left}" if self._unpacking else f"fetched {fetched} of {total}{left}"

    def _unpacked(self, folder: Path) -> int:
        there = (path.stem.rpartition("-") for path in folder.glob("lib/python*/site-packages/*.dist-info"))
        return len(self._versions & {f"{name_of(name)}=={version}" for name, _, version in there})


# --- what went wrong


# the first that fits what pip (or venv) said; the settings are pip's own: pip.pypa.io/en/stable/topics/configuration
CAUSES = (
    (r"No space left|Errno 28|Disk quota exceeded", "there is no room left on the disk"),
    (r"Permission denied|Errno 13|Read-only file system|Errno 30", "a file or folder may not be written"),
    (
        r"ensurepip is not available|No module named '?(venv|ensurepip)",
        "this Python lacks venv: install your system's package for it (python3-venv on Debian and Ubuntu)",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed",
        "the package index's certificate is not trusted here. Behind a proxy that opens TLS, set PIP_CERT to a file "
        "with its certificate authority, and run make again",
    ),
    (
        r"40[137] Client Error|Proxy Authentication Required",
        "the package index or a proxy before it wants to know who you are: put user and password into PIP_INDEX_URL or "
        "PIP_PROXY, and run make again",
    ),
    (
        r"Retrying \(Retry|Max retries exceeded|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Network is "
        r"unreachable|name resolution|Name or service not known|Connection (refused|reset|aborted)",
        "the package index cannot be reached. Behind a proxy set PIP_PROXY, with an index of your own PIP_INDEX_URL "
        "(or proxy and index-url in pip's configuration), and run make again",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES|Hashes are required in --require-hashes mode",
        "the package index has other files than the lock names, or the lock is not whole: somebody may have put them "
        "there. Nothing was installed; compare with another index before you trust it",
    ),
    (
        r"No matching distribution found for (?P<what>[^\s;]+)",
        "the package index has no {what} for this Python and machine. If PIP_INDEX_URL or pip's configuration names a "
        "mirror, it may lag behind; else name another Python with PYTHON=",
    ),
    (
        r"Failed (building wheel|to build)|metadata-generation-failed|subprocess-exited-with-error",
        "a package has no ready-made wheel for this Python and machine, and could not be built. Python 3.11 to 3.13 on "
        "Linux and macOS have them all: name one with PYTHON=",
    ),
)


def advice(output: str) -> str:
    """What stands in the way, by what pip or venv printed; its own last words where that is not known."""
    for pattern, words in CAUSES:
        if found := re.search(pattern, output):
            return words.format(**found.groupdict())
    said = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in said if line.lower().startswith("error")]
    return (errors or said or ["it ended without a word"])[-1].rstrip(".")


def _say(purpose: str, words: str) -> None:
    print(f"{purpose}: {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
