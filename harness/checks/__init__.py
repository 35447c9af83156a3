"""The table of checks: each one is a pure function of the evidence, in a file of its family.

A new check is one function, one line here, a test in which it finds nothing and one for each thing it finds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

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
        needs: the part of the evidence without which it is left out: the `source` of a backup from elsewhere,
            `egress` where the runtime has no networks of its own, `trend` without earlier drills, `migration`.
        from_outside: True for what matters only where nothing is known of the source.
    """

    name: str
    judge: Callable[[Evidence], CheckResult]
    required: bool = True
    needs: str = ""
    from_outside: bool = False

    def applies(self, evidence: Evidence) -> bool:
        """Whether there can be evidence for it in this drill at all."""
        if self.from_outside:
            return evidence.source is None and evidence.migration is None
        return not self.needs or getattr(evidence, self.needs) is not None


T = TypeVar("T")


def _there(part: T | None) -> T:
    assert part is not None, "what a check needs is there (`Check.needs`)"
    return part


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
    return lambda e: schema.check_schema(
        part,
        _there(e.source),
        e.target,
        e.excluded_tables,
        e.script.objects if part is schema.PROGRAMS else None,
        definers_left_out=e.script.definers_left_out,
    )


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
    return trend.check_trend(
        _there(e.trend),
        {table.name: table.rows for table in e.target.tables},
        directories_of(read_inventory(e.files.actual)),
        {index.name: index.documents for index in e.search.actual.indexes},
    )


CHECKS: tuple[Check, ...] = (
    Check("artifact", lambda e: artifact.check_artifact(e.artifact)),
    Check("script", lambda e: artifact.check_script_warnings(e.artifact)),
    Check("table-set", _table_set),
    Check(
        "rows-source",
        lambda e: tables.check_rows(_there(e.source).tables, e.target.tables, e.excluded_tables, e.rows),
        needs="source",
    ),
    Check(
        "rows-script",
        lambda e: tables.check_script_rows(e.script.tables, e.redump.tables, e.rows, e.script.compared_as),
    ),
    Check("structure", _schema(schema.STRUCTURE), needs="source"),
    Check("keys", _schema(schema.KEYS), needs="source"),
    Check("programs", _schema(schema.PROGRAMS), needs="source"),
    Check("objects-script", lambda e: schema.check_script_objects(e.script.objects, e.redump.objects)),
    Check(
        "expected-objects",
        lambda e: schema.check_expected_objects(e.fresh, e.target, e.excluded_tables),
        from_outside=True,
    ),
    Check(
        "auto-increment",
        lambda e: schema.check_auto_increment(_there(e.source), e.target, e.excluded_tables),
        needs="source",
    ),
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
    Check("server-variables", lambda e: schema.check_variables(_there(e.source), e.target), needs="source"),
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
    Check("release", lambda e: release.check_release(e.target, _there(e.migration)), needs="migration"),
    Check("network-isolation", lambda e: app.check_egress(e.egress or ()), needs="egress"),
    Check("encrypted-values", lambda e: encrypted.check_encrypted_values(e.app), required=False),
    Check("downloads", lambda e: app.check_downloads(e.app), required=False),
    Check("recovery-point", lambda e: recovery.check_recovery_point(e.recovery), required=False),
    Check("recovery-time", lambda e: recovery.check_recovery_time(e.recovery), required=False),
    Check("trend", _trend, required=False, needs="trend"),
)
"""In the order of the report. A name says what is proven; the family's file says how."""
