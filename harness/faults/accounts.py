"""Faults of the accounts at the source: mysqldump leaves out what its account may not see, often without a word."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Literal

from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.mysql import Account, Session, granted_name, server_version

FAULTS = FaultFamily("source", InjectionPoint.BACKUP)

_USER = "drill_backup"
_NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "LOCK TABLES")
_SHOW_ROUTINE = {"MySQL": "SHOW_ROUTINE ON *.*", "MariaDB": "SELECT ON mysql.proc"}
"""What shows the routines of other accounts; on MySQL since 8.0.20."""
_FUNCTION = "drill_fault_double"


class MissingPrivilegeOptions(FaultOptions):
    """`privilege`: the one that the account lacks. Of these, two are silent: `TRIGGER` and `SHOW_ROUTINE`."""

    privilege: Literal["TRIGGER", "SHOW_ROUTINE", "SHOW VIEW", "EVENT"] = "TRIGGER"


@FAULTS.fault("privilege-missing-at-source", "The account that makes the dump lacks a privilege.")
def lack_privilege(context: FaultContext, rng: Random, options: MissingPrivilegeOptions) -> Iterator[None]:
    """Dump as an account of its own that lacks a privilege; what the source holds is read by the administrator."""
    mysql = context.stack.mysql
    account = Account(_USER, f"{rng.getrandbits(128):032x}")
    with context.session() as session:
        if options.privilege == "SHOW_ROUTINE":
            # Apiary has no routine that could be left out.
            session.execute(f"CREATE FUNCTION {_FUNCTION}(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n + n")
            context.changed("function", _FUNCTION, "created at the source")
        _make(session, account, mysql.database, options.privilege)
    mysql.overrides["dump"] = account
    context.changed("account", _USER, f"makes the dump without the privilege {options.privilege}")
    try:
        yield
    finally:
        del mysql.overrides["dump"]


def _make(session: Session, account: Account, database: str, lacking: str) -> None:
    """An account with all that a dump of this database needs, but for one privilege."""
    session.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (account.user, account.password))
    held = ", ".join(name for name in _NEEDED if name != lacking)
    session.execute(f"GRANT {held} ON {granted_name(database)}.* TO %s@'%%'", (account.user,))
    if lacking != "SHOW_ROUTINE":
        flavour, _ = server_version(session)
        session.execute(f"GRANT {_SHOW_ROUTINE[flavour]} TO %s@'%%'", (account.user,))
