"""The real package, as `make package` makes it, unzipped as Lambda has it."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import botocore
import msgspec

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "bench"
# it runs here, whatever the functions' processor is
HERE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """Where it lies unzipped, and its sizes in bytes. `plain` is the same with botocore's data as pip installs them:
    what the floors start from."""

    folder: Path
    plain: Path
    zipped: int
    unzipped: int


def package() -> Package:
    """Builds it, unless nothing that goes in has changed since."""
    archive, folder, plain = OUT / "dmdesk.zip", OUT / "unzipped", OUT / "plain"
    inputs = [ROOT / "app.py", ROOT / "requirements.txt", *ROOT.glob("tools/*.py"), *ROOT.glob("chalicelib/**/*.py")]
    if not archive.exists() or archive.stat().st_mtime < max(path.stat().st_mtime for path in inputs):
        command = [sys.executable, "-m", "tools.package", "--arch", HERE, "--out", str(OUT)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for place in (folder, plain):
        shutil.rmtree(place, ignore_errors=True)
        with zipfile.ZipFile(archive) as made:
            made.extractall(place)
    _undo(plain / "botocore" / "data")
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return Package(folder=folder, plain=plain, zipped=archive.stat().st_size, unzipped=sum(sizes))


def _undo(thinned: Path) -> None:
    """Gives back what tools/thinning.py took: of the very release that is in the package."""
    whole = Path(botocore.__file__).parent / "data"
    for file in thinned.rglob("*.json*"):
        shutil.copy(whole / file.relative_to(thinned), file)
