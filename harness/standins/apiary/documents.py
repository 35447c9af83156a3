"""From rows to search documents: one SQL query per model, in which the server itself writes the JSON.

A document holds the columns of its row, the related user, team or package as a nested object, and the lists
and counts that the index settings refer to. What a table of an older dump does not have is left out of the
document; a model whose own table is missing cannot be imported.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.standins.apiary.database import Catalog
from harness.standins.apiary.models import PERSON_COLUMNS

_PERSONAL = """
    phone_verified emergency_contact_name emergency_contact_phone emergency_contact_phone_verified parent_guardian_name
    parent_guardian_email shirt_size polo_size gender ethnicity date_of_birth delta_skymiles_number legal_gender
    access_override_until access_override_by_id resume_date github_invite_pending clickup_invite_pending exists_in_sums
    create_reason has_ever_logged_in is_service_account buzzcard_access_opt_out email_suppression_reason employee_id
    employee_home_department docusign_access_token docusign_access_token_expires_at docusign_refresh_token
    docusign_refresh_token_expires_at
"""
_HIDDEN: dict[str, frozenset[str]] = {
    "users": frozenset(_PERSONAL.split()),
    "travel": frozenset(("tar_transportation_mode", "airfare_policy", "forms")),
    "travel_assignments": frozenset(("matrix_itinerary",)),
}
"""Columns that never reach the index: personal ones, as in the real app, and JSON ones, unlike it."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A row of another table, as a nested object; `on` is SQL between `t` and the relation's own alias."""

    key: str
    table: str
    alias: str
    on: str
    needs: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that is no column: SQL that gives a number, or a comma-separated list of ids."""

    key: str
    sql: str
    needs: tuple[str, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """A query whose first column is a JSON object and whose others are JSON values, one per key."""

    sql: str
    keys: tuple[bytes, ...]


_IS_USER = "x.model_type = 'App\\\\Models\\\\User'"
_USER = Relation("user", "users", "u", "u.id = t.user_id", "user_id", ("id", *PERSON_COLUMNS))
_UPDATED = Computed("updated_at_unix", "unix_timestamp(t.updated_at)", ("t.updated_at",))
_REVENUE = (
    "floor(coalesce((select sum(p.amount - coalesce(p.processing_fee, 0)) from {table} d join payments p "
    "on p.payable_type = '{morph}' and p.payable_id = d.id where d.user_id = t.id and p.amount > 0 "
    "and p.method <> 'waiver' and p.deleted_at is null), 0))"
)


def _person(key: str, column: str) -> Relation:
    return Relation(key, "users", "u", f"u.id = t.{column}", column, ("id", *PERSON_COLUMNS))


def _count(key: str, table: str, condition: str, *needs: str) -> Computed:
    return Computed(key, f"(select count(*) from {table} x where {condition})", (f"{table}.id", *needs))


def _ids(key: str, table: str, column: str, condition: str) -> Computed:
    sql = f"(select group_concat(x.{column} order by x.{column}) from {table} x where {condition})"
    return Computed(key, sql, (f"{table}.{column}",), is_list=True)


_RELATIONS: dict[str, tuple[Relation, ...]] = {
    "attendance": (
        Relation("attendee", "users", "u", "u.gtid = t.gtid", "gtid", ("id", *PERSON_COLUMNS)),
        Relation(
            "attendable",
            "teams",
            "m",
            "t.attendable_type in ('team', 'App\\\\Models\\\\Team') and m.id = t.attendable_id",
            "attendable_type",
            ("id", "name"),
        ),
        Relation(
            "attendable",
            "events",
            "e",
            "t.attendable_type in ('event', 'App\\\\Models\\\\Event') and e.id = t.attendable_id",
            "attendable_type",
            ("id", "name", "location"),
        ),
    ),
    "dues_transactions": (
        _USER,
        Relation(
            "package",
            "dues_packages",
            "k",
            "k.id = t.dues_package_id",
            "dues_package_id",
            ("id", "name", "effective_start", "effective_end", "access_start", "access_end"),
        ),
    ),
    "events": (_person("organizer", "organizer_id"),),
    "teams": (_person("project_manager", "project_manager_id"),),
    "travel": (_person("primary_contact", "primary_contact_user_id"),),
    "travel_assignments": (
        _USER,
        Relation(
            "travel",
            "travel",
            "v",
            "v.id = t.travel_id",
            "travel_id",
            ("id", "name", "destination", "departure_date", "return_date"),
        ),
    ),
}

_COMPUTED: dict[str, tuple[Computed, ...]] = {
    "attendance": (
        Computed("team_id", "if(t.attendable_type = 'team', t.attendable_id, null)", ("t.attendable_type",)),
        Computed("event_id", "if(t.attendable_type = 'event', t.attendable_id, null)", ("t.attendable_type",)),
        Computed("user_id", "u.id", ("users.gtid",)),
        _UPDATED,
    ),
    "dues_transactions": (
        Computed("payable_type", "'\"dues-transaction\"'", ()),
        Computed(
            "status",
            "if(k.effective_end < utc_timestamp(), '\"expired\"', if(coalesce((select sum(p.amount) from "
            "payments p "
            "where p.payable_type = 'dues-transaction' and p.payable_id = t.id and p.deleted_at is "
            "null), -1) "
            ">= k.cost, '\"paid\"', '\"pending\"'))",
            ("payments.payable_id", "dues_packages.cost"),
        ),
        _ids("merchandise_id", "dues_transaction_merchandise", "merchandise_id", "x.dues_transaction_id = t.id"),
        _UPDATED,
    ),
    "events": (
        Computed("start_time_unix", "unix_timestamp(t.start_time)", ("t.start_time",)),
        Computed("end_time_unix", "unix_timestamp(t.end_time)", ("t.end_time",)),
    ),
    "sponsors": (Computed("end_date_unix", "unix_timestamp(t.end_date)", ("t.end_date",)),),
    "teams": (
        _count(
            "attendance_count",
            "attendance",
            "x.attendable_type = 'team' and x.attendable_id = t.id and x.deleted_at is null",
        ),
        _ids("user_id", "team_user", "user_id", "x.team_id = t.id"),
    ),
    "travel": (
        Computed("departure_date_unix", "unix_timestamp(t.departure_date)", ("t.departure_date",)),
        Computed("return_date_unix", "unix_timestamp(t.return_date)", ("t.return_date",)),
    ),
    "travel_assignments": (_UPDATED,),
    "users": (
        Computed(
            "revenue_total",
            _REVENUE.format(table="dues_transactions", morph="dues-transaction")
            + " + "
            + _REVENUE.format(table="travel_assignments", morph="travel-assignment"),
            ("dues_transactions.id", "travel_assignments.id", "payments.payable_id"),
        ),
        _count("attendance_count", "attendance", "x.gtid = t.gtid and x.deleted_at is null"),
        _count("envelopes_count", "docusign_envelopes", "x.signed_by = t.id and x.deleted_at is null"),
        _count("signatures_count", "signatures", "x.user_id = t.id"),
        _ids("class_standing_id", "class_standing_user", "class_standing_id", "x.user_id = t.id"),
        _ids("major_id", "major_user", "major_id", "x.user_id = t.id and x.deleted_at is null"),
        _ids("team_id", "team_user", "team_id", "x.user_id = t.id"),
        _ids("permission_id", "model_has_permissions", "permission_id", f"{_IS_USER} and x.model_id = t.id"),
        _ids("role_id", "model_has_roles", "role_id", f"{_IS_USER} and x.model_id = t.id"),
    ),
}


def document_query(table: str, catalog: Catalog, condition: str = "true") -> DocumentQuery:
    """Build the query for the documents of one table, in the order of the ids.

    Args:
        table: the model's table; it has to be in the catalog.
        condition: more SQL about the row `t`, from this package.
    """
    own = [name for name in catalog.tables[table] if name not in _HIDDEN.get(table, ()) and name != "deleted_at"]
    selected = [_json_object("t", table, own, catalog)]
    keys: dict[str, list[str]] = {}
    joins = []
    for relation in _RELATIONS.get(table, ()):
        if not catalog.has(table, relation.needs) or relation.table not in catalog.tables:
            continue
        trash = f" and {relation.alias}.deleted_at is null" if catalog.has(relation.table, "deleted_at") else ""
        joins.append(f"left join `{relation.table}` {relation.alias} on {relation.on}{trash}")
        columns = [name for name in relation.columns if catalog.has(relation.table, name)]
        value = _json_object(relation.alias, relation.table, columns, catalog)
        keys.setdefault(relation.key, []).append(f"if({relation.alias}.id is null, null, {value})")
    parts = {key: f"coalesce({', '.join(values)}, 'null')" for key, values in keys.items()}
    for computed in _COMPUTED.get(table, ()):
        if all(_present(need, table, catalog) for need in computed.needs):
            text = f"cast({computed.sql} as char)"
            parts[computed.key] = (
                f"concat('[', coalesce({text}, ''), ']')" if computed.is_list else f"coalesce({text}, 'null')"
            )
    selected.extend(parts.values())
    kept = "t.deleted_at is null" if catalog.has(table, "deleted_at") else "true"
    sql = (
        f"select {', '.join(selected)} from `{table}` t {' '.join(joins)} where {kept} and ({condition}) order by t.id"
    )
    return DocumentQuery(sql, tuple(key.encode() for key in parts))


def join_document(row: tuple[bytes, ...], keys: tuple[bytes, ...]) -> bytes:
    """Put the values of a row of the query into one JSON object."""
    extra = b"".join(b',"%b":%b' % (key, value) for key, value in zip(keys, row[1:], strict=True))
    return row[0][:-1] + extra + b"}"


def _present(need: str, table: str, catalog: Catalog) -> bool:
    name, _, column = need.partition(".")
    return catalog.has(table if name == "t" else name, column)


def _json_object(alias: str, table: str, columns: list[str], catalog: Catalog) -> str:
    pairs = []
    for column in columns:
        value = f"{alias}.`{column}`"
        match catalog.tables[table][column]:
            case "timestamp" | "datetime":
                value = f"date_format({value}, '%Y-%m-%dT%H:%i:%s.000000Z')"
            case "date":
                value = f"date_format({value}, '%Y-%m-%d')"
        pairs.append(f"'{column}', {value}")
    return f"cast(json_object({', '.join(pairs)}) as char)"
