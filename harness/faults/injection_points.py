"""Where a fault can be put in: one name for each place in the flow of a drill."""

from __future__ import annotations

from enum import StrEnum


class InjectionPoint(StrEnum):
    """Places of the flow, in its order; `docs/faults.md` says what each one holds."""

    SOURCE = "source"
    """The source is filled. Entered before it is read, left after the backup, before it is destroyed."""
    BACKUP = "backup"
    """Around the whole backup."""
    DUMP_AND_FILES = "dump-and-files"
    """The dump is complete. Entered before the files are copied, left after that, before the manifest."""
    ARTIFACT = "artifact"
    """The backup is complete and the source is gone; nothing has been read. Left at once."""
    TARGET = "target"
    """The target is proven to be empty and to work. Entered before the documented restore, left after it."""
    STOP = "stop"
    """Around step 2."""
    FILES = "files"
    """Around step 3."""
    DATABASE = "database"
    """Around step 4; the context can call back when so many bytes of the script were sent."""
    START = "start"
    """Around step 5."""
    REINDEX = "reindex"
    """Around step 6."""
    RESTORED = "restored"
    """The last step is done and nothing has been read yet. Left at once."""
    COLLECT = "collect"
    """Around collecting evidence from the restored target."""
    JUDGING = "judging"
    """Around the checks."""


FIRST_HALF = (InjectionPoint.SOURCE, InjectionPoint.BACKUP, InjectionPoint.DUMP_AND_FILES)
"""Points that need the source: a backup that is there already cannot be drilled with a fault in one of them."""
