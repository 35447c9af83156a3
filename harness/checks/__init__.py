"""The table of checks: each one is a pure function of the evidence, in a file of its family.

A new check is one function, one line here, a test in which it finds nothing and one for each thing it finds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.artifacts.storage.directories import directories_of
from harness.artifacts.storage.inventory import read_inventory
from harness.base import guide
from harness.base.model import CheckResult
from harness.checks import app, artifact, encrypted, files, recovery, release, schema, search, tables, trend
from harness.checks.evidence import Evidence
from harness.checks.openable import broken_links
from harness.checks.references import read_references


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table.

    Args:
        name: stable name, the same as in its result.
        required: True when comparing nothing at all is no pass: the drill would have proven nothing.
        needs_source: True for what only the source itself can tell; left out for a backup from elsewhere.
        needs_closed_network: True for what only a runtime with networks of its own can tell.
        needs_history: True for what only earlier drills of the same backup can tell.
        needs_migration: True for what only a newer application on the restored data can tell.
        from_outside: True for what matters only where nothing is known of the source.
    """

    name: str
    judge: Callable[[Evidence], CheckResult]
    required: bool = True
    needs_source: bool = False
    needs_closed_network: bool = False
    needs_history: bool = False
    needs_migration: bool = False
    from_outside: bool = False

    def applies(self, evidence: Evidence) -> bool:
        """Whether there can be evidence for it in this drill at all."""
        if self.needs_source and evidence.source is None:
            return False
        if self.from_outside and (evidence.source is not None or evidence.migration is not None):
            return False
        if self.needs_history and evidence.trend is None:
            return False
        if self.needs_migration and evidence.migration is None:
            return False
        return not (self.needs_closed_network and evidence.egress is None)


def _table_set(e: Evidence) -> CheckResult:
    expected = [table.name for table in (e.source.tables if e.source else e.script.tables)]
    return tables.check_table_set(
        expected,
        [table.name for table in e.fresh.tables],
        [table.name for table in e.target.tables],
        e.excluded_tables,
        [table.name for table in e.script.tables],
    )


def _schema(part: schema.Part) -> Callable[[Evidence], CheckResult]:
    def judge(e: Evidence) -> CheckResult:
        assert e.source is not None
        return schema.check_schema(part, e.source, e.target, e.excluded_tables)

    return judge


def _programs(e: Evidence) -> CheckResult:
    assert e.source is not None
    return schema.check_schema(
        schema.PROGRAMS,
        e.source,
        e.target,
        e.excluded_tables,
        e.script.objects,
        definers_left_out=e.script.definers_left_out,
    )


def _rows_source(e: Evidence) -> CheckResult:
    assert e.source is not None
    return tables.check_rows(e.source.tables, e.target.tables, e.excluded_tables, e.rows)


def _auto_increment(e: Evidence) -> CheckResult:
    assert e.source is not None
    return schema.check_auto_increment(e.source, e.target, e.excluded_tables)


def _variables(e: Evidence) -> CheckResult:
    assert e.source is not None
    return schema.check_variables(e.source, e.target)


def _release(e: Evidence) -> CheckResult:
    assert e.migration is not None
    return release.check_release(e.target, e.migration)


def _files(e: Evidence) -> CheckResult:
    return files.check_files(
        read_inventory(e.files.expected),
        read_inventory(e.files.actual),
        excluded=e.files.excluded,
        owners_comparable=e.files.owners_comparable,
        of_source=e.files.of_source,
    )


def _file_references(e: Evidence) -> CheckResult:
    return files.check_file_references(
        read_references(e.files.references),
        read_inventory(e.files.actual),
        e.recovery.dumped_at,
        source=read_inventory(e.files.expected) if e.files.of_source else None,
        owners_restored=e.files.owners_comparable,
        broken=broken_links(lambda: read_inventory(e.files.actual)),
    )


def _search_documents(e: Evidence) -> CheckResult:
    dumps = [
        entry
        for entry in read_inventory(e.files.actual)
        if PurePosixPath(os.fsdecode(entry.path)).match(f"{guide.MEILISEARCH_DUMPS_DIRECTORY}/*.dump")
    ]
    return search.check_documents(e.search.searchable, e.search.actual, e.search.documents, dumps)


def _settled(judge: Callable[[Evidence], CheckResult]) -> Callable[[Evidence], CheckResult]:
    """A check of what the search holds: while it is at work, an error may be gone a moment later."""
    return lambda e: search.unless_pending(judge(e), e.search.actual)


def _trend(e: Evidence) -> CheckResult:
    assert e.trend is not None
    return trend.check_trend(
        e.trend,
        {table.name: table.rows for table in e.target.tables},
        directories_of(read_inventory(e.files.actual)),
        {index.name: index.documents for index in e.search.actual.indexes},
    )


CHECKS: tuple[Check, ...] = (
    Check("artifact", lambda e: artifact.check_artifact(e.artifact)),
    Check("script", lambda e: artifact.check_script_warnings(e.artifact)),
    Check("table-set", _table_set),
    Check("rows-source", _rows_source, needs_source=True),
    Check(
        "rows-script",
        lambda e: tables.check_script_rows(e.script.tables, e.redump.tables, e.rows, e.script.compared_as),
    ),
    Check("structure", _schema(schema.STRUCTURE), needs_source=True),
    Check("keys", _schema(schema.KEYS), needs_source=True),
    Check("programs", _programs, needs_source=True),
    Check("objects-script", lambda e: schema.check_script_objects(e.script.objects, e.redump.objects)),
    Check(
        "expected-objects",
        lambda e: schema.check_expected_objects(e.fresh, e.target, e.excluded_tables),
        from_outside=True,
    ),
    Check("auto-increment", _auto_increment, needs_source=True),
    Check(
        "excluded-tables",
        lambda e: tables.check_excluded(
            e.excluded_tables, e.fresh, e.target, [t.name for t in e.script.tables], e.accepted, e.recovery.now.date()
        ),
        required=False,
    ),
    Check(
        "orphans",
        lambda e: tables.check_orphans(e.target, e.source, e.excluded_tables, [t.name for t in e.script.tables]),
    ),
    Check("definers", lambda e: schema.check_definers(e.target)),
    Check("server-variables", _variables, needs_source=True),
    Check("files", _files),
    Check("file-references", _file_references, required=False),
    Check(
        "search-indexes",
        _settled(
            lambda e: search.check_indexes(
                e.search.searchable, e.search.actual, e.search.expected_settings, e.search.prefix
            )
        ),
    ),
    Check("search-documents", _settled(_search_documents)),
    Check(
        "search-packaged",
        _settled(
            lambda e: search.check_packaged_documents(e.search.expected_settings, e.search.actual, e.search.prefix)
        ),
    ),
    Check("search-settings", _settled(lambda e: search.check_settings(e.search.expected_settings, e.search.actual))),
    Check("search-tasks", lambda e: search.check_tasks(e.search.actual, e.search.import_complaints, e.search.refusals)),
    Check(
        "search-probes",
        _settled(
            lambda e: search.check_probes(
                "search-probes",
                "Known rows are found by searching",
                "search-probe",
                e.search.probes,
                "Searching for the text of {subject} does not find it.",
            )
        ),
    ),
    Check("app-answers", lambda e: app.check_answers(e.app)),
    Check("configuration", lambda e: app.check_configuration(e.app)),
    Check("migrations", lambda e: app.check_migrations(e.app, e.unknown_migrations)),
    Check("release", _release, needs_migration=True),
    Check("network-isolation", lambda e: app.check_egress(e.egress or ()), needs_closed_network=True),
    Check("encrypted-values", lambda e: encrypted.check_encrypted_values(e.app), required=False),
    Check("downloads", lambda e: app.check_downloads(e.app), required=False),
    Check("recovery-point", lambda e: recovery.check_recovery_point(e.recovery), required=False),
    Check("recovery-time", lambda e: recovery.check_recovery_time(e.recovery), required=False),
    Check("trend", _trend, required=False, needs_history=True),
)
"""In the order of the report. A name says what is proven; the family's file says how."""
