"""The values that the drill passes around: frozen, comparable, and nothing but the standard library.

Sizes are in bytes, durations in seconds, times are UTC. Reports are made from these values, so none of them
may hold the content of a row or a file: names, counts, sizes, digests, primary keys and times only.
"""

from harness.base.model.app import AppState, EgressAttempt, Prestart, Probe
from harness.base.model.backup import ArtifactFile, Consistency, Exclusion, Manifest, Provenance
from harness.base.model.database import DatabaseState, Orphans, SchemaObject, TableState
from harness.base.model.files import PRIVILEGES, DirectoryTotals, FileState, FileTotals
from harness.base.model.history import PastDrill, TrendEvidence, TrendLimits
from harness.base.model.result import Change, DrillResult, InjectedFault, MatrixCell, MatrixResult, NegativeControl
from harness.base.model.run import Acceptance, Component, Origin, ProcessUsage, Step
from harness.base.model.search import IdSet, IndexState, SearchableRows, SearchState, SearchTask
from harness.base.model.verdict import CheckResult, Finding, Severity, Verdict
