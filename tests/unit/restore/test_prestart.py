"""Step 5 as the job takes it: what ends it, what may fail, and what an application may lack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.base.errors import ProcedureFailed
from harness.base.guide import PRESTART_COMMANDS
from harness.base.model import Prestart
from harness.procedure.restore.prestart import prestart
from harness.runtime.services.execution import Completed


class Artisan:
    """An application that answers so: exit status, stdout and stderr by command."""

    def __init__(self, **answers: tuple[int, bytes, str]) -> None:
        self.answers = {name.replace("_", ":"): answer for name, answer in answers.items()}
        self.asked: list[tuple[str, ...]] = []

    def artisan(self, *arguments: str) -> Completed:
        self.asked.append(arguments)
        return Completed(arguments, *self.answers.get(arguments[0], (0, b"", "")))

    def run(self, *, migrate: bool = False) -> Prestart:
        apiary = SimpleNamespace(artisan=self.artisan, must_artisan=self.artisan)
        return prestart(cast(Any, apiary), migrate=migrate)


def test_production_runs_them_in_this_order() -> None:
    app = Artisan()
    assert app.run(migrate=True) == Prestart((*PRESTART_COMMANDS, "migrate --force"))
    assert app.asked == [*((name, "--no-interaction") for name in PRESTART_COMMANDS), ("migrate", "--force")]
    assert Artisan().run().ran == PRESTART_COMMANDS


def test_a_command_that_the_application_lacks_is_named() -> None:
    """Both of Symfony's messages, as Laravel 12 logs and shows them; `config:validate` comes from a package."""
    log = '[2026-11-29 18:05:24] production.ERROR: {} {{"exception":"[object] (Symfony\\\\Component\\\\Console…"}}\n'

    done = Artisan(
        config_validate=(1, b"", log.format('Command "config:validate" is not defined.')),
        responsecache_clear=(
            1,
            b'\n   ERROR  There are no commands defined in the "responsecache" namespace.  \n\n',
            "",
        ),
    ).run()
    assert done.unknown == ("config:validate", "responsecache:clear")
    assert (done.failed, done.ran) == ((), PRESTART_COMMANDS[1:-1])


def test_what_may_fail_and_what_ends_the_start() -> None:
    """`config:validate` judges the drill's own settings; the script goes on after the two that clear."""
    no = (1, b"cas.cas_masquerade  The field is prohibited.", "")
    done = Artisan(config_validate=no, cache_clear=no, responsecache_clear=no).run()
    assert (done.failed, done.unknown) == (("config:validate", "cache:clear", "responsecache:clear"), ())
    for name in ("config_cache", "view_cache", "event_cache", "route_cache"):
        app = Artisan(**{name: (1, b"", "In Route.php line 1:\n\n  Unable to prepare route for serialization.\n")})
        with pytest.raises(ProcedureFailed) as caught:
            app.run(migrate=True)
        command = name.replace("_", ":")
        assert caught.value.fact == (
            f"`php artisan {command}` failed with exit status 1: Unable to prepare route for serialization"
        )
        assert app.asked[-1] == (command, "--no-interaction")
