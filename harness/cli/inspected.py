"""What `inspect` is to read: the backup that was named, or that the configuration names, as `verify` finds it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from harness.artifacts.dump.source import Dump
from harness.artifacts.storage.safety import DEFAULT_LIMITS, ArchiveLimits
from harness.artifacts.storage.zipped import is_zip
from harness.base.errors import HarnessError
from harness.base.model import FileTotals
from harness.cli import config
from harness.cli.common import found_backup
from harness.cli.context import configuration
from harness.inputs.discover import is_tab
from harness.inputs.dumps import named_dump
from harness.inputs.sources.encrypted import Decryption, decrypted
from harness.inputs.sources.fetch import Sources
from harness.inputs.sources.stores import is_url
from harness.inputs.volumes import Volume
from harness.procedure.backup.scan import Storage
from harness.procedure.restore.storage import check_storage


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is to be inspected, as `verify` finds it; the storage only where it belongs to what was named."""

    dump: Dump
    storage: Storage | Volume | None = None
    limits: ArchiveLimits = DEFAULT_LIMITS
    database: str | None = None
    allowed: tuple[str, ...] = ()


def inspected(
    names: tuple[str, ...],
    config_file: Path | None,
    password: bytes | None,
    decryption: Decryption | None,
    sources: Sources,
) -> Inspected:
    """The backup, the database and the codes that are allowed, as `verify` finds them."""
    if names:
        if config_file is not None:
            raise click.UsageError("--config names the backup: omit FILE")
        paths = [sources.url(name, "database") if is_url(name) else Path(name) for name in names]
        path = paths[0]
        if len(names) == 1 and (is_zip(path) or (path.is_dir() and not is_tab(path))):
            backup = found_backup(path, password)
            return Inspected(*decrypted(backup.dump, backup.storage, decryption))
        return Inspected(decrypted(named_dump(paths), None, decryption)[0])
    file = configuration(config_file)
    if file is None:
        raise click.UsageError("no input: give a dump FILE or a BACKUP directory, or name them in ./apiary-drill.toml")
    configured = config.load(file)
    base = file.absolute().parent
    found = config.locate(configured, base, sources, password)
    decryption = decryption or configured.backup.decryption(base, sources)
    return Inspected(
        *decrypted(found.dump, found.storage, decryption),
        ArchiveLimits.of(found.max_storage_bytes),
        configured.backup.database,
        configured.safety.allow,
    )


def read_storage(meant: Inspected) -> FileTotals | HarnessError | None:
    """What the storage holds, or why `verify` would refuse it; a volume is not read, which would need an engine."""
    if meant.storage is None or isinstance(meant.storage, Volume):
        return None
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return check_storage(meant.storage, Path(scratch, "files.jsonl"), limits=meant.limits).totals
        except HarnessError as error:
            return error
