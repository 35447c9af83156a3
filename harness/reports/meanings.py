"""What it means when a check finds something, for people who never saw the system, and what to do where the finding
itself does not say it. One entry for each check; a test holds that."""

from __future__ import annotations

from dataclasses import dataclass

from harness.base.model import Finding, Severity


@dataclass(frozen=True, slots=True)
class Meaning:
    """What follows for the people who use the system, and what to do about it."""

    means: str
    remedy: str


_AGAIN = "Take a new backup and drill it. If the finding persists, the backup procedure is at fault."

MEANINGS: dict[str, Meaning] = {
    "artifact": Meaning(
        "The restored files are not the ones that the backup tool wrote, or some are missing.",
        "Restore an earlier backup, and find out what changed this one: the disk, the transfer or a person.",
    ),
    "script": Meaning(
        "The dump contains something that another server may reject or interpret differently.",
        "Restore into the server version that made the dump, or make the dump as documented.",
    ),
    "table-set": Meaning("Whole tables are missing, or there are tables that were never backed up.", _AGAIN),
    "rows-source": Meaning("After this restore, users would work with missing, changed or foreign rows.", _AGAIN),
    "rows-script": Meaning(
        "The database does not match the dump: rows were lost or changed during the load.",
        "Check the server's log of the load, and compare the versions of both servers.",
    ),
    "structure": Meaning(
        "Columns are missing or have another type: values may be truncated or rejected.",
        "Compare the application and server versions with those of the backup.",
    ),
    "keys": Meaning("Indexes or constraints are missing: the application slows down, or accepts invalid data.", _AGAIN),
    "programs": Meaning(
        "Views, triggers or routines are missing or changed: what they did silently stops.",
        "Dump with --routines, --events and --triggers.",
    ),
    "objects-script": Meaning("The database lacks part of the structure that the dump contains.", _AGAIN),
    "auto-increment": Meaning(
        "A new row could get the key of an earlier row: references to the old row would point to the new one.",
        "Set AUTO_INCREMENT of the table to the source's value before users return.",
    ),
    "excluded-tables": Meaning(
        "An excluded table is not as documented: the application may fail where it uses it.",
        "Restore into a migrated, empty instance, as step 1 of the documented procedure says.",
    ),
    "orphans": Meaning(
        "Rows refer to missing rows: pages that follow the reference fail or show nothing.",
        "Decide whether that loss is acceptable; if not, back up the referenced table as well.",
    ),
    "definers": Meaning(
        "A view, trigger or routine runs as an account that does not exist: it fails when used.",
        "Create the account on the target, or change the definer.",
    ),
    "server-variables": Meaning(
        "The target server reads or writes some values differently from the source.",
        "Apply the source's setting to the target, and restore again.",
    ),
    "files": Meaning(
        "Uploaded files are missing, changed, or unreadable for the application.",
        "Compare the file with the storage archive; if it is damaged there, look for it in an earlier backup.",
    ),
    "file-references": Meaning(
        "The database and the files are from different moments: opening some entries fails.",
        "Back up the database first and then the files, or stop the application during the backup.",
    ),
    "search-indexes": Meaning(
        "One type of entry cannot be found by searching, although it is in the database.",
        "Run `php artisan scout:import-all`, and check its output.",
    ),
    "search-documents": Meaning(
        "Search results are incomplete, or include entries that no longer exist.",
        "Flush the index and run `php artisan scout:import-all` again.",
    ),
    "search-packaged": Meaning(
        "Airports, which come with the application, are incomplete in the search.",
        "Run `php artisan scout:import-all` again.",
    ),
    "search-settings": Meaning(
        "Filters and ranking of the search do not work correctly.", "Run `php artisan scout:sync-index-settings`."
    ),
    "search-tasks": Meaning(
        "The search server rejected some of the data: it cannot be found.",
        "Look for the task in the search server's log, fix the cause, and import again.",
    ),
    "search-probes": Meaning(
        "A row that exists is not found by searching for it.", "Run `php artisan scout:import-all` again."
    ),
    "app-answers": Meaning(
        "The restored application does not answer or reports unhealthy: users cannot work with it.",
        "See logs/target/apiary.log in the run directory.",
    ),
    "configuration": Meaning(
        "The application uses keys or servers of another configuration than the one it was given.",
        "Clear the cached configuration where the application runs, and find out where it came from.",
    ),
    "migrations": Meaning(
        "The application expects another schema than the backup has: pages fail.",
        "Restore into the version that made the backup, then migrate.",
    ),
    "release": Meaning(
        "The migrations of the newer application fail on this data, or lose some of it.",
        "Do not release before the migration is fixed and drilled again.",
    ),
    "expected-objects": Meaning(
        "The backup lacks part of the structure that every instance of this application has: features that "
        "rely on it fail or silently stop.",
        "Check the options of the dump, and the application version that the backup comes from.",
    ),
    "network-isolation": Meaning(
        "The restored instance can reach other systems: it could send mail to real people or call payment services.",
        "Isolate its network first.",
    ),
    "encrypted-values": Meaning(
        "Encrypted values cannot be read: this APP_KEY does not belong to the backup.",
        "Find the APP_KEY that the instance had at the time of the backup, and store it separately from the backup.",
    ),
    "downloads": Meaning(
        "A file on disk is not returned by the application as it was backed up.",
        "See logs/target/apiary.log in the run directory, and check the owner and mode of the file.",
    ),
    "recovery-point": Meaning(
        "The data loss exceeds the agreed limit: everything since the newest row is lost.",
        "Take backups more often, and check that the backup job reads the live database.",
    ),
    "recovery-time": Meaning(
        "The recovery takes longer than agreed.", "See the longest step in the timeline, or agree on another objective."
    ),
    "trend": Meaning(
        "The backup was restored completely, but contains less or more than usual.",
        "Ask the system's administrators whether this is intended; if not, the loss happened before the backup.",
    ),
}

STEP = Meaning(
    "The drill ended at this step; nothing after it was checked.",
    "Read the output of the step, remove the cause, and run the drill again.",
)
"""For a step that failed."""

CODES: dict[str, Meaning] = {
    "check-inconclusive": Meaning(
        "This check proves nothing in this drill, so the drill cannot pass.",
        "Remove what kept the check from being made, and run the drill again.",
    ),
    "negative-control-undetected": Meaning(
        "The checks did not see damage that was there: what they say of this backup proves nothing.",
        "Do not rely on this result. Report it with the version and the run directory.",
    ),
    "orphans-accepted": Meaning(
        "Rows refer to rows that are left out of every backup: pages that follow the reference show nothing.",
        "Decide whether that loss is acceptable; if not, back up the referenced table as well.",
    ),
    "index-not-imported": Meaning(
        "These records cannot be found in the search until their import is run manually.",
        "Run `php artisan scout:import` for this model after a restore.",
    ),
    "file-time": Meaning(
        "The content is the same; only the time of the last change differs.",
        "Keep times when files are backed up and restored, if anything relies on them.",
    ),
}
"""For findings that no check made, and for warnings that mean less than an error of the same check."""

WARNING = Meaning("This does not keep the backup from restoring.", "Decide whether it is acceptable.")
_ALWAYS_WARNS = ("trend", "script", "server-variables")
"""Checks whose meaning holds for their warnings too."""


def meaning_of(check: str, finding: Finding) -> Meaning:
    """What a finding means, and what to do where it does not say so itself; a note means no more than it says.

    Args:
        check: the check that found it, or empty.
    """
    if (known := CODES.get(finding.code)) is not None:
        return known
    if finding.severity is Severity.INFO:
        return Meaning("", "")
    if finding.severity is Severity.WARNING and check not in _ALWAYS_WARNS:
        return WARNING
    return MEANINGS.get(check, STEP)
