"""Where storage directories are: the tests run the same against every kind of host."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.runtime.process.host import LocalCommand, LocalHost


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A storage directory with everything that one can hold, and names that only look like the excluded ones."""
    root = tmp_path / "source"
    for folder in (
        "resumes",
        "docusign/e-1",
        "nova-exports/deep",
        "dompdf",
        "nova-exports-2",
        "x/nova-exports",
        "empty",
    ):
        (root / folder).mkdir(parents=True)
    names = (
        b"resumes/a.pdf",
        b"docusign/e-1/Travel Information Form.pdf",
        b"nova-exports/export.csv",
        b"nova-exports/deep/export.csv",
        b"dompdf/font.ttf",
        b"nova-exports-2/kept.csv",
        b"x/nova-exports/kept.csv",
        b"new\nline \xff *",
        "é".encode(),
        "e\u0301".encode(),
    )
    for number, name in enumerate(names):
        path = root / os.fsdecode(name)
        path.write_bytes(b"content of " + name)
        os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))
    (root / "resumes" / "b.pdf").hardlink_to(root / "resumes" / "a.pdf")
    (root / "docusign" / "link").symlink_to("e-1")
    with (root / "sparse").open("wb") as file:
        file.seek(30 << 20)
        file.write(b"end")
    (root / "resumes" / "a.pdf").chmod(0o4640)
    (root / "docusign").chmod(0o2755)
    (root / "empty").chmod(0o500)
    root.chmod(0o711)
    if os.geteuid() == 0:
        os.chown(root / "resumes" / "a.pdf", 33, 33)
        os.chown(root / "docusign" / "link", 33, 1234, follow_symlinks=False)
        os.chown(root, 33, 33)
        (root / "resumes" / "a.pdf").chmod(0o4640)  # chown takes the bit away
    return root


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target"
    path.mkdir()
    return path


@dataclass(frozen=True)
class _HookedCommand:
    """A real command; `between` is called after the first piece of its output was taken."""

    command: LocalCommand
    between: Callable[[], None]

    def __enter__(self) -> _HookedCommand:
        return self

    def __exit__(self, *exc: object) -> None:
        self.command.__exit__(*exc)

    def chunks(self) -> Iterator[bytes]:
        pieces = self.command.chunks()
        yield next(pieces)
        self.between()
        yield from pieces

    def __getattr__(self, name: str) -> object:
        return getattr(self.command, name)


@dataclass(frozen=True)
class BusyHost:
    """This machine, with somebody who writes at a chosen moment: while tar reads, or before the second look."""

    while_tar: Callable[[], None] = lambda: None
    before_find: Callable[[], None] = lambda: None

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> Any:
        if argv[0] == "find":
            self.before_find()
        command = LocalHost().start(argv, env=env, stdin=stdin, user=user)
        return _HookedCommand(command, self.while_tar) if argv[0] == "tar" else command


@dataclass(frozen=True)
class UnprivilegedHost:
    """This machine, where every command runs as a user who may do nothing."""

    user: str = "65534" if os.geteuid() == 0 else str(os.geteuid())

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> LocalCommand:
        return LocalHost().start(argv, env=env, stdin=stdin, user=self.user if os.geteuid() == 0 else None)
