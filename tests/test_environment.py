"""What make makes before it runs anything: as much as is needed, told in words, whatever stands in the way."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import environment
from tools.environment import HOLDS, PURPOSES, ROOT, WANTS, Progress, advice, held, locked, name_of, pin
from tools.locks import LOCKS, command

FILES = sorted(ROOT.glob("requirements*.txt"))
WAIT_S = 60.0


# --- what is required


def needed(file: Path) -> set[str]:
    """The names of all that the file's requirements need, by what is installed here."""
    found: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(line) for line in here(file)]
    while todo:
        one = todo.pop()
        key = name_of(one.name), frozenset(one.extras)
        if key in found:
            continue
        found.add(key)
        extras = one.extras or {""}
        for line in metadata.requires(one.name) or []:
            inner = Requirement(line)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(inner)
    return {name for name, _ in found}


def here(file: Path) -> list[str]:
    """What the lock names for this Python and system."""
    found = map(Requirement, locked(file))
    return [str(one) for one in found if one.marker is None or one.marker.evaluate()]


def names(file: Path) -> set[str]:
    return {name_of(line) for line in locked(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_the_hash_of_each_of_its_files(file: Path) -> None:
    for line, hashes in locked(file).items():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line), line
        assert hashes, line
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in hashes), line
    once = [name_of(line) for line in here(file)]
    assert len(once) == len(set(once))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_lock_says_what_made_it_and_names_no_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    made = " ".join(command(file.name)[2:])
    assert text.splitlines()[1] == f"#    {made}"
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted", text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_lock_holds_all_that_its_source_asks_for(file: Path) -> None:
    def asked(source: Path) -> set[str]:
        lines = source.read_text(encoding="utf-8").splitlines()
        inner = [source.with_name(line.removeprefix("-r ")) for line in lines if line.startswith("-r ")]
        own = {name_of(line) for line in lines if line and line[0] not in "#-"}
        return own.union(*map(asked, inner))

    assert asked(file.with_suffix(".in")) <= names(file)


def test_the_locks_agree() -> None:
    """What the function holds is what the sandbox, the operator and the tests run; checkov cannot."""
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for line in () if "checkov" in file.name else here(file):
            pins.setdefault(name_of(line), set()).add(line.partition(";")[0].strip())
    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("purpose", ["function", "sandbox", "operator", "supply", "developer"])
def test_what_requirements_need_is_pinned_too(purpose: str) -> None:
    file = ROOT / PURPOSES[purpose].file
    # pip comes with every environment
    assert needed(file) - names(file) == {"pip"}


def test_every_file_has_its_purpose_and_the_light_ones_stay_light() -> None:
    assert {purpose.file for purpose in PURPOSES.values()} == {file.name for file in FILES} == set(LOCKS)
    light = names(ROOT / PURPOSES["sandbox"].file)
    assert not light & {"purecloudplatformclientv2", "pytest", "mypy", "playwright", "moto", "psutil", "uv"}
    assert "purecloudplatformclientv2" in names(ROOT / PURPOSES["operator"].file)


# --- making it


class Place:
    """An environment whose Python is a script: it notes what pip is asked, and says what a test wants it to say."""

    def __init__(self, folder: Path, says: str = "", ends: int = 0) -> None:
        self.folder, self.asked = folder, folder / "asked"
        (folder / "bin").mkdir(parents=True)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        (folder / "pyvenv.cfg").write_text(f"home = /usr\nversion = {version}.9\n")
        self.python = folder / "bin" / "python"
        self.script(f"cat <<'END'\n{says}\nEND\nexit {ends}\n")

    def script(self, body: str) -> None:
        """What `pip install` does."""
        head = (
            '#!/bin/sh\ncase "$3" in --version) exit 0;; esac\n'
            f'echo "$@" "$(tr "\\n" " " < "{self.folder / WANTS}")" >> "{self.asked}"\n'
        )
        self.python.write_text(head + body)
        self.python.chmod(0o755)

    def lines(self) -> list[str]:
        return self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "env")


def test_what_is_missing_is_installed_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    environment.make("sandbox", place.folder)
    environment.make("sandbox", place.folder)
    [line] = place.lines()
    wants = locked(ROOT / "requirements-sandbox.txt")
    assert re.findall(r"[\w.-]+==[\w.]+", line) == [one.partition(" ")[0] for one in wants]
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"sandbox: {len(wants)} packages to fetch and unpack, about ")
    assert "env is ready" in said[-1]


def test_nothing_is_installed_but_ready_made_files_whose_hash_is_known(place: Place) -> None:
    environment.make("function", place.folder)
    [line] = place.lines()
    options, _, wants = line.partition(f"--requirement {place.folder / WANTS} ")
    assert options.endswith("--require-hashes --no-deps --only-binary :all: ")
    assert options.split()[:3] == ["-m", "pip", "install"]
    assert not [word for word in options.split()[3:] if "==" in word]
    for requirement, hashes in locked(ROOT / "requirements.txt").items():
        assert " --hash=".join([requirement, *hashes]) in wants


def test_an_environment_grows(place: Place) -> None:
    for purpose in ("sandbox", "operator", "developer", "sandbox", "function", "supply"):
        environment.make(purpose, place.folder)
    first, second, third = place.lines()
    assert "ministack" in first
    assert ("purecloudplatformclientv2" in second, "ministack" in second, "boto3==" in second) == (True, False, False)
    assert ("pytest" in third, "purecloudplatformclientv2" in third) == (True, False)
    assert set(held(place.folder)) == {pin(line) for line in locked(ROOT / "requirements-dev.txt")}


def test_a_new_version_alone_is_installed(place: Place) -> None:
    environment.make("function", place.folder)
    notes = place.folder / HOLDS
    notes.write_text(re.sub(r"msgspec==\S+", "msgspec==0.1", notes.read_text()))
    environment.make("function", place.folder)
    wants = next(line for line in locked(ROOT / "requirements.txt") if line.startswith("msgspec"))
    assert re.findall(r"\S+==\S+", place.lines()[1]) == [wants]
    assert "msgspec==0.1" not in held(place.folder)


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the real pip: a wheel that somebody changed on its way."""
    wheel = tmp_path / "six-1.17.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("six.py", "evil = True\n")
        made.writestr("six-1.17.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\n")
        made.writestr("six-1.17.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("six-1.17.0.dist-info/RECORD", "six.py,,\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    six = "six==1.17.0"
    for hash_, installs in ((locked(ROOT / "requirements.txt")[six][0], False), (f"sha256:{sha256(wheel)}", True)):
        (tmp_path / "requirements.txt").write_text(f"{six} \\\n    --hash={hash_}\n")
        folder = tmp_path / "env"
        if installs:
            environment.make("function", folder)
        else:
            with pytest.raises(environment.CannotMake, match="other files than the lock names"):
                environment.make("function", folder)
        assert bool(list(folder.glob("lib/*/site-packages/six.py"))) == installs


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_failed_is_tried_again(place: Place) -> None:
    place.script("echo 'ERROR: something odd happened'; exit 1\n")
    with pytest.raises(environment.CannotMake, match="something odd happened"):
        environment.make("function", place.folder)
    assert held(place.folder) == []
    place.script("exit 0\n")
    environment.make("function", place.folder)
    assert len(place.lines()) == 2


def test_two_makes_at_once_install_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    descriptor = os.open(place.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    both = [threading.Thread(target=environment.make, args=("function", place.folder)) for _ in range(2)]
    for one in both:
        one.start()
    os.close(descriptor)
    for one in both:
        one.join(WAIT_S)
    assert len(place.lines()) == 1


def test_another_python_is_not_mixed_in(place: Place) -> None:
    (place.folder / "pyvenv.cfg").write_text("version = 3.5.1\n")
    with pytest.raises(environment.CannotMake, match=r"is of Python 3\.5, not .*`make clean` takes it away"):
        environment.make("function", place.folder)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(environment.CannotMake, match=f"cannot write {tmp_path / 'file'}.*: Not a directory"):
        environment.make("function", tmp_path / "file" / "env")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_it_is_told_in_words(place: Place, number: signal.Signals) -> None:
    place.script("trap '' INT; echo 'Collecting boto3'; exec sleep 600\n")
    command = [sys.executable, "tools/environment.py", "function", "--folder", str(place.folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "packages to fetch" in process.stdout.readline()
        process.send_signal(number)
        assert process.stderr.read() == (
            "function: interrupted. What was made is kept: run make again to go on\n"
        )  # fmt: skip
    assert process.returncode == 130


def test_the_operators_command_runs_from_any_folder(place: Place, tmp_path: Path) -> None:
    environment.make("operator", place.folder)
    script = place.folder / "bin" / "dmdesk"
    script.write_text(environment.command(Path(sys.prefix)))
    (tmp_path / "ops.py").write_text("raise SystemExit('somebody else')")
    done = subprocess.run([script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: dmdesk ")


def test_the_light_environment_has_no_operators_command(place: Place) -> None:
    environment.make("sandbox", place.folder)
    assert not (place.folder / "bin" / "dmdesk").exists()


# --- how far it is


def test_progress_is_told_every_few_seconds_with_what_is_left(tmp_path: Path) -> None:
    progress = Progress([f"package_{n}==1.0" for n in range(10)], now=0.0)
    assert progress.due(1.0, tmp_path) == ""
    assert progress.due(3.0, tmp_path) == "fetched 0 of 10"
    for n in range(5):
        progress.hear(f"Collecting package-{n}==1.0 (from -r requirements.txt (line 1))\n")
    assert progress.due(4.0, tmp_path) == ""
    assert progress.due(10.0, tmp_path) == "fetched 5 of 10, about 30 s left"
    progress.hear("Installing collected packages: a, b\n")
    for n in range(8):
        (tmp_path / f"lib/python3.11/site-packages/package_{n}-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "lib/python3.11/site-packages/package_9-0.9.dist-info").mkdir()
    assert progress.due(18.0, tmp_path) == "unpacked 8 of 10, some seconds left"
    assert progress.due(21.0, tmp_path) == ""  # the same words again
    for n in (8, 9):
        (tmp_path / f"lib/python3.11/site-packages/package_{n}-1.0.dist-info").mkdir(parents=True)
    assert progress.due(24.0, tmp_path) == "unpacked; compiling the last of them …"
    assert progress.due(38.0, tmp_path) == ""
    assert progress.due(40.0, tmp_path) == "unpacked; compiling the last of them …"


def test_what_is_there_already_counts(tmp_path: Path) -> None:
    progress = Progress(["a==1", "b==1"], now=0.0)
    progress.hear("Requirement already satisfied: a==1 in ./lib\n")
    assert progress.due(3.0, tmp_path) == "fetched 1 of 2"


def test_an_index_that_does_not_answer_is_told_while_it_is_asked_again(tmp_path: Path) -> None:
    progress = Progress(["a==1", "b==1"], now=0.0)
    progress.hear("WARNING: Retrying (Retry(total=1, connect=None)) after connection broken by 'ReadTimeoutError'\n")
    assert progress.due(3.0, tmp_path) == "the package index does not answer; asking again …"
    progress.hear("Collecting a==1\n")
    assert progress.due(6.0, tmp_path) == "fetched 1 of 2"


# --- what stands in the way


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "no room left"),
        ("OSError: [Errno 122] Disk quota exceeded: 'x'", "no room left"),
        ("Error: [Errno 28] No space left on device: '/x/.venv'", "no room left"),
        ("ERROR: Could not install packages: [Errno 13] Permission denied: '/x'", "may not be written"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "may not be written"),
        ("Error: [Errno 13] Permission denied: '/x/.venv'", "may not be written"),
        ("… was not created successfully because ensurepip is not available.  On Debian/Ubuntu", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("/usr/bin/python3: No module named 'ensurepip'", "python3-venv"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …'))", "PIP_CERT"),
        ("WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(…)': /simple/six/", "PIP_CERT"),
        ("certificate verify failed: self-signed certificate in certificate chain", "PIP_CERT"),
        ("ERROR: HTTP error 401 while getting …\nERROR: 401 Client Error: Unauthorized for url", "who you are"),
        ("ERROR: 403 Client Error: Forbidden for url", "who you are"),
        ("OSError('Tunnel connection failed: 407 Proxy Authentication Required')", "who you are"),
        ("Retrying (Retry(total=1)) … 'NewConnectionError(…)': [Errno 111] Connection refused\n"
         "ERROR: No matching distribution found for six==1", "PIP_INDEX_URL"),
        ("Retrying (Retry(total=1)) … Temporary failure in name resolution", "PIP_INDEX_URL"),
        ("ProxyError('Cannot connect to proxy.', …)", "PIP_PROXY"),
        ("ReadTimeoutError: HTTPSConnectionPool: Read timed out. (ConnectTimeout)", "PIP_INDEX_URL"),
        ("ERROR: Could not find a version that satisfies the requirement six==1 (from versions: none)\n"
         "ERROR: No matching distribution found for six==1", "has no six==1 for this Python"),
        ("ERROR: No matching distribution found for msgspec==0.22.0; extra == 'x'", "has no msgspec==0.22.0 for"),
        ("ERROR: No matching distribution found for a", "has no a for this"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "other files than the lock"),
        ("error: subprocess-exited-with-error", "ready-made wheel"),
        ("ERROR: Failed building wheel for cffi", "ready-made wheel"),
        ("error: metadata-generation-failed", "ready-made wheel"),
        ("Collecting six\nERROR: Something nobody has seen.\nnote: more", "ERROR: Something nobody has seen"),
        ("only words\n\n", "only words"),
        ("", "it ended without a word"),
    ],
)  # fmt: skip
def test_the_cause_is_named_with_what_mends_it(said: str, told: str) -> None:
    assert told in advice(said)


def test_advice_names_settings_and_no_hosts() -> None:
    words = " ".join(words for _, words in environment.CAUSES)
    assert not re.search(r"https?://|pypi|\.org|\.com", words)


# --- make


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=clean | variables, capture_output=True, text=True, check=False
    )


def test_make_alone_tells_what_can_be_made() -> None:
    told = make()
    assert told.returncode == 0
    assert told.stdout == make("help").stdout
    listed = re.findall(r"^  make (\S+) +\S", told.stdout, re.MULTILINE)
    assert listed[0] == "help"
    targets = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(listed) == set(targets)


@pytest.mark.parametrize(
    ("target", "purpose"),
    [("sandbox", "sandbox"), ("operator", "operator"), ("docs", "function"), ("test", "developer"),
     ("update", "supply"), ("audit", "supply"), ("licences", "developer"),
     ("check", "developer"), ("venv", "developer"), ("package", "function"), ("checkov", "checkov")],
)  # fmt: skip
def test_a_target_makes_only_what_it_needs(target: str, purpose: str) -> None:
    made = re.findall(r"tools/environment\.py (\w+)", make("-n", target).stdout)
    assert made == [purpose]


def test_the_environment_is_made_once_for_several_targets() -> None:
    assert len(re.findall(r"tools/environment\.py", make("-n", "check", "test", "bench").stdout)) == 1


@pytest.mark.parametrize("script", ["exit 1", "echo no such version >&2; exit 127", "exec /nowhere/python"])
def test_a_python_that_cannot_is_told_in_words(tmp_path: Path, script: str) -> None:
    python = tmp_path / "python3.8"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    told = make("sandbox", f"PYTHON={python}")
    assert told.returncode == 2
    assert told.stderr.startswith(f"dmdesk needs Python 3.11 or newer, which {python} is not. Name one that is")
    assert "Traceback" not in told.stderr


# --- the papers


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "tests").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_calls_what_nothing_has_made(page: Path) -> None:
    """The first command in .venv comes after the one that makes it; the operator's after `make operator`."""
    text = page.read_text(encoding="utf-8")
    for call, makes in ((r"\.venv/bin/python", r"make (sandbox|venv|operator)"),
                        (r"\.venv/bin/dmdesk", r"make (\w+ )?(operator|venv)")):  # fmt: skip
        if first := re.search(call, text):
            assert re.search(makes, text[: first.start()]), first


def test_who_works_on_it_is_shown_make_help_first() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Work on it")[2]
    commands = re.findall(r"`make (\S+)`", section)
    assert commands[0] == "help"
    assert set(commands) <= set(re.findall(r"^  make (\S+)", make("help").stdout, re.MULTILINE))
