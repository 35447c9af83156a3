"""Files that stay encrypted on disk: `age`, `gpg` or `openssl` decrypts them each time they are read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from harness.artifacts.dump.compression import compression
from harness.artifacts.dump.formats import FIRST_BYTES, encryption, other_format
from harness.artifacts.dump.source import Dump, Encrypted, Parts, files_of
from harness.base.errors import BrokenArtifact, UsageError
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import limited

S = TypeVar("S")

PROGRAMS = ("age", "gpg", "openssl")
OPENSSL_OPTIONS = ("-aes-256-cbc", "-pbkdf2")

_END_S = 60.0
_WRONG_KEY = (
    b"no identity matched", b"unknown identity type", b"malformed secret key", b"no secret keys", b"NO_SECKEY",
    b"No secret key", b"BAD_PASSPHRASE", b"Bad session key", b"Bad passphrase", b"bad decrypt",
)  # fmt: skip
"""What the programs say of a key: age 1.1, GnuPG 2.2 (status lines, and of a public key the reason), OpenSSL 3.0."""


@dataclass(frozen=True, slots=True)
class Decryption:
    """How files are decrypted.

    Args:
        key_file: identities of age, the passphrase of openssl, or of gpg, which needs none with an agent.
        options: of `openssl enc`, instead of `OPENSSL_OPTIONS`.
        env: environment of the program: its agent is found through it.
        limit_s: how long one reading may take.
    """

    program: str
    key_file: Path | None = None
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    limit_s: float = 6 * 3600.0

    def check(self) -> None:
        """Raise UsageError if the program or the key is missing."""
        if shutil.which(self.program, path=self.env.get("PATH")) is None:
            raise UsageError(
                f"--decrypt {self.program}: there is no program {self.program} on this machine",
                f"apt-get install {'gnupg' if self.program == 'gpg' else self.program}",
            )
        if self.key_file is None and self.program != "gpg":
            raise UsageError(
                f"--decrypt {self.program} needs the key", "Name the file that holds it: --decrypt-key-file FILE."
            )
        try:
            if self.key_file is not None:
                self.key_file.open("rb").close()
        except OSError as error:
            raise UsageError(f"--decrypt-key-file: cannot read {self.key_file}: {error.strerror}") from None

    def dump(self, dump: Dump) -> Dump:
        """A script, decrypted where it is encrypted in this way."""
        if isinstance(dump, Parts):
            return Parts(tuple(self.dump(each) for each in dump.scripts))
        return Encrypted(dump, self.chunks) if isinstance(dump, Path) and self._applies(dump) else dump

    def archive(self, path: Path) -> Path | Encrypted:
        """An archive of storage, decrypted where it is encrypted in this way."""
        return Encrypted(path, self.chunks) if self._applies(path) else path

    def chunks(self, path: Path) -> Iterator[bytes]:
        """What a file holds, as a stream; nothing of it is written to disk.

        Raises:
            UsageError: the key does not open it.
            BrokenArtifact: it is cut or damaged.
        """
        size = 0
        host = LocalHost({**self.env, "LC_ALL": "C"})  # gpg translates what it reports
        with (
            host.start(self._argv(path)) as command,
            limited(command, self.limit_s, f"{self.program} with {path.name}"),
        ):
            for chunk in command.chunks():
                if not size and self.program == "openssl" and not _plausible(chunk[:FIRST_BYTES]):
                    raise self._wrong_key(path)
                size += len(chunk)
                yield chunk
            ended = command.wait(_END_S)
        if ended.exit_status == 0:
            return
        if not size and any(message in ended.stderr.encode() for message in _WRONG_KEY):
            raise self._wrong_key(path)
        raise BrokenArtifact(
            f"{path.name} is cut or damaged: {self.program} decrypted {size} bytes of it and no more",
            "Copy it again, or take another backup.",
        )

    def _applies(self, path: Path) -> bool:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return encryption(file.read(FIRST_BYTES)) == self.program

    def _wrong_key(self, path: Path) -> UsageError:
        key = f"the key in {self.key_file}" if self.key_file else "no key of gpg's own keyring"
        opens = "does not open" if self.key_file else "opens"
        return UsageError(f"{key} {opens} {path.name} ({self.program})", "Name the key that it was encrypted for.")

    def _argv(self, path: Path) -> list[str]:
        """No secret is in it: keys stand in files, or are an agent's."""
        file = str(path.absolute())
        if self.program == "age":
            return ["age", "--decrypt", "--identity", str(self.key_file), file]
        if self.program == "gpg":
            key = ["--pinentry-mode", "loopback", "--passphrase-file", str(self.key_file)] if self.key_file else []
            return ["gpg", "--batch", "--no-tty", "--quiet", "--status-fd", "2", *key, "--decrypt", file]
        options = self.options or OPENSSL_OPTIONS
        return ["openssl", "enc", "-d", *options, "-pass", f"file:{self.key_file}", "-in", file]


def _plausible(first: bytes) -> bool:
    """Whether this can be what was encrypted: openssl checks nothing, and makes noise of a wrong key."""
    return bool(compression(first)) or first[257:262] == b"ustar" or other_format(first) is None


def decrypted(dump: Dump, storage: S, decryption: Decryption | None) -> tuple[Dump, S]:
    """A script and a storage as they are read with a key, if there is one.

    Raises:
        UsageError: neither of them is encrypted in this way, or the program or the key is missing.
    """
    if decryption is None:
        return dump, storage
    decryption.check()
    script = decryption.dump(dump)
    archive = cast("S", decryption.archive(storage)) if isinstance(storage, Path) else storage
    if script == dump and archive == storage:
        names = ", ".join(path.name for path in files_of(dump))
        raise UsageError(
            f"--decrypt {decryption.program}: neither {names} nor the storage is encrypted with it",
            "Leave the option out, or name the program that encrypted them.",
        )
    return script, archive
