"""What a server says of itself, as far as a script has to agree with it."""

from __future__ import annotations

from harness.artifacts.dump.model import TargetServer
from harness.procedure.backup.external_server import granted_on
from harness.runtime.services.mysql import MySqlServer, Session, server_version

_VARIABLES = (
    "innodb_force_primary_key",
    "log_bin",
    "log_bin_trust_function_creators",
    "lower_case_table_names",
    "max_allowed_packet",
    "sql_require_primary_key",
)
_GRANTS = "SHOW GRANTS FOR %s@'%%'"


def target_facts(server: MySqlServer) -> TargetServer:
    """Ask the server everything that a script can disagree with."""
    with server.session() as session:
        flavour, version = server_version(session)
        variables = {
            str(name): str(value)
            for name, value in session.rows(
                f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({', '.join(['%s'] * len(_VARIABLES))})", _VARIABLES
            )
        }
        return TargetServer(
            version=version,
            flavour=flavour.lower(),
            collations=_names(session, "SELECT collation_name FROM information_schema.collations"),
            charsets=_names(session, "SELECT character_set_name FROM information_schema.character_sets"),
            engines=frozenset(
                name.lower()
                for name in _names(
                    session, "SELECT engine FROM information_schema.engines WHERE support IN ('YES', 'DEFAULT')"
                )
            ),
            max_allowed_packet_bytes=int(variables["max_allowed_packet"]),
            lower_case_table_names=int(variables["lower_case_table_names"]),
            log_bin=variables["log_bin"] == "ON",
            log_bin_trust_function_creators=variables.get("log_bin_trust_function_creators") == "ON",
            require_primary_key="ON"
            in (variables.get("sql_require_primary_key"), variables.get("innodb_force_primary_key")),
            client_flavour=flavour.lower(),
            user=f"{server.app.user}@%",
            # Those on one database do not count here.
            privileges=frozenset(
                name
                for scope, granted in granted_on(str(grant) for (grant,) in session.rows(_GRANTS, (server.app.user,)))
                if scope == "*.*"
                for name in granted - {"USAGE"}
            ),
            accounts=frozenset(f"{user}@{host}" for user, host in session.rows("SELECT user, host FROM mysql.user")),
        )


def _names(session: Session, sql: str) -> frozenset[str]:
    return frozenset(str(name) for (name,) in session.rows(sql) if name is not None)
