"""Files that age, gpg and openssl encrypted, with the real programs: read as a stream, or refused in one sentence."""

import gzip
import os
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.source import Parts, open_script
from harness.base.errors import BrokenArtifact, UsageError
from harness.inputs.sources.encrypted import Decryption, decrypted
from harness.procedure.restore.storage import check_storage
from tests.engines import must_find
from tests.unit.storage.tars import file, tar_of

pytestmark = pytest.mark.xdist_group("stores")

SCRIPT = b"-- MySQL dump 10.13\nCREATE TABLE `t` (`a` int);\n" + b"".join(
    b"INSERT INTO `t` VALUES (%d);\n" % random.Random(1).getrandbits(30) for _ in range(20_000)
)


@dataclass(frozen=True)
class Kind:
    """A program with a key and a wrong one, and how it encrypts a file."""

    encrypt: Callable[[Path, Path], object]
    right: Decryption
    wrong: Decryption


def run(*argv: str | Path) -> None:
    subprocess.run([str(word) for word in argv], check=True, capture_output=True)


@pytest.fixture(params=["age", "gpg", "openssl"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    program = request.param
    must_find(program, "gnupg" if program == "gpg" else program)
    keys = tmp_path / "keys"
    keys.mkdir()
    right, wrong = keys / "right", keys / "wrong"
    env = {**os.environ, "GNUPGHOME": str(keys)}
    keys.chmod(0o700)
    if program == "age":
        for key in (right, wrong):
            run("age-keygen", "-o", key)
        public = subprocess.run(["age-keygen", "-y", right], check=True, capture_output=True, text=True).stdout.strip()
        return Kind(
            lambda file, to: run("age", "-r", public, "-o", to, file),
            Decryption("age", right, env=env),
            Decryption("age", wrong, env=env),
        )
    right.write_text("secret\n")
    wrong.write_text("other\n")
    if program == "gpg":
        batch = ("gpg", "--homedir", keys, "--batch", "--pinentry-mode", "loopback", "--passphrase-file", right)
        return Kind(
            lambda file, to: run(*batch, "-c", "-o", to, file),
            Decryption("gpg", right, env=env),
            Decryption("gpg", wrong, env=env),
        )
    options = ("-aes-256-ctr", "-pbkdf2", "-iter", "1000")
    return Kind(
        lambda file, to: run("openssl", "enc", *options, "-pass", f"file:{right}", "-in", file, "-out", to),
        Decryption("openssl", right, options, env=env),
        Decryption("openssl", wrong, options, env=env),
    )


def test_a_script_and_an_archive_are_read_with_the_key_and_refused_with_another(kind: Kind, tmp_path: Path) -> None:
    """Both again and again, as a drill does; nothing but the encrypted files is on disk. A plain one stays as it is."""
    script, archive = tmp_path / "apiary.sql.gz", tmp_path / "storage.tar"
    script.write_bytes(gzip.compress(SCRIPT))
    archive.write_bytes(tar_of(file("resumes/a.pdf", b"%PDF-")))
    plain = tmp_path / "rows.sql"
    plain.write_bytes(SCRIPT)
    secret, files = tmp_path / "apiary.sql.gz.enc", tmp_path / "storage.tar.enc"
    kind.encrypt(script, secret)
    kind.encrypt(archive, files)
    script.unlink()
    archive.unlink()
    before = sorted(tmp_path.rglob("*"))

    dump, storage = decrypted(secret, files, kind.right)
    for _ in range(2):
        assert b"".join(open_script(dump)) == SCRIPT
    assert examine(dump)[0].databases[0].rows == 20_000
    inventory = tmp_path / "inventory"
    assert check_storage(storage, inventory).totals.files == 1
    inventory.unlink()
    pair, unchanged = decrypted(Parts((secret, plain)), tmp_path, kind.right)
    assert b"".join(open_script(pair)) == SCRIPT + b"\n" + SCRIPT + b"\n"
    assert unchanged == tmp_path
    assert sorted(path for path in tmp_path.rglob("*") if "keys" not in path.parts) == [
        path for path in before if "keys" not in path.parts
    ]

    dump, storage = decrypted(secret, files, kind.wrong)
    for read in (lambda: b"".join(open_script(dump)), lambda: check_storage(storage)):
        with pytest.raises(UsageError) as refused:
            read()
        assert refused.value.exit_code == 2
        assert f"the key in {kind.wrong.key_file} does not open " in refused.value.fact
    with pytest.raises(UsageError, match=r"neither rows\.sql nor the storage is encrypted with it"):
        decrypted(plain, tmp_path, kind.right)

    secret.write_bytes(secret.read_bytes()[:-1000])
    with pytest.raises(BrokenArtifact) as cut:
        b"".join(open_script(decrypted(secret, files, kind.right)[0]))
    assert cut.value.exit_code == 1


def test_the_commands_of_the_page_make_what_is_read(tmp_path: Path) -> None:
    """Each with the key that the page names: a file, or for gpg's public keys its agent alone; without it, refused."""
    for program in ("age", "gpg", "openssl"):
        must_find(program, "gnupg" if program == "gpg" else program)
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()
    script, home = tmp_path / "apiary.sql.gz", tmp_path / "gnupg"
    script.write_bytes(gzip.compress(SCRIPT))
    home.mkdir(mode=0o700)
    (tmp_path / "keys").mkdir()
    passphrase = tmp_path / "keys" / "passphrase"
    passphrase.write_text("secret\n")
    env = {**os.environ, "GNUPGHOME": str(home)}

    def made(begins: str, *options: str, **names: str) -> Path:
        """The file that a command of the page makes: nobody is there to type, and `…` are names of files."""
        (line,) = re.findall(rf"`({re.escape(begins)}[^`]*)`", page)
        for theirs, ours in names.items():
            line = line.replace(theirs, ours)
        program, *arguments = line.split()
        before = set(tmp_path.iterdir())
        subprocess.run([program, *options, *arguments], cwd=tmp_path, env=env, check=True, capture_output=True)
        (new,) = set(tmp_path.iterdir()) - before or {tmp_path / "keys"}
        return new

    made("age-keygen")
    public = subprocess.run(
        ["age-keygen", "-y", "keys/age"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.strip()
    unattended = ("--batch", "--pinentry-mode", "loopback", "--passphrase-file", str(passphrase))
    subprocess.run(
        ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "apiary", "default", "default", "never"],
        env=env, check=True, capture_output=True,
    )  # fmt: skip
    files = "apiary.sql.gz", "apiary.sql.gz.enc"
    for encrypted, decryption in (
        (made("age -r", RECIPIENT=public), Decryption("age", tmp_path / "keys/age", env=env)),
        (made("gpg -e", "--batch", RECIPIENT="apiary"), Decryption("gpg", env=env)),
        (
            made("openssl enc", **{"-in …": f"-in {files[0]} -pass file:{passphrase}",
                                   "-out …": f"-out {files[1]}"}),
            Decryption("openssl", passphrase, env=env),
        ),
    ):  # fmt: skip
        assert b"".join(open_script(decrypted(encrypted, tmp_path, decryption)[0])) == SCRIPT
    (tmp_path / "apiary.sql.gz.gpg").rename(tmp_path / "asymmetric.gpg")
    secret = made("gpg -c", *unattended)
    assert b"".join(open_script(decrypted(secret, tmp_path, Decryption("gpg", passphrase, env=env))[0])) == SCRIPT
    nobody = {**env, "GNUPGHOME": str(tmp_path / "nobody")}
    (tmp_path / "nobody").mkdir(mode=0o700)
    with pytest.raises(UsageError, match="no key of gpg's own keyring opens asymmetric"):
        b"".join(open_script(decrypted(tmp_path / "asymmetric.gpg", tmp_path, Decryption("gpg", env=nobody))[0]))


def test_what_is_missing_is_reported_before_anything_is_read(tmp_path: Path) -> None:
    for decryption, message in (
        (Decryption("age", env=os.environ), "--decrypt age needs the key"),
        (Decryption("age", tmp_path / "none", env=os.environ), "--decrypt-key-file: cannot read "),
        (Decryption("gpg", env={"PATH": "/nowhere"}), "--decrypt gpg: there is no program gpg on this machine"),
    ):
        with pytest.raises(UsageError) as missing:
            decryption.check()
        assert missing.value.fact.startswith(message)
