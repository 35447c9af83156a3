"""A client options file is read as `mysql` reads it: the same options, from the real programs' own printer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.inputs.mysql_options import client_options
from tests.tables import over_table

TEXT = r"""
# a remark
; another
[mysqld]
user = server
[client]
user=backup
password = "a # b \"c\" \s\\d"   # a remark
loose-ssl_mode = REQUIRED
socket='/run/my socket' # one more
host = a b # c
quick
[mysqldump]
port=3307
"""


def test_options_of_the_groups_that_count(tmp_path: Path) -> None:
    (tmp_path / "my.cnf").write_text(TEXT)
    assert client_options(tmp_path / "my.cnf") == {
        "user": "backup",
        "password": 'a # b "c"  \\d',
        "ssl-mode": "REQUIRED",
        "socket": "/run/my socket",
        "host": "a b",
        "quick": "",
        "port": "3307",
    }


def test_the_real_program_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(TEXT)
    argv = ["my_print_defaults", f"--defaults-file={file}", "client", "mysqldump"]
    printed = subprocess.run([*argv, "--show"], capture_output=True, text=True, check=False)
    if printed.returncode:  # MariaDB's hides nothing, and has no such option
        printed = subprocess.run(argv, capture_output=True, text=True, check=True)
    options = [line.removeprefix("--").removeprefix("loose-").partition("=") for line in printed.stdout.splitlines()]
    assert {name.replace("_", "-"): value for name, _, value in options} == client_options(file)


def test_files_that_are_included(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/b.cnf").write_text("[client]\nport=2\n")
    (tmp_path / "more/a.cnf").write_text("[client]\nport=1\nhost=a\n")
    (tmp_path / "more/c.txt").write_text("[client]\nport=3\n")
    (tmp_path / "one.cnf").write_text("[client]\nuser=one\n")
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nhost=first\n!include {tmp_path / 'one.cnf'}\n!includedir {tmp_path / 'more'}\n")
    assert client_options(file) == {"host": "a", "user": "one", "port": "2"}
    file.write_text(f"!include {file}\n")
    with pytest.raises(UsageError, match="more than 10 files include each other"):
        client_options(file)


@over_table(
    "text, message",
    [
        ("user=secret\n", "line 1: an option stands before the first [group]"),
        ("[client]\n!inclode x\n", "line 2: !inclode is not a directive"),
        ("[client]\n!include /nowhere/my.cnf\n", "cannot read the client options file /nowhere/my.cnf: No such file"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_values(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "my.cnf").write_text(text)
    with pytest.raises(UsageError) as caught:
        client_options(tmp_path / "my.cnf")
    assert message in caught.value.fact
    assert "secret" not in str(caught.value)
