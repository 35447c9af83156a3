"""What a source can hold beyond Apiary, where a drill has to prove that it comes back.

The real schema has no trigger and no view, and the real application encrypts no column. A backup may hold them all the
same. They are part of a source's data, never of what the migrations make: a target does not have to have them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from pymysql.connections import Connection
from pymysql.cursors import Cursor

Extra = Literal["trigger", "view", "encrypted"]
EXTRAS: tuple[Extra, ...] = get_args(Extra)

TRIGGER = "standin_lower_domain_name"
VIEW = "standin_team_sizes"

_STATEMENTS: dict[Extra, str] = {
    "trigger": f"create trigger `{TRIGGER}` before insert on `sponsor_domains` for each row"
    " set new.`domain_name` = lower(new.`domain_name`)",
    "view": f"create sql security invoker view `{VIEW}` as"
    " select `teams`.`id` as `id`, `teams`.`name` as `name`, count(`team_user`.`user_id`) as `members`"
    " from `teams` left join `team_user` on `team_user`.`team_id` = `teams`.`id` group by `teams`.`id`, `teams`.`name`",
}


def make_objects(connection: Connection[Cursor], extras: Collection[Extra]) -> None:
    """Make the trigger and the view that were asked for; encrypted values are made with the rows."""
    with connection.cursor() as cursor:
        for extra, statement in _STATEMENTS.items():
            if extra in extras:
                cursor.execute(statement)
