"""What Apiary's admin guide and source say: the facts that backup, restore and checks share.

Source: the public repository RoboJackets/apiary at 354ae4ba (August 2026):
`docs/admins/backup-and-restore.rst`, `app/Console/Commands/ImportAllModels.php`, `config/scout.php`.
The standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

APPLICATION_TIME_ZONE = "America/New_York"
"""In which the application writes times (config/app.php)."""

EXCLUDABLE_TABLES: tuple[str, ...] = (
    "action_events",
    "attendance_exports",
    "failed_jobs",
    "jobs",
    "notification_templates",
    "nova_notifications",
    "oauth_refresh_tokens",
    "oauth_access_tokens",
    "recruiting_campaign_recipients",
    "recruiting_campaigns",
    "recruiting_responses",
    "recruiting_visits",
    "remote_attendance_links",
    "webhook_calls",
)
"""Tables that the documented procedure allows to leave out of the dump. Their structure is left out with them."""

EXCLUDABLE_DIRECTORIES: tuple[str, ...] = ("nova-exports", "dompdf")
"""Directories below `storage/app` that the documented procedure allows to leave out."""

PRESTART_COMMANDS: tuple[str, ...] = (
    "config:validate",
    "config:cache",
    "view:cache",
    "event:cache",
    "route:cache",
    "cache:clear",
    "responsecache:clear",
)
"""What production's start of the job runs before `migrate --force` and the web task (.nomad/scripts/prestart.sh). Its
notice to administrators that the search is being rebuilt is left out, because it writes rows."""

STORAGE_UID = 33
"""Owner of `/app/storage/app` in the app's container: www-data on Debian."""

MEILISEARCH_DUMPS_DIRECTORY = "meilisearch/dumps"
"""Below `storage/app`: an empty Meilisearch imports the newest dump in it when production starts."""


@dataclass(frozen=True, slots=True)
class SearchModel:
    """One searchable table: its index is `SCOUT_PREFIX` + `table`.

    `primary_key` is the document's key. `from_database` is False for airports, whose documents come from a
    data file in the app's own package.
    """

    table: str
    primary_key: str = "id"
    from_database: bool = True


IMPORTED_MODELS: tuple[SearchModel, ...] = (
    SearchModel("airports", primary_key="iata", from_database=False),
    SearchModel("attendance"),
    SearchModel("dues_transactions"),
    SearchModel("events"),
    SearchModel("sponsors"),
    SearchModel("sponsor_domains"),
    SearchModel("sponsor_users"),
    SearchModel("teams"),
    SearchModel("travel"),
    SearchModel("travel_assignments"),
    SearchModel("users"),
)
"""What `scout:import-all` imports, in its order."""

NOT_IMPORTED_MODELS: tuple[SearchModel, ...] = (SearchModel("resumes"),)
"""Searchable in the code, and left out of `scout:import-all`: empty after the documented restore."""


@dataclass(frozen=True, slots=True)
class FileReference:
    """A column that holds the path of a file, relative to `storage/app`."""

    table: str
    column: str


FILE_REFERENCES: tuple[FileReference, ...] = (
    FileReference("docusign_envelopes", "membership_agreement_filename"),
    FileReference("docusign_envelopes", "travel_authority_filename"),
    FileReference("docusign_envelopes", "direct_bill_airfare_filename"),
    FileReference("docusign_envelopes", "covid_risk_filename"),
    FileReference("docusign_envelopes", "itinerary_request_filename"),
    FileReference("docusign_envelopes", "summary_filename"),
    FileReference("signatures", "scanned_agreement"),
)
"""Besides these, a row in `resumes` stands for `resumes/<users.uid>.pdf` of its user."""

ENVELOPES_DIRECTORY = "docusign"
"""Holds a directory for each envelope, of which some row refers to a document at least."""

REFERENCED_DIRECTORIES: tuple[str, ...] = ("resumes", ENVELOPES_DIRECTORY)
"""Directories in which files belong to rows."""

STORAGE_NAMES: tuple[str, ...] = (
    *REFERENCED_DIRECTORIES,
    *EXCLUDABLE_DIRECTORIES,
    *MEILISEARCH_DUMPS_DIRECTORY.split("/"),
    "agreements",
    "fonts",
    "private",
    "public",
    ".gitignore",
    "app",
    "framework",
    "html",
    "logs",
    "storage",
    "var",
    "www",
)
"""Names in and around `storage/app` that the application, its framework or its image chose, not a person."""

DOCUMENT_NAMES: tuple[str, ...] = (
    "COVID Risk Acknowledgement",
    "Direct Bill Airfare Request",
    "Itinerary Request",
    "Membership Agreement",
    "Summary",
    "Travel Information Form",
)
"""What DocuSign documents are called, without `.pdf`: the same for everybody."""
