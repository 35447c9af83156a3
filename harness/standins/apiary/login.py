"""The login of a masquerading visitor, with the trace that it leaves in the database.

Source: app/Http/Middleware/CasAuthenticate.php and app/Util/CasUser.php. With `CAS_MASQUERADE` set, whoever
asks is that user; the row in `users` is created if it is missing and brought up to date if it is not. In
sandbox mode the user has to stand in `SANDBOX_USERS`, and gets the role admin and no other.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.standins.apiary.config import AppConfig, Masquerade
from harness.standins.apiary.database import connect, now, scalar

_GTID_DIGITS = 9


class LoginRefused(Exception):
    """The visitor may not come in: 403."""


class MissingAttribute(Exception):
    """The login lacks something that the application takes for granted: 500."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as far as the pages need it."""

    id: int
    uid: str
    can_read_resumes: bool = False


def log_in(config: AppConfig, visitor: Masquerade) -> User:
    """Create or update the masqueraded user and return it.

    Raises:
        LoginRefused: sandbox mode, and the user is not one of its users.
        MissingAttribute: an attribute of the visitor is not set.
        pymysql.MySQLError: the database refused.
    """
    if config.sandbox_mode and visitor.uid not in config.sandbox_users:
        raise LoginRefused
    if visitor.missing and not config.sandbox_mode:
        raise MissingAttribute(f"Missing attribute {visitor.missing[0]} from CAS for user {visitor.uid}")
    if "@" not in visitor.affiliation:
        raise MissingAttribute("Undefined array key 1")  # of what is split at the @
    with connect(config.database) as connection:
        user_id = _create_or_update(connection, visitor)
        if config.sandbox_mode:
            _make_admin(connection, user_id)
        allowed = scalar(
            connection,
            "select 1 from model_has_roles m join role_has_permissions r on r.role_id = m.role_id "
            "join permissions p on p.id = r.permission_id "
            "where m.model_type = 'App\\\\Models\\\\User' and m.model_id = %s and p.name = "
            "'read-users-resume' limit 1",
            user_id,
        )
    return User(user_id, visitor.uid, allowed is not None)


def find_user(config: AppConfig, identifier: str) -> User | None:
    """The user of a gtid (nine digits from 9…), an id, a uid or a directory GUID; none that is deleted."""
    if identifier.isdigit():
        is_gtid = len(identifier) == _GTID_DIGITS and identifier[0] == "9"
        condition = "gtid = %(id)s" if is_gtid else "id = %(id)s"
    else:
        condition = "(uid = %(id)s or gtDirGUID = %(id)s)"
    with connect(config.database) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"select id, uid from users where deleted_at is null and {condition} limit 1", {"id": identifier}
        )
        row = cursor.fetchone()
    return User(int(row[0]), str(row[1])) if row else None


def _create_or_update(connection: Connection[Cursor], visitor: Masquerade) -> int:
    known = scalar(connection, "select id from users where uid = %s and deleted_at is null", visitor.uid)
    values = (visitor.gtid, visitor.email, visitor.first_name, visitor.last_name)
    with connection.cursor() as cursor:
        if known is None:
            cursor.execute(
                "insert into users (uid, gtid, gt_email, first_name, last_name, create_reason, "
                "has_ever_logged_in, "
                "created_at, updated_at) values (%s, %s, %s, %s, %s, 'cas_login', 1, %s, %s) "
                "on duplicate key update id = last_insert_id(id)",
                (visitor.uid, *values, now(), now()),
            )
            return int(cursor.lastrowid)
        # updated_at moves only when something else does, as Eloquent saves only what changed.
        cursor.execute(
            "update users set updated_at = if(gtid = %s and gt_email = %s and first_name = %s and "
            "last_name = %s "
            "and has_ever_logged_in = 1, updated_at, %s), gtid = %s, gt_email = %s, first_name = %s, "
            "last_name = %s, has_ever_logged_in = 1 where id = %s",
            (*values, now(), *values, known),
        )
    return int(str(known))


def _make_admin(connection: Connection[Cursor], user_id: int) -> None:
    admin = scalar(connection, "select id from roles where name = 'admin'")
    if admin is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from model_has_roles where model_type = 'App\\\\Models\\\\User' and model_id = %s "
            "and role_id <> %s",
            (user_id, admin),
        )
        cursor.execute(
            "insert ignore into model_has_roles (role_id, model_type, model_id) values (%s, "
            "'App\\\\Models\\\\User', %s)",
            (admin, user_id),
        )
