"""The commands of a runbook: each step as blocks for a bash session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.artifacts.dump.rewrite import BLANKS, GTID, LOG_BIN, PROBE, REPLICATION, SANDBOX, STATISTICS, RewriteReport
from harness.base import guide
from harness.base.model import DrillResult, FileTotals
from harness.procedure.restore.load import LOAD_OPTIONS
from harness.procedure.restore.script import Script
from harness.reports.document import Block, Bullets, Commands, Paragraph

_UNPACK = {"gzip": "gzip -dc", "xz": "xz -dc", "bzip2": "bzip2 -dc", "zstd": "zstd -dc --long=31", "": "cat"}


_REASONS = {
    "database": "CREATE DATABASE and USE: the backup goes into $DATABASE, whatever its own was called",
    SANDBOX: "MariaDB's sandbox line, which MySQL's client does not know",
    GTID: "GTIDs of the old server, which only an administrator may set",
    LOG_BIN: "The switch of the binary log, which only an administrator may turn",
    STATISTICS: "The switch of InnoDB's statistics, which only an administrator may turn",
    REPLICATION: "The old server's position in its binary log",
    PROBE: "Percona's query for a storage engine",
    BLANKS: "Blanks around commands of the client: behind a line of them, MariaDB's client does not read DELIMITER",
    "definer": "DEFINER clauses: views, triggers and routines belong to the account that loads them",
}
_LISTED = 8


@dataclass(frozen=True, slots=True)
class RestorableBackup:
    """What a runbook is written from.

    Args:
        compression: of the dump's file; empty for a plain one.
        sed: what is left out of it (`sed_commands`).
        trimmed: the same, with its lines and reasons.
        storage: directory or archive with the uploaded files.
        inside: the path of the storage directory in it; empty where all of it is that.
        digests: SHA-256 by file, of the files that have one.
        drilled: the result of a drill of this very backup, or None.
        fetched: where `database` and `storage` were fetched from for a moment, if they are not on this machine.
    """

    name: str
    script: Script
    compression: str
    sed: tuple[str, ...]
    trimmed: RewriteReport
    storage: Path
    files: FileTotals
    inside: str
    digests: tuple[tuple[Path, str], ...]
    drilled: DrillResult | None
    fetched: Mapping[str, str] = field(default_factory=dict)


def session(backup: RestorableBackup) -> Iterator[Block]:
    """The places of everything, as variables and functions."""
    yield Paragraph(
        "Write the file of the database account, and change what is different on your machines. Then paste this."
    )
    authorization = "${SEARCH_KEY:+Authorization: Bearer $SEARCH_KEY}"
    yield Commands(f"""\
set +H
{_place("DUMP", _dump(backup), backup.fetched.get("database"))}
{_place("FILES", backup.storage.absolute(), backup.fetched.get("storage"))}
: "${{STORAGE:=/app/storage/app}}"         # where the volume of the container is on this machine
: "${{DATABASE:=apiary}}"                  # the application's database (DB_DATABASE)
# A file of mode 0600 with the lines [client], host=…, user=… and password=… of the application's account:
: "${{MYSQL:=mysql --defaults-extra-file=$HOME/.apiary-restore.cnf}}"
: "${{ARTISAN:=nomad alloc exec -task web -job apiary php artisan}}"
: "${{SEARCH:=http://127.0.0.1:7700}}"     # MEILISEARCH_HOST
: "${{SEARCH_KEY:=}}"                      # MEILISEARCH_KEY
: "${{SEARCH_PREFIX:=apiary_}}"            # SCOUT_PREFIX
declare -F stop_apiary >/dev/null || stop_apiary() {{ nomad job stop apiary; }}
declare -F start_apiary >/dev/null || start_apiary() {{ nomad job start apiary; }}
query() {{ $MYSQL --batch --skip-column-names "$@"; }}
search() {{ curl --silent --show-error --fail --header @<(echo "{authorization}") "$SEARCH$1"; }}
work=$(mktemp -d)""")


def _place(name: str, path: Path, fetched: str | None) -> str:
    if fetched is not None:
        return f': "${{{name}:?fetch {_quoted(fetched)} and set {name} to the file}}"'
    return f': "${{{name}:={_quoted(path)}}}"'


def check(backup: RestorableBackup) -> Iterator[Block]:
    """Whether these are the files, and the instance has no members yet."""
    digests = "\n".join(f"{digest}  ${'DUMP' if path == _dump(backup) else 'FILES'}" for path, digest in backup.digests)
    same = f"sha256sum --check --strict <<END\n{digests}\nEND\n" if digests else ""
    if not same:
        yield Paragraph("The files of a directory have no digest of their own: step 3 compares their number.")
    yield Paragraph(
        "This changes nothing. It refuses a database that has members. Error 1146, a table that doesn't exist: the"
        " instance was not migrated (php artisan migrate)."
    )
    yield _block(
        "step 1",
        f"""\
{same}# The search server answers, and takes the key.
search /version
echo
members=$(query "$DATABASE" --execute 'SELECT COUNT(*) FROM users')
if [ "$members" -ne 0 ] && [ "${{OVERWRITE:-no}}" != yes ]; then
    echo "$DATABASE has $members members, who would be replaced: dump it first, then set OVERWRITE=yes" >&2
    exit 1
fi""",
    )


def stop() -> Block:
    """Step 2, until nobody is connected any more."""
    return _block(
        "step 2",
        """\
stop_apiary
# Nobody may be connected until step 5: wait until this is 0.
for attempt in $(seq 60); do
    connected=$(query --execute "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '$DATABASE'")
    echo "$connected connected"
    [ "$connected" -ne 0 ] || break
    sleep 2
done
[ "$connected" -eq 0 ]""",
    )


def files(backup: RestorableBackup) -> Block:
    """Step 3."""
    count, size = backup.files.files, backup.files.size_bytes
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
    return _block(
        "step 3",
        f"""\
kept=$STORAGE.before-$(date +%Y%m%d-%H%M%S)
mkdir -p "$STORAGE" "$kept"
room=$(df --output=avail --block-size=1 "$STORAGE" | tail -n 1)
echo "$room bytes are free, {size} are needed"
[ "$room" -gt {size} ]
find "$STORAGE" -mindepth 1 -maxdepth 1 -exec mv --target-directory="$kept" {{}} +
echo "what was there is in $kept"
{copy}
restored=$(find "$STORAGE" -type f | wc -l)
echo "$restored files, {count} in the backup"
[ "$restored" -eq {count} ]""",
    )


def database(backup: RestorableBackup) -> Iterator[Block]:
    """Step 4, and the rows of each table while nobody writes."""
    script, left_out = backup.script, "$work/leave-out.sed"
    lines = []
    reader = f'{_UNPACK[backup.compression]} "$DUMP"'
    if backup.sed:
        yield Paragraph(f"{len(backup.sed)} commands for sed leave out what this server must not get:")
        yield Bullets(tuple(_left_out(backup.trimmed)))
        lines.append(f"cat > {left_out} <<'END'\n" + "\n".join(backup.sed) + "\nEND")
        reader += f" | LC_ALL=C sed --file {left_out}"
    if first := script.opening:
        lines.append(f"cat > $work/first.sql <<'END'\n{first.decode('utf-8', 'surrogateescape')}END")
        reader = f"{{ cat $work/first.sql; {reader}; }}"
    lines.append(f'{reader} |\n    $MYSQL {" ".join(LOAD_OPTIONS)} "$DATABASE"')
    yield _block("step 4", "\n".join(lines))
    tables = [(table.name, table.rows) for table in script.database.tables if table.defined]
    counts = "\n  UNION ALL ".join(
        f"SELECT '{_sql(name)}', COUNT(*) FROM `{name.replace('`', '``')}`" for name, _ in tables
    )
    expected = "\n".join(f"{name} {rows}" for name, rows in tables)
    yield Paragraph(
        "Then compare the rows of each table, while nobody writes. A line with > is what came back instead."
    )
    yield _block(
        "rows",
        f"""\
cat > $work/expected <<'END'
{expected}
END
cat > $work/count.sql <<'END'
{counts};
END
query "$DATABASE" < $work/count.sql | tr '\\t' ' ' | diff $work/expected -
echo "{sum(rows for _, rows in tables)} rows in {len(tables)} tables, as in the backup\"""",
    )


def _left_out(report: RewriteReport) -> Iterator[str]:
    if report.other_databases:
        yield f"Other databases: {', '.join(report.other_databases)}."
    for code, reason in _REASONS.items():
        lines = sorted({dropped.line for dropped in report.dropped if dropped.code == code})
        if lines:
            shown = ", ".join(map(str, lines[:_LISTED])) + (", …" if len(lines) > _LISTED else "")
            yield f"{reason} (line {shown})."


def start() -> Iterator[Block]:
    """Step 5."""
    yield _block("step 5", "start_apiary\n$ARTISAN migrate --force\n$ARTISAN migrate:status | tail -n 3")
    yield Paragraph(
        "Production's start of the job caches configuration, views, events and routes anew, and runs the migrations"
        " itself. Under the version that made the backup these change nothing; under a newer one they bring the"
        " database to it. Elsewhere run `php artisan config:cache` as well: a configuration that was cached before"
        " wins over the environment."
    )


def search() -> Iterator[Block]:
    """Step 6, and the documents of each index."""
    searched = " ".join(model.table for model in guide.IMPORTED_MODELS if model.from_database)
    yield _block(
        "step 6",
        f"""\
$ARTISAN scout:sync-index-settings
$ARTISAN scout:import-all
# The import only sends: wait until the search server has worked it off.
until search '/tasks?statuses=enqueued,processing&limit=1' | grep -q '"total":0'; do sleep 1; done
# Each row that is not deleted has a document.
for table in {searched}; do
    rows=$(query "$DATABASE" --execute "SELECT COUNT(*) FROM $table$(
        query --execute "SELECT ' WHERE deleted_at IS NULL' FROM information_schema.columns
            WHERE table_schema = '$DATABASE' AND table_name = '$table' AND column_name = 'deleted_at'")")
    documents=$(search "/indexes/$SEARCH_PREFIX$table/stats" | sed 's/.*"numberOfDocuments":\\([0-9]*\\).*/\\1/')
    echo "$table: $rows rows, $documents documents"
    [ "$rows" -eq "$documents" ]
done""",
    )
    yield Paragraph(
        "Then log in, look at a member, and open a resume and a signed document. When all is well, remove what step 3"
        " kept, $work, and the file of the database account."
    )


def stopped() -> Block:
    """What can be done when a block has stopped."""
    return Bullets(
        (
            "Until step 3 nothing was changed: mend what the message names, and paste the block again. To give up after"
            " step 2: start_apiary.",
            "Step 3 can be repeated. What was there first is in the oldest of the directories that it names: moved"
            " back, it undoes the step.",
            "Step 4 can be repeated: it drops and makes each table of the backup.",
            "Steps 5 and 6 can be repeated. People write from step 5 on: to restore again, set OVERWRITE=yes and"
            " begin with step 1.",
            "If the session is lost, begin with section 0; it changes nothing.",
        )
    )


def _block(step: int | str, text: str) -> Commands:
    """Commands that are read whole before they run, and stop at the first error without ending the session."""
    return Commands(f"(\nset -euo pipefail\n{text}\necho 'done: {step}'\n)")


def _dump(backup: RestorableBackup) -> Path:
    source = backup.script.source
    assert isinstance(source, Path), "checked by the caller"
    return source.absolute()


def _quoted(path: Path | str) -> str:
    """A path inside of double quotes."""
    return "".join("\\" + char if char in '\\"$`}' else char for char in str(path))


def _sql(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "''")
