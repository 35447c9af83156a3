"""`apiary-drill evidence`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import TypeAdapter

from harness.cli.context import settings_for
from harness.cli.options.group import FILE
from harness.cli.options.help import CommandGroup
from harness.records.attestation.check import State, Verification, verify_evidence
from harness.records.attestation.keys import PUBLIC_SUFFIX, generate, load_public, read_passphrase
from harness.reports.terminal import Terminal, console_for, print_json

_MARKS = {State.SAME: "[green]✓[/]", State.CHANGED: "[red]✗[/]", State.MISSING: "[yellow]?[/]"}
_STATES = {State.SAME: "unchanged", State.CHANGED: "changed since signing", State.MISSING: "not found"}


@click.group(cls=CommandGroup)
def evidence() -> None:
    """Make keys, and verify signed statements about drills (docs/evidence.md)."""


@evidence.command(
    epilog="\b\nExit codes:\n  0  the signature is valid and every file is unchanged\n  1  a file was changed, or "
    "another key signed\n  2  bad usage\n  3  not everything could be checked: no key was given, or a file "
    "was not found\n"
)
@click.argument("file", type=FILE)
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=FILE,
    metavar="PUB",
    help="Trusted public key (repeatable). Without it the signature is not checked.",
)
@click.option(
    "--artifact",
    "artifacts",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE_OR_DIR",
    help="The backup's directory, or a signed file that was moved (repeatable).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(file: Path, keys: tuple[Path, ...], artifacts: tuple[Path, ...], as_json: bool) -> None:
    """Verify signed evidence offline.

    Says which key signed, and whether any byte of the signed files changed. Files are searched beside FILE, in its
    backup/ directory, and where --artifact says.

    \b
    Example:
      apiary-drill evidence verify RUN_DIR/evidence.intoto.jsonl --key drill-key.pub --artifact backups/2026-11-22
    """  # fmt: skip
    found = verify_evidence(file, [load_public(key) for key in keys], artifacts)
    if as_json:
        print_json(TypeAdapter(Verification).dump_json(found, indent=2).decode())
    else:
        _show(console_for(), found)
    sys.exit(found.exit_code)


@evidence.command()
@click.argument("file", type=FILE)
@click.option(
    "--passphrase-file",
    type=FILE,
    metavar="FILE",
    help="File with the passphrase of the private key.  [default: APIARY_DRILL_SIGN_PASSPHRASE]",
)
def keygen(file: Path, passphrase_file: Path | None) -> None:
    """Create an ed25519 key pair.

    FILE is the private key, FILE.pub the public one, for whoever verifies.

    \b
    Example:
      apiary-drill evidence keygen drill-key
    """  # fmt: skip
    passphrase = read_passphrase(passphrase_file) if passphrase_file else settings_for().notifications.sign_passphrase
    key_id = generate(file, passphrase)
    console = console_for()
    for line in (
        f"private key  {file}  ({('' if passphrase else 'not ')}encrypted; only the drill needs read access)",
        f"public key   {file}{PUBLIC_SUFFIX}  (for verification; publish it where nobody can replace it)",
        f"key id       {key_id}",
    ):
        console.whole(line)


def _show(console: Terminal, found: Verification) -> None:
    predicate = found.predicate
    tool = predicate.get("tool") or {}
    expected = predicate.get("expectedVerdict")
    control = f" (a negative control: expected {expected})" if expected != "PASS" else ""
    console.whole(f"Drill        {predicate.get('drillId')}, verdict {predicate.get('verdict')}{control}")
    console.whole(f"Ran          {predicate.get('startedAt')} to {predicate.get('endedAt')}")
    console.whole(f"Signed       {predicate.get('signedAt')} by {tool.get('name')} {tool.get('version')}")
    console.whole(f"Key          {found.key_id}")
    console.print()
    for file in found.files:
        where = f" ({file.path})" if file.path and file.state is not State.MISSING else ""
        console.print(f"{_MARKS[file.state]} ", end="")
        console.whole(f"{file.name} {_STATES[file.state]}{where}")
    for name in found.unused:
        console.print("[yellow]?[/] ", end="")
        console.whole(f"{name} is not among the signed files")
    console.print()
    changed = sum(file.state is State.CHANGED for file in found.files)
    missing = sum(file.state is State.MISSING for file in found.files)
    if changed:
        console.print(f"[bold red]{changed} of {len(found.files)} files were changed after signing.[/]")
    elif not found.key_checked:
        console.whole("The signature was not checked: give the trusted public key with --key.")
    elif missing:
        files = f"{missing} of {len(found.files)} files"
        console.whole(f"The signature is valid, but {files} were not found: give their location with --artifact.")
    elif found.unused:
        console.whole("The signature is valid, but some of the given files are not covered by it.")
    else:
        console.print("[bold green]The signature is valid, and every file is unchanged.[/]")
