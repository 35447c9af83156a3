"""What a refusal says to do is done, once each: it must not lead to another refusal.

Where the remedy is to take the backup again, or to load it with another tool, the healthy script of the same table
stands for what comes out.
"""

import base64
import gzip
import re
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.artifacts.dump.compression import compression
from harness.base.errors import BrokenArtifact, UsageError
from harness.cli.command_line import main
from harness.procedure.restore.storage import check_storage
from tests.unit.dump.test_dump_safety import REFUSED
from tests.unit.inputs.test_cases import ANSWERS, CASES
from tests.unit.inputs.test_zips import DUMP, RESUME, SCRIPT, zip_of

AGAIN = CASES / "definer-stripped" / "d.sql"
"""A healthy dump of the table of all cases."""

TABLE = (CASES / "use-before-header" / "d.sql").read_bytes().split(b"\n", 2)[2]
PACKED = gzip.compress(TABLE)
DATA = Path(__file__).parent / "data"

DECRYPT = "Name the program and its key (--decrypt {}, --decrypt-key-file FILE), or decrypt it first."
UNPACK = "Decompress it first, and use the result; gzip, zstd, xz and bzip2 are read directly."
ELSEWHERE = "Redirect error output to another file (2>errors.log), and take the backup again."
LOAD = (
    "This drill restores SQL dumps: load the backup into a server of its own with {}, and verify a mysqldump of that "
    "server."
)
UNZIP = "Extract it (unzip {} -d DIRECTORY), then give the dump with --dump and the storage with --storage."

Follow = Callable[[Path, Path], tuple[str, ...]]
"""What is given instead of a refused input, given a directory to work in: arguments of `inspect`."""


@dataclass(frozen=True)
class Remedy:
    """A refused input.

    Args:
        make: the input, in a directory.
        message: the remedy that is printed, `{}` for the file's name.
        follow: does what it says.
    """

    make: Callable[[Path], Path]
    message: str
    follow: Follow


def case(name: str) -> Callable[[Path], Path]:
    return lambda _: CASES / name


def again(_: Path, __: Path) -> tuple[str, ...]:
    return (str(AGAIN),)


def unpacked(*command: str) -> Follow:
    """By a program that writes to standard output."""

    def follow(path: Path, place: Path) -> tuple[str, ...]:
        script = place / "unpacked.sql"
        script.write_bytes(subprocess.run([*command, path], check=True, capture_output=True).stdout)
        return (str(script),)

    return follow


def written(place: Path, content: bytes) -> Path:
    path = place / "d.sql"
    path.write_bytes(content)
    return path


def without_messages(path: Path, place: Path) -> tuple[str, ...]:
    """The same backup, with the output of programs gone to another file."""
    kept = [
        line
        for line in path.read_bytes().splitlines(keepends=True)
        if not line.startswith((b"Warning: ", b"Welcome ", b"mysqldump: "))
    ]
    script = place / "clean.sql"
    script.write_bytes(b"".join(kept))
    assert script.stat().st_size < path.stat().st_size
    return (str(script),)


def inflated(path: Path, place: Path) -> tuple[str, ...]:
    script = place / "inflated.sql"
    script.write_bytes(zlib.decompress(path.read_bytes()))
    return (str(script),)


def encrypted(place: Path) -> Path:
    """With a password that is known, unlike that of the case."""
    path = place / "known.enc"
    command = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:bees", "-in", AGAIN, "-out", path]
    subprocess.run(command, check=True)
    return path


def unzipped(path: Path, place: Path) -> tuple[str, ...]:
    subprocess.run(["unzip", "-q", path, "-d", place / "unzipped"], check=True)
    return (str(place / "unzipped" / DUMP[0]),)


def folder(place: Path, **scripts: bytes) -> Path:
    """A BACKUP of these files, `_` for a dot and `__` for a slash, and a storage."""
    for name, content in scripts.items():
        path = place / "backup" / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (place / "backup" / "files" / "resumes").mkdir(parents=True, exist_ok=True)
    return place / "backup"


def joined(pattern: str) -> Follow:
    """`cat` of these files, in a directory of its own."""

    def follow(path: Path, place: Path) -> tuple[str, ...]:
        together = place / pattern.removesuffix(".*").replace("*", "apiary")
        together.write_bytes(b"".join(part.read_bytes() for part in sorted(path.glob(pattern))))
        return (str(together),)

    return follow


def in_base64(place: Path) -> Path:
    path = place / "apiary.sql.gz.b64"
    path.write_bytes(base64.encodebytes(gzip.compress(AGAIN.read_bytes())))
    return path


def with_password(path: Path, place: Path) -> tuple[str, ...]:
    secret = place / "secret"
    secret.write_text("bees\n")
    secret.chmod(0o600)
    return (str(path), "--password-file", str(secret))


REMEDIES = (
    Remedy(case("age/d.sql.age"), DECRYPT.format("age"), again),
    Remedy(case("openssl/d.sql.enc"), DECRYPT.format("openssl"), again),
    Remedy(
        encrypted,
        DECRYPT.format("openssl"),
        unpacked("openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:bees", "-in"),
    ),
    Remedy(case("lz4/d.sql.lz4"), UNPACK, unpacked("lz4", "-dc")),
    Remedy(case("zlib/d.sql.z"), UNPACK, inflated),
    Remedy(case("mydumper-dir/d"), LOAD.format("myloader"), again),
    Remedy(case("mysqlsh-dir/d"), LOAD.format("util.loadDump"), again),
    Remedy(
        case("flush-privileges/d.sql"),
        "Choose one of them with --database.",
        lambda path, _: (str(path), "--database", "apiary"),
    ),
    Remedy(
        case("qualified-names/d.sql"),
        "It loads only into a database named forge: make the dump with mysqldump, which writes unqualified names.",
        again,
    ),
    Remedy(case("only-a-message/d.sql"), ELSEWHERE, again),
    Remedy(case("text-first-apostrophe/d.sql"), ELSEWHERE, without_messages),
    Remedy(case("text-first-plain/d.sql"), ELSEWHERE, without_messages),
    Remedy(case("text-middle-couldnt/d.sql"), ELSEWHERE, without_messages),
    Remedy(in_base64, "Decode it first (base64 -d), and use the result.", unpacked("base64", "-d")),
    Remedy(
        lambda place: folder(place, apiary_sql_gz_aa=PACKED[:200], apiary_sql_gz_ab=PACKED[200:]),
        "If they are parts of one file (split): put them together (cat apiary.sql.gz.* > apiary.sql.gz), and use the "
        "result.",
        joined("apiary.sql.gz.*"),
    ),
    Remedy(
        lambda place: folder(place, **{f"{name}_sql": TABLE.replace(b"hives", name.encode()) for name in "abc"}),
        "If there is one script per table, concatenate them (cat *.sql > apiary.sql) and use the result.",
        joined("*.sql"),
    ),
    Remedy(
        lambda place: folder(place, mon__apiary_sql=TABLE, tue__apiary_sql=TABLE),
        "Name one of them; where each holds one night, [backup] directory of apiary-drill.toml takes a pattern, and "
        "the newest that it matches.",
        lambda path, _: (str(path / "tue" / "apiary.sql"),),
    ),
    Remedy(
        lambda _: DATA / "mysqlpump-8.0.33-two-databases.sql",
        "Its parts cannot be separated: make a dump of the database alone.",
        lambda *_: (str(DATA.parents[1] / "dump/data/versions/mysqlpump-8.0.33.sql"),),
    ),
    Remedy(
        lambda place: written(place, AGAIN.read_text().encode("utf-16")),
        "Let the tool write the file itself, with --result-file.",
        again,
    ),
    Remedy(
        lambda place: written(place, AGAIN.read_bytes().replace(b"'north'", b"north")),
        "A filter took the quotes out, or a tool wrote none: take the backup again, with mysqldump alone.",
        again,
    ),
    Remedy(lambda place: zip_of(place / "db.zip", DUMP), UNZIP, unzipped),
    Remedy(lambda place: zip_of(place / "two.zip", DUMP, ("db-dumps/b.sql", SCRIPT), RESUME), UNZIP, unzipped),
    Remedy(
        lambda place: zip_of(place / "locked.zip", DUMP, RESUME, password=b"bees"),
        "Put the password into a file that only you can read, and give it with --password-file FILE.",
        with_password,
    ),
)


def inspected(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["inspect", *arguments])


def test_each_remedy_is_followed_once(tmp_path: Path) -> None:
    """The remedy is the one that is printed; what it leads to may run."""
    for number, remedy in enumerate(REMEDIES):
        place = tmp_path / str(number)
        place.mkdir()
        path = remedy.make(place)
        refused = inspected(str(path))
        assert refused.exit_code in (1, 2), path
        assert f"HINT: {remedy.message.format(path.name)}\n" in refused.output, path
        followed = inspected(*remedy.follow(path, place))
        assert followed.exit_code == 0, (path, followed.output)
        assert "No problems found." in followed.output, path


def test_the_remedy_of_every_refused_case_is_followed(tmp_path: Path) -> None:
    known = {remedy.make(tmp_path) for remedy in REMEDIES if remedy.make(tmp_path).is_relative_to(CASES)}
    assert known == {CASES / answer.path for answer in ANSWERS if answer.refused}


def test_an_archive_with_names_in_front_is_made_again_without_them(tmp_path: Path) -> None:
    """`tar-verbose-mixed`: "remove that from the command"."""
    mixed = CASES / "tar-verbose-mixed" / "s.tar.gz"
    with pytest.raises(BrokenArtifact) as wrong:
        check_storage(mixed, tmp_path / "files.jsonl")
    assert "remove that from the command" in wrong.value.hints[0]
    content = mixed.read_bytes()
    at = next(at for at in range(len(content)) if compression(content[at : at + 4]))
    (tmp_path / "s.tar.gz").write_bytes(content[at:])
    assert check_storage(tmp_path / "s.tar.gz", tmp_path / "files.jsonl").totals.directories


ALLOW = re.compile(r"allow (\S+) with --allow")


def test_a_code_that_a_remedy_offers_to_allow_lets_the_script_run(tmp_path: Path) -> None:
    """And where none is offered, the remedy is to take the statement out, or another backup."""
    head, footer, tail = AGAIN.read_bytes().rpartition(b"-- Dump completed")
    path, offered = tmp_path / "d.sql", set[str]()
    for statement, code, _ in REFUSED:
        path.write_bytes(head + statement + footer + tail)
        refused = inspected(str(path))
        assert refused.exit_code == 1, statement
        (remedy,) = [line for line in refused.output.splitlines() if line.startswith("HINT: ")][:1]
        found = ALLOW.search(" ".join(refused.output.split()))
        if found is None:
            assert re.search("[Rr]emove (the statement|the line|it)|one by one|a dump of the database alone", remedy)
            continue
        assert found[1] == code, statement
        offered.add(code)
        assert inspected(str(path), "--allow", code).exit_code == 0, statement
    assert {"computed-value", "dynamic-sql", "remote-table", "unsafe-charset"} <= offered
    several = b"CREATE TABLE `v` (`a` int);\nINSERT INTO `v` VALUES ((SELECT 1));\nPREPARE s FROM 'x';\n"
    path.write_bytes(head + several + footer + tail)
    assert "allow computed-value and dynamic-sql with --allow" in " ".join(inspected(str(path)).output.split())
    assert inspected(str(path), "--allow", "computed-value", "--allow", "dynamic-sql").exit_code == 0
    path.write_bytes(head + several + b"SELECT 1;\n" + footer + tail)
    assert not ALLOW.search(inspected(str(path)).output), "allowing two of the three would lead to the third"


def test_an_incremental_archive_is_made_again_as_a_whole_one(tmp_path: Path) -> None:
    """`tar -g` writes a member of its own for each directory; what is not in it lies in earlier archives."""
    (tmp_path / "app" / "resumes").mkdir(parents=True)
    archive, listed = tmp_path / "s.tar.gz", tmp_path / "files.jsonl"
    made = ["tar", "-C", str(tmp_path / "app"), "-czf", str(archive)]
    subprocess.run([*made, "-g", str(tmp_path / "list"), "."], check=True)
    with pytest.raises(UsageError, match="is an incremental archive of GNU tar") as wrong:
        check_storage(archive, listed)
    assert "--listed-incremental (-g)" in wrong.value.hints[0]
    subprocess.run([*made, "."], check=True)
    assert check_storage(archive, listed).totals.directories
