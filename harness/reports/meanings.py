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


_AGAIN = "Take the backup again and drill it; if the finding stays, the way the backup is made is at fault."

MEANINGS: dict[str, Meaning] = {
    "artifact": Meaning(
        "The files that were restored are not the ones that the backup tool wrote, or not all of them.",
        "Restore an earlier backup, and find out what changed this one: the disk, the transfer, or a person.",
    ),
    "script": Meaning(
        "The dump holds something that another server may refuse or read differently.",
        "Restore into the server version that made the dump, or make the dump as the guide says.",
    ),
    "table-set": Meaning("Whole tables are missing, or tables are there that nobody backed up.", _AGAIN),
    "rows-source": Meaning(
        "After this restore, people would work with rows that are missing, changed or not theirs.", _AGAIN
    ),
    "rows-script": Meaning(
        "The database does not hold what the dump says: rows were lost or changed while it was loaded.",
        "Look at the server's log of the load, and compare the versions of both servers.",
    ),
    "structure": Meaning(
        "Columns are missing or of another type: values can be cut or refused from now on.",
        "Compare the version of the application and of the server with those of the backup.",
    ),
    "keys": Meaning(
        "Indexes or constraints are missing: the application gets slow, or accepts what it should refuse.", _AGAIN
    ),
    "programs": Meaning(
        "Views, triggers or routines are missing or changed: what they did no longer happens, silently.",
        "Dump with --routines, --events and --triggers.",
    ),
    "objects-script": Meaning("The database lacks a part of its structure that the dump has.", _AGAIN),
    "auto-increment": Meaning(
        "A new row could get a number that an older row had: references to the old one would point at the new one.",
        "Set AUTO_INCREMENT of the table to the source's value before people are let in.",
    ),
    "excluded-tables": Meaning(
        "A table that was left out on purpose is not as the guide promises: the application can fail where it uses it.",
        "Restore into a migrated, empty instance, as step 1 of the guide says.",
    ),
    "orphans": Meaning(
        "Rows refer to rows that are not there: pages that follow the reference fail or show nothing.",
        "Decide whether that loss is acceptable; if it is not, back up the table that is referred to as well.",
    ),
    "definers": Meaning(
        "A view, trigger or routine runs as an account that does not exist: it fails when it is used.",
        "Create the account on the target, or change the definer.",
    ),
    "server-variables": Meaning(
        "The target's server reads or writes some values differently from the source's.",
        "Give the target the source's setting, and restore again.",
    ),
    "files": Meaning(
        "Uploaded files are missing, changed, or not readable for the application.",
        "Compare the file with the storage artifact; if it is damaged there, look for it in an earlier backup.",
    ),
    "file-references": Meaning(
        "The database and the files are not of the same moment: somebody opens an entry and gets an error.",
        "Back up the database first and the files after it, or stop the application meanwhile.",
    ),
    "search-indexes": Meaning(
        "A kind of thing cannot be found by searching, although it is in the database.",
        "Run `php artisan scout:import-all`, and look at what it says.",
    ),
    "search-documents": Meaning(
        "Searching does not find everything, or finds what no longer exists.",
        "Flush the index and run `php artisan scout:import-all` again.",
    ),
    "search-packaged": Meaning(
        "Airports, which come with the application, are not all found.", "Run `php artisan scout:import-all` again."
    ),
    "search-settings": Meaning(
        "Filters and rankings of the search do not work as they should.", "Run `php artisan scout:sync-index-settings`."
    ),
    "search-tasks": Meaning(
        "The search server refused some of the work: what was in it cannot be found.",
        "Look for the task in the search server's log, mend the cause, and import again.",
    ),
    "search-probes": Meaning(
        "A row that is known to exist is not found by searching for it.", "Run `php artisan scout:import-all` again."
    ),
    "app-answers": Meaning(
        "The restored application does not answer or says that it is not well: people cannot work with it.",
        "Look at logs/target/apiary.log in the run directory.",
    ),
    "configuration": Meaning(
        "The application works with the keys or servers of another configuration than the one it was given.",
        "Clear the cached configuration where the application runs, and find out how it came there.",
    ),
    "migrations": Meaning(
        "The application expects another structure than the backup has: pages fail.",
        "Restore into the version that made the backup, then migrate.",
    ),
    "release": Meaning(
        "The migrations of the newer application fail on this data, or lose some of it.",
        "Do not release before the migration that is named is mended and drilled again.",
    ),
    "expected-objects": Meaning(
        "The backup lacks a part of the structure that every instance of this application has: something that"
        " relies on it fails, or no longer happens.",
        "Look at the options that the dump was made with, and at the version of the application that it is of.",
    ),
    "network-isolation": Meaning(
        "The restored copy can reach others: it could send mail to real people or call payment services.",
        "Close its network before anything else.",
    ),
    "encrypted-values": Meaning(
        "What the application encrypted cannot be read: the key that belongs to this backup is another one.",
        "Find the APP_KEY that the instance had when the backup was made, and keep it apart from the backup.",
    ),
    "downloads": Meaning(
        "A file that is on disk does not come back through the application as it was backed up.",
        "Look at logs/target/apiary.log in the run directory, and at the owner and mode of the file.",
    ),
    "recovery-point": Meaning(
        "More work would be lost than was agreed: everything since the newest row.",
        "Take backups more often, and check that the backup job reads the live database.",
    ),
    "recovery-time": Meaning(
        "Getting back to work takes longer than was agreed.",
        "Look at the longest step in the timeline, or agree on another objective.",
    ),
    "trend": Meaning(
        "All of the backup came back, but the backup itself holds less or more than it usually does.",
        "Ask whoever runs the system whether that was meant; if not, the loss happened before the backup.",
    ),
}

STEP = Meaning(
    "The drill ended at this step; nothing after it was checked.",
    "Read what the step said, remove the cause, and run the drill again.",
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
        "Decide whether that loss is acceptable; if it is not, back up the table that is referred to as well.",
    ),
    "index-not-imported": Meaning(
        "Things of this kind cannot be found by searching until their import is run by hand.",
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
        finding: what was found.
    """
    if (known := CODES.get(finding.code)) is not None:
        return known
    if finding.severity is Severity.INFO:
        return Meaning("", "")
    if finding.severity is Severity.WARNING and check not in _ALWAYS_WARNS:
        return WARNING
    return MEANINGS.get(check, STEP)
