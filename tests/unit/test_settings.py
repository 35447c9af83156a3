"""Settings: options before variables before defaults, and nothing from anywhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.settings import DockerSettings, ImageSettings, from_environment
from tests.tables import over_table


def test_an_empty_environment_has_a_place_for_everything() -> None:
    settings = from_environment({})
    assert settings.state_dir == Path("/tmp/.local/state/apiary-drill")
    assert settings.cache_dir == Path("/tmp/.cache/apiary-drill")
    assert settings.runs_dir == Path("/tmp/.local/state/apiary-drill/runs")
    assert (settings.mysqld, settings.meilisearch, settings.runtime) == (None, None, "auto")
    assert settings.images == ImageSettings()
    path = "/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/sbin"
    assert settings.docker == DockerSettings(config_dir=Path("/tmp/.docker"), client_env={"PATH": path})
    assert settings.fetch_env == {}


def test_xdg_directories_are_used_and_the_harness_own_variables_win() -> None:
    xdg = {"HOME": "/home/o", "XDG_STATE_HOME": "/x/state", "XDG_CACHE_HOME": "/x/cache"}
    settings = from_environment(xdg)
    assert settings.history_path == Path("/x/state/apiary-drill/history.sqlite3")
    assert settings.state_dir == Path("/x/state/apiary-drill")
    assert settings.cache_dir == Path("/x/cache/apiary-drill")
    assert settings.runs_dir == Path("/x/state/apiary-drill/runs")
    own = {
        "APIARY_DRILL_STATE_DIR": "/s",
        "APIARY_DRILL_CACHE_DIR": "/c",
        "APIARY_DRILL_RUNS_DIR": "/r",
        "APIARY_DRILL_HISTORY": "/h/runs.db",
        "APIARY_DRILL_MYSQLD": "/opt/mysqld",
        "APIARY_DRILL_MEILISEARCH": "/opt/meilisearch",
    }
    settings = from_environment(xdg | own)
    assert settings.history_path == Path("/h/runs.db")
    assert (settings.state_dir, settings.cache_dir, settings.runs_dir) == (Path("/s"), Path("/c"), Path("/r"))
    assert (settings.mysqld, settings.meilisearch) == ("/opt/mysqld", "/opt/meilisearch")


def test_options_win_over_variables() -> None:
    environ = {
        "APIARY_DRILL_RUNS_DIR": "/r",
        "APIARY_DRILL_MYSQLD": "/opt/mysqld",
        "APIARY_DRILL_MEILISEARCH": "/opt/meilisearch",
    }
    settings = from_environment(
        environ, runs_dir=Path("/mine"), mysqld="/my/mysqld", meilisearch="/my/search", runtime="process"
    )
    assert (settings.runs_dir, settings.mysqld, settings.meilisearch) == (Path("/mine"), "/my/mysqld", "/my/search")
    assert settings.runtime == "process"


@over_table(
    "path, searched",
    [
        ("/a:/b", ("/a", "/b", "/usr/local/sbin", "/usr/sbin", "/sbin")),
        ("/usr/sbin::/a", ("/usr/sbin", "/a", "/usr/local/sbin", "/sbin")),
        ("", ("/usr/local/sbin", "/usr/sbin", "/sbin")),
    ],
)
def test_servers_are_looked_for_in_sbin_too(path: str, searched: tuple[str, ...]) -> None:
    assert from_environment({"PATH": path}).search_path == searched


def test_programs_get_little_of_the_harness_own_environment() -> None:
    """A password or a client's option in a variable must not reach a server that is under test."""
    kept = {"HOME": "/home/o", "TMPDIR": "/t"}
    secrets = {"MYSQL_PWD": "secret", "MEILI_MASTER_KEY": "secret", "LD_PRELOAD": "x.so", "https_proxy": "http://p"}
    assert from_environment({**kept, **secrets, "PATH": "/a", "LANG": "tr_TR"}).base_env == {
        **kept, "LANG": "C.UTF-8", "PATH": "/a:/usr/local/sbin:/usr/sbin:/sbin",
    }  # fmt: skip
    fetching = {"HTTP_PROXY": "a", "https_proxy": "b", "No_Proxy": "c", "ALL_PROXY": "d", "PIP_INDEX_URL": "e"}
    fetching |= {"SSL_CERT_FILE": "f", "REQUESTS_CA_BUNDLE": "g"}
    others = {"PIPX_HOME": "x", "MY_PROXY": "x", "SSL_CERT_FILES": "x", "HOME": "/h"}
    assert from_environment(fetching | others).fetch_env == fetching


def test_docker_variables_mean_what_they_mean_to_dockers_client() -> None:
    environ = {
        "HOME": "/home/o",
        "DOCKER_HOST": "tcp://h:2376",
        "DOCKER_CONTEXT": "far",
        "DOCKER_CONFIG": "/etc/docker-client",
        "DOCKER_CERT_PATH": "/certs",
        "DOCKER_TLS_VERIFY": "1",
    }
    found = from_environment(environ).docker
    assert replace(found, client_env={}) == DockerSettings(
        "tcp://h:2376", "far", Path("/etc/docker-client"), Path("/certs"), True
    )
    assert found.client_env["HOME"] == "/home/o"
    empty = dict.fromkeys(environ, "") | {"HOME": "/home/o"}
    found = from_environment(empty).docker
    assert replace(found, client_env={}) == DockerSettings(config_dir=Path("/home/o/.docker"))


def test_a_program_is_found_by_name_by_path_or_not_at_all(tmp_path: Path) -> None:
    program = tmp_path / "mysqld"
    program.write_text("#!/bin/sh\n")
    (tmp_path / "data").write_text("no program")
    program.chmod(0o755)
    settings = from_environment({"PATH": str(tmp_path)})
    assert settings.which("mysqld") == program
    assert settings.which(str(program)) == program
    assert settings.which("data") is None
    assert settings.which("no-such-program") is None


def test_the_memory_for_indexing_is_meilisearchs_own_variable() -> None:
    """Sizes are written as that server reads them; what it would stop at is exit code 2 before anything starts."""
    assert from_environment({}).indexing_memory == "256 MiB"
    for size in ("64MiB", "4Gb", "1 GiB", "1073741824", "1.5 GB"):
        assert from_environment({"MEILI_MAX_INDEXING_MEMORY": size}).indexing_memory == size
    for wrong in ("much", "0", "0 MiB", "-1", "MiB", "1 XB"):
        with pytest.raises(UsageError, match=r"^MEILI_MAX_INDEXING_MEMORY: .* is not a size greater than zero\n"):
            from_environment({"MEILI_MAX_INDEXING_MEMORY": wrong})
