"""What is built is what is in the repository: the wheel holds every file that the package needs to run."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    """Modules, schema, data, recipes and scenarios: nothing is left behind in the checkout."""
    copy = tmp_path / "checkout"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "harness", "scenarios", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    names = [name.decode() for name in tracked.split(b"\0") if name]
    copy.mkdir()
    subprocess.run(
        ["tar", "-cf", str(tmp_path / "tree.tar"), "-C", str(ROOT), *(n for n in names if (ROOT / n).exists())],
        check=True,
    )
    subprocess.run(["tar", "-xf", str(tmp_path / "tree.tar"), "-C", str(copy)], check=True)
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(copy)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("apiary_restore_drill-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {name for name in names if name.startswith("harness/") and not (ROOT / name).is_symlink()}
    wanted |= {
        name.replace("scenarios/", "harness/scenario/shipped/") for name in names if name.startswith("scenarios/")
    }
    assert wanted - held == set()


def test_the_old_search_engine_is_left_out_where_it_cannot_be_installed() -> None:
    """`milli` has no wheel for Python 3.13, and its source ends in a compiler's traceback; no more has the fuzzer for
    3.14. pip-compile loses the markers of extras: they are put back by hand."""
    for part, name, first_without in (("dev", "milli", "3.13"), ("fuzz", "atheris", "3.14")):
        pinned = (ROOT / f"requirements-{part}.txt").read_text()
        assert re.search(rf'^{name}==[\d.]+ ; python_version < "{first_without}" \\$', pinned, re.MULTILINE), name


def test_no_file_has_two_sides_of_a_merge() -> None:
    """A style sheet is read over such lines, and nobody sees it."""
    found = subprocess.run(["git", "grep", "-lE", "^(<<<<<<<|>>>>>>>) "], cwd=ROOT, capture_output=True, check=False)
    assert (found.returncode, found.stdout) == (1, b"")
