"""Encrypted values: whether the restored application can read them with the key that it was given."""

from __future__ import annotations

from harness.base.model import AppState, CheckResult, Severity
from harness.checks.collector import Collector

NOT_READABLE = "not readable"
"""The answer of an application that has a value and cannot decrypt it."""


def check_encrypted_values(app: AppState) -> CheckResult:
    """One value of each encrypted column can be decrypted, as the source could, where that is known.

    Without the backup's own key nothing can be judged: that is a warning, and never an error of the backup. A key that
    reads none of several values is another instance's, which is one finding.
    """
    found = Collector("encrypted-values", "Encrypted values decrypt with the application key")
    found.compared = len(app.decrypt)
    if app.not_decrypted:
        found.add(
            "app-key-not-given",
            "APP_KEY",
            f"Not verified: no APP_KEY was given, so the encrypted values of {_names(app.not_decrypted)} were not "
            "decrypted.",
            severity=Severity.WARNING,
            remedy="Give a file with the APP_KEY of the backed-up instance: `--app-key-file FILE`. The key is not in "
            "the backup, and without it these values are lost.",
        )
    wrong = [probe for probe in app.decrypt if not probe.answered]
    if len(wrong) > 1 and len(wrong) == len(app.decrypt) and all(probe.error == NOT_READABLE for probe in wrong):
        found.add(
            "app-key-mismatch",
            "APP_KEY",
            f"The APP_KEY does not belong to this backup: it decrypts none of the {len(wrong)} values that were "
            f"tried ({_names(tuple(probe.subject for probe in wrong))}).",
            expected=f"{len(wrong)} readable",
            actual="0 readable",
            remedy="Use the APP_KEY that the instance had at the time of the backup.",
        )
        wrong = []
    for probe in wrong:
        found.add(
            "decrypt",
            probe.subject,
            f"An encrypted value of {probe.subject} cannot be decrypted with this APP_KEY"
            + (f" ({probe.error})." if probe.error else "."),
            expected=probe.expected,
            actual=probe.actual or "nothing",
        )
    found.evidence("tried", len(app.decrypt))
    found.evidence("readable", sum(probe.answered for probe in app.decrypt))
    return found.result()


def _names(columns: tuple[str, ...], most: int = 5) -> str:
    """Columns for a sentence, the first ones by name."""
    shown = ", ".join(columns[:most])
    return shown if len(columns) <= most else f"{shown} and {len(columns) - most} more"
