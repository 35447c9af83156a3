"""The documented restore of one backup, as commands to be typed at night: exact, and with the times of a drill.

What the commands need is on any Debian: sha256sum, GNU tar, sed, mysql, curl. They hold for this backup, byte for byte:
the first of them is the proof that it is this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base import guide
from harness.base.model import DrillResult, FileTotals, Finding, Severity
from harness.procedure.restore.load import LOAD_OPTIONS
from harness.procedure.restore.script import Script
from harness.reports.document import Block, Bullets, Column, Commands, Document, Facts, Grid, Paragraph, Section

_STEPS = {
    "stop": "Stop the application",
    "restore-files": "Restore the files",
    "restore-database": "Load the database",
    "start": "Start the application",
    "reindex": "Rebuild the search index",
}
_UNPACK = {"gzip": "gzip -dc", "xz": "xz -dc", "bzip2": "bzip2 -dc", "zstd": "zstd -dc --long=31", "": "cat"}


@dataclass(frozen=True, slots=True)
class RestorableBackup:
    """What a runbook is written from.

    Args:
        name: of the backup.
        script: the dump, read and judged.
        compression: of the dump's file; empty for a plain one.
        sed: what is left out of it (`sed_commands`).
        storage: directory or archive with the uploaded files.
        files: what it holds.
        inside: the path of the storage directory in it; empty where all of it is that.
        digests: SHA-256 by file, of the files that have one.
        drilled: the result of a drill of this very backup, or None.
    """

    name: str
    script: Script
    compression: str
    sed: tuple[str, ...]
    storage: Path
    files: FileTotals
    inside: str
    digests: tuple[tuple[Path, str], ...]
    drilled: DrillResult | None


def runbook_of(backup: RestorableBackup) -> Document:
    """The page. Its commands are meant for one bash session, from top to bottom."""
    drilled = backup.drilled
    return Document(
        title=f"Restore {backup.name}",
        eyebrow="Runbook: the documented restore procedure for one backup",
        verdict=None if drilled is None else drilled.verdict,
        sentence=_sentence(drilled),
        lead=(
            "Type the commands into one bash session, in this order. Each block stops at its first error.",
            "Restore into an instance that is running, migrated and empty, of the version that made the backup.",
        ),
        sections=(
            Section("session", "0. Name the places", (Commands(_session(backup)),)),
            Section("check", "1. Check that this is the backup", tuple(_check(backup))),
            Section("stop", f"2. Stop the application{_took(drilled, 'stop')}", (Commands(_STOP),)),
            Section("files", f"3. Restore the files{_took(drilled, 'restore-files')}", tuple(_files(backup))),
            Section("database", f"4. Load the database{_took(drilled, 'restore-database')}", tuple(_database(backup))),
            Section("start", f"5. Start the application{_took(drilled, 'start')}", tuple(_start())),
            Section("search", f"6. Rebuild the search index{_took(drilled, 'reindex')}", (Commands(_REINDEX),)),
            Section("verify", "7. Check what came back", tuple(_verify(backup))),
            Section("missing", "8. What will be missing", tuple(_missing(backup))),
        ),
        footer="Written by apiary-drill runbook.",
    )


def _sentence(drilled: DrillResult | None) -> str:
    if drilled is None:
        return "This backup has not been drilled: the commands are exact, their times are not known."
    total = f" in {drilled.recovery_time_s:,.1f} s" if drilled.recovery_time_s is not None else ""
    servers = ", ".join(f"{part.name} {part.version}" for part in drilled.components if part.role.startswith("target"))
    return f"Drill {drilled.drill_id} restored this backup{total} (steps 2 to 6) into {servers}."


def _took(drilled: DrillResult | None, step: str) -> str:
    took = next((done.duration_s for done in drilled.steps if done.name == step), None) if drilled else None
    return "" if took is None else f" (took {took:,.1f} s in the drill)"


def _session(backup: RestorableBackup) -> str:
    return f"""\
set -euo pipefail
: "${{DUMP:={_quoted(_dump(backup))}}}"
: "${{FILES:={_quoted(backup.storage.absolute())}}}"
: "${{STORAGE:=/app/storage/app}}"         # where the volume of the container is on this machine
: "${{DATABASE:=apiary}}"                  # the application's database (DB_DATABASE)
# The application's account (host, user, password) in a file of mode 0600:
: "${{MYSQL:=mysql --defaults-extra-file=$HOME/.apiary-restore.cnf}}"
: "${{ARTISAN:=nomad alloc exec -task web -job apiary php artisan}}"
: "${{SEARCH:=http://127.0.0.1:7700}}"     # MEILISEARCH_HOST
: "${{SEARCH_KEY:=}}"                      # MEILISEARCH_KEY
: "${{SEARCH_PREFIX:=apiary_}}"            # SCOUT_PREFIX
declare -F stop_apiary >/dev/null || stop_apiary() {{ nomad job stop apiary; }}
declare -F start_apiary >/dev/null || start_apiary() {{ nomad job start apiary; }}
work=$(mktemp -d)"""


def _check(backup: RestorableBackup) -> Iterator[Block]:
    if not backup.digests:
        yield Paragraph("The files of a directory have no digest of their own: compare the number of files in step 3.")
        return
    lines = "\n".join(f"{digest}  ${'DUMP' if path == _dump(backup) else 'FILES'}" for path, digest in backup.digests)
    yield Commands(f"sha256sum --check --strict <<END\n{lines}\nEND")


_STOP = """\
stop_apiary
# Nobody may be connected for the whole restore: this has to be 0.
$MYSQL --batch --skip-column-names --execute \\
    "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '$DATABASE'\""""


def _files(backup: RestorableBackup) -> Iterator[Block]:
    count = backup.files.files
    if backup.storage.is_dir():
        inside = f"/{_quoted(backup.inside)}" if backup.inside else ""
        copy = f'cp --archive "$FILES"{inside}/. "$STORAGE"/'
    else:
        depth = backup.inside.count("/") + 1 if backup.inside else 0
        only = f' --strip-components={depth} --wildcards "*{_quoted(backup.inside)}/*"' if depth else ""
        copy = (
            'tar --extract --file "$FILES" --directory "$STORAGE" --numeric-owner --same-owner --preserve-permissions'
            f"{only}"
        )
    yield Commands(f"""\
# What is there already is kept beside it.
mkdir -p "$STORAGE" "$STORAGE.before-restore"
find "$STORAGE" -mindepth 1 -maxdepth 1 -exec mv --target-directory="$STORAGE.before-restore" {{}} +
{copy}
# This has to be {count}.
find "$STORAGE" -type f | wc -l
test "$(find "$STORAGE" -type f | wc -l)" -eq {count}""")


def _database(backup: RestorableBackup) -> Iterator[Block]:
    script, left_out = backup.script, "$work/leave-out.sed"
    lines = []
    reader = f'{_UNPACK[backup.compression]} "$DUMP"'
    if backup.sed:
        yield Paragraph(
            f"{len(backup.sed)} commands for sed leave out what this server must not get (section 8 says what)."
        )
        lines.append(f"cat > {left_out} <<'END'\n" + "\n".join(backup.sed) + "\nEND")
        reader += f" | LC_ALL=C sed --file {left_out}"
    if first := script.opening:
        lines.append(f"cat > $work/first.sql <<'END'\n{first.decode('utf-8', 'surrogateescape')}END")
        reader = f"{{ cat $work/first.sql; {reader}; }}"
    lines.append(f'{reader} |\n    $MYSQL {" ".join(LOAD_OPTIONS)} "$DATABASE"')
    yield Commands("\n".join(lines))


def _start() -> Iterator[Block]:
    yield Commands("start_apiary\n$ARTISAN migrate --force\n$ARTISAN migrate:status | tail -n 3")
    yield Paragraph(
        "Production's start of the job caches configuration, views, events and routes anew, and runs the migrations"
        " itself. Under the version that made the backup these change nothing; under a newer one they bring the"
        " database to it. Elsewhere run `php artisan config:cache` as well: a configuration that was cached before"
        " wins over the environment."
    )


_REINDEX = """\
$ARTISAN scout:sync-index-settings
$ARTISAN scout:import-all
# The import only sends: wait until the search server has worked it off.
search() { curl --silent --show-error --fail ${SEARCH_KEY:+-H "Authorization: Bearer $SEARCH_KEY"} "$SEARCH$1"; }
until search '/tasks?statuses=enqueued,processing&limit=1' | grep -q '"total":0'; do sleep 1; done"""


def _verify(backup: RestorableBackup) -> Iterator[Block]:
    tables = [(table.name, table.rows) for table in backup.script.database.tables if table.defined]
    counts = "\n  UNION ALL ".join(
        f"SELECT '{_sql(name)}', COUNT(*) FROM `{name.replace('`', '``')}`" for name, _ in tables
    )
    expected = "\n".join(f"{name} {rows}" for name, rows in tables)
    yield Paragraph("Rows of each table: no output means that every number is that of the backup.")
    yield Commands(f"""\
cat > $work/expected <<'END'
{expected}
END
cat > $work/count.sql <<'END'
{counts};
END
$MYSQL --batch --skip-column-names "$DATABASE" < $work/count.sql | tr '\\t' ' ' | diff $work/expected -""")
    searched = " ".join(model.table for model in guide.IMPORTED_MODELS if model.from_database)
    yield Paragraph("Documents of each index: a row that is not deleted has one.")
    yield Commands(f"""\
for table in {searched}; do
    rows=$($MYSQL --batch --skip-column-names "$DATABASE" --execute "SELECT COUNT(*) FROM $table$(
        $MYSQL --batch --skip-column-names --execute "SELECT ' WHERE deleted_at IS NULL' FROM information_schema.columns
            WHERE table_schema = '$DATABASE' AND table_name = '$table' AND column_name = 'deleted_at'")")
    documents=$(search "/indexes/$SEARCH_PREFIX$table/stats" | sed 's/.*"numberOfDocuments":\\([0-9]*\\).*/\\1/')
    echo "$table: $rows rows, $documents documents"
    test "$rows" -eq "$documents"
done""")
    yield Paragraph("Then log in, look at a member, and open a resume and a signed document.")


def _missing(backup: RestorableBackup) -> Iterator[Block]:
    held = {table.name for table in backup.script.database.tables}
    empty = [name for name in guide.EXCLUDABLE_TABLES if name not in held]
    if empty:
        yield Paragraph(f"Tables that the backup leaves out and that stay as they are: {', '.join(empty)}.")
    known = [*backup.script.findings, *(backup.drilled.findings if backup.drilled else ())]
    findings = {(finding.code, finding.subject): finding for finding in known if finding.severity is not Severity.INFO}
    if findings:
        yield Bullets(tuple(_with_remedy(finding) for finding in findings.values()))
    if backup.drilled is not None:
        done = [step for step in backup.drilled.steps if step.name in _STEPS]
        columns = Column("Step"), Column("Time", number=True), Column("Result")
        rows = tuple((_STEPS[step.name], f"{step.duration_s:,.1f} s", step.detail) for step in done)
        yield Grid("Measured in the drill", columns, rows)
    yield Facts((("Database in the script", backup.script.database.name or "named nowhere"),))


def _with_remedy(finding: Finding) -> str:
    return f"{finding.message} {finding.remedy}".strip()


def _dump(backup: RestorableBackup) -> Path:
    source = backup.script.source
    assert isinstance(source, Path), "checked by the caller"
    return source.absolute()


def _quoted(path: Path | str) -> str:
    """A path inside of double quotes."""
    return "".join("\\" + char if char in '\\"$`}' else char for char in str(path))


def _sql(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "''")
