"""`apiary-drill backup` and another server: every way to it, TLS, and what is printed where it cannot be reached."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.base.settings import from_environment
from harness.cli.command_line import main
from harness.runtime.docker.client import connect
from harness.runtime.images.bases import ensure_base
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
from harness.runtime.process import mysql as process_mysql
from harness.runtime.process.programs import mysql_programs, write_program
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.services.mysql_transport import Transport
from harness.runtime.spec import StackSpec, new_app_key
from tests.certificates import Certificates, make_certificates
from tests.contract.mysql.conftest import KINDS
from tests.contract.runtimes.production_image import CLIENT

CLOSED_PORT, SECRET = "1", "secret"
READ = "SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES"


@dataclass(frozen=True)
class Reached:
    """A server that speaks TLS and offers a socket, with a small database, its files and accounts."""

    server: MySqlServer
    tls: Certificates
    socket: Path
    root: Path
    program: str

    def back_up(self, *options: str, user: str = "reader", password: str = SECRET) -> tuple[int, str]:
        """Run the command: exit code and what it printed, its lines joined."""
        file = self.root / f"password-{secrets.token_hex(4)}"
        file.write_text(password)
        given = ["--mysql-port", str(self.server.port), "--mysql-user", user, "--mysql-password-file", str(file)]
        return self.run(*given, *options)

    def run(self, *options: str) -> tuple[int, str]:
        to = str(self.root / f"backup-{secrets.token_hex(4)}")
        required = ["--database", "t_reached", "--storage", str(self.root / "app"), "--to", to]
        environment = {"APIARY_DRILL_STATE_DIR": str(self.root / "state")}
        given = [*required, *options, "--mysqld", self.program]
        answer = CliRunner(env=environment).invoke(main, ["backup", *given])
        return answer.exit_code, " ".join(answer.output.split())


@pytest.fixture(scope="module", params=KINDS)
def reached(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    root = tmp_path_factory.mktemp("reached")
    named = "mariadbd" if request.param == "MariaDB" else None
    settings = replace(from_environment(os.environ), state_dir=root / "state", mysqld=named, runtime="process")
    programs = mysql_programs(settings)
    assert programs.flavour == request.param
    drill_id = f"reached-{secrets.token_hex(4)}"
    plain = process_mysql._arguments
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        directory = stack.enter_context(workspace(settings.state_dir, drill_id))
        made: list[Certificates] = []

        def with_tls(*given: object) -> list[str]:
            """A server's own certificate lies beside its data, where its account can read it."""
            data = given[2]
            assert isinstance(data, Path)
            made.append(make_certificates(data.parent / f"tls-{secrets.token_hex(2)}"))
            files = {name: made[-1].server / f"{name}.pem" for name in ("ca", "cert", "key")}
            return [*plain(*given), *(f"--ssl-{name}={path}" for name, path in files.items())]  # type: ignore[arg-type]

        patch.setattr(process_mysql, "_arguments", with_tls)
        spec = StackSpec("source", drill_id, directory / "logs", new_app_key())
        env = {**settings.base_env, DRILL_ID_VARIABLE: drill_id}
        server, *_ = stack.enter_context(
            process_mysql.mysql_server(settings, programs, spec, directory / "server", env)
        )
        with server.session() as session:
            for statement in (
                "CREATE DATABASE t_reached",
                "CREATE TABLE t_reached.users (id INT PRIMARY KEY, uid VARCHAR(20))",
                "CREATE TABLE t_reached.resumes (id INT PRIMARY KEY, user_id INT)",
                "INSERT INTO t_reached.users VALUES (1, 'u1')",
                "INSERT INTO t_reached.resumes VALUES (1, 1)",
                *(
                    line
                    for user, needs in (("reader", ""), ("tls_only", " REQUIRE SSL"), ("certified", " REQUIRE X509"))
                    for line in (
                        f"CREATE USER '{user}'@'%' IDENTIFIED BY 'secret'{needs}",
                        f"GRANT {READ} ON t_reached.* TO '{user}'@'%'",
                        f"GRANT RELOAD, PROCESS ON *.* TO '{user}'@'%'",
                    )
                ),
            ):
                session.execute(statement)
        (root / "app/resumes").mkdir(parents=True)
        (root / "app/resumes/u1.pdf").write_text("a resume")
        yield Reached(server, made[-1], directory / "server/data/mysql.sock", root, str(programs.server))


def test_every_connection_error_has_its_remedy(reached: Reached, tmp_path: Path) -> None:
    stranger, garbage = reached.tls.stranger / "ca.pem", tmp_path / "ca.pem"
    garbage.write_text("not a certificate")
    ours = str(reached.tls.server / "ca.pem")
    rows: tuple[tuple[tuple[str, ...], dict[str, str], int, str, str], ...] = (
        (("--mysql-host", "no-such-host.invalid"), {}, 3, "cannot connect", "HINT: Check --mysql-host: no address"),
        (("--mysql-port", CLOSED_PORT), {}, 3, "Connection refused", "HINT: No server listens there"),
        ((), {"password": "wrong"}, 3, "ERROR 1045", "HINT: Check the password of 'reader'"),
        ((), {"user": "nobody"}, 3, "ERROR 1045", "HINT: Check the password of 'nobody'"),
        (
            ("--mysql-ssl-mode", "disabled"), {"user": "tls_only"}, 3, "ERROR 1045",
            "HINT: Where TLS is required, access is refused in the same words: give --mysql-ssl-mode required.",
        ),
        (("--mysql-ssl-ca", str(stranger)), {}, 3, "certificate", "HINT: --mysql-ssl-ca has to be the authority"),
        (
            ("--mysql-host", "localhost", "--mysql-ssl-ca", ours, "--mysql-ssl-mode", "verify_identity"), {}, 3,
            "certificate", "HINT: Give the name that is in the certificate as --mysql-host",
        ),
        (("--mysql-ssl-ca", str(garbage)), {}, 2, f"cannot use the certificates {garbage}", "HINT: Give PEM files"),
        (("--mysql-ssl-ca", str(tmp_path / "gone")), {}, 2, "No such file", "HINT: Give PEM files"),
        (("--mysql-ssl-mode", "verify_ca"), {}, 2, "needs --mysql-ssl-ca", "HINT: The authorities that this system"),
        (("--database", "apiray"), {}, 2, "does not see a database 'apiray'", "HINT: Check --database"),
    )  # fmt: skip
    for options, account, code, fact, hint in rows:
        answer = reached.back_up(*options, **account)
        assert (answer[0], fact in answer[1], hint in answer[1]) == (code, True, True), (options, account, answer)
    missing = ("--mysql-socket", str(tmp_path / "mysql.sock"), "--mysql-user", "reader")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    answer = reached.run(*missing, "--mysql-password-file", str(secret))
    assert (answer[0], "HINT: Check --mysql-socket" in answer[1]) == (3, True), answer
    assert not list(reached.root.glob("backup-*")), "nothing is left behind"


def test_a_server_that_requires_tls_says_so_and_gets_it(reached: Reached) -> None:
    with reached.server.session() as session:
        session.execute("SET GLOBAL require_secure_transport = ON")
        try:
            answer = reached.back_up("--mysql-ssl-mode", "disabled")
            requires = "Where TLS is required, access is refused in the same words"  # MariaDB does not say why
            requires = requires if "maria" in reached.program else "The server requires TLS"
            assert (answer[0], f"HINT: {requires}: give --mysql-ssl-mode required" in answer[1]) == (3, True), answer
            for options in ((), ("--mysql-ssl-mode", "required")):
                answer = reached.back_up(*options)
                assert (answer[0], "backup complete" in answer[1]) == (0, True), answer
        finally:
            session.execute("SET GLOBAL require_secure_transport = OFF")


def test_the_name_in_the_certificate_is_verified_and_tls_can_be_left_out(reached: Reached) -> None:
    answer = reached.back_up(
        "--mysql-ssl-ca", str(reached.tls.server / "ca.pem"), "--mysql-ssl-mode", "verify_identity"
    )
    assert (answer[0], "backup complete" in answer[1]) == (0, True), answer
    answer = reached.back_up("--mysql-ssl-mode", "disabled")
    assert (answer[0], "backup complete" in answer[1]) == (0, True), answer


def test_a_client_options_file_says_all_of_it(reached: Reached, tmp_path: Path) -> None:
    """`!include`, quotes, underscores and remarks, a client's certificate; the command line comes first."""
    client = reached.tls.client
    (tmp_path / "more.cnf").write_text(
        f"[client]\nssl-ca = '{reached.tls.server / 'ca.pem'}'\nssl_cert={client / 'cert.pem'}\n"
        f'loose-ssl-key="{client / "key.pem"}" # its key\n'
    )
    options = tmp_path / "my.cnf"
    options.write_text(
        f'# for the backup\n[mysqld]\nuser=mysql\n[client]\nuser = certified\npassword = "sec\\x72et"\n'
        f"host=127.0.0.1\nport={reached.server.port}\n!include {tmp_path / 'more.cnf'}\n"
    )
    answer = reached.run("--mysql-defaults-file", str(options))
    assert (answer[0], "ERROR 1045" in answer[1]) == (3, True), "an unknown escape stays as it is"
    options.write_text(options.read_text().replace("\\x72", "r"))
    answer = reached.run("--mysql-defaults-file", str(options))
    assert (answer[0], "backup complete" in answer[1]) == (0, True), answer
    answer = reached.run("--mysql-defaults-file", str(options), "--mysql-port", CLOSED_PORT)
    assert (answer[0], "Connection refused" in answer[1]) == (3, True), answer


def test_a_socket_needs_neither_address_nor_tls(reached: Reached) -> None:
    options = reached.root / "socket.cnf"
    options.write_text(f"[client]\nhost=localhost\nuser=reader\npassword=secret\nsocket={reached.socket}\n")
    answer = reached.run("--mysql-defaults-file", str(options))
    assert (answer[0], "backup complete" in answer[1]) == (0, True), answer
    newest = max(reached.root.glob("backup-*"), key=lambda path: path.stat().st_mtime_ns)
    (component,) = json.loads((newest / "manifest.json").read_text())["components"]
    assert component["reference"] == str(reached.socket)
    if os.geteuid() == 0:  # whom the server knows by the system's account needs no password
        with reached.server.session() as session:
            if "maria" in reached.program:
                session.execute("ALTER USER 'root'@'localhost' IDENTIFIED VIA unix_socket")
            else:
                session.execute("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'")
                session.execute("ALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket")
        answer = reached.run("--mysql-socket", str(reached.socket), "--mysql-user", "root")
        assert (answer[0], "backup complete" in answer[1]) == (0, True), answer


def test_a_directory_that_cannot_be_the_applications_fails(reached: Reached, tmp_path: Path) -> None:
    """An empty one, as an unmounted one is, and one without any of the files that rows refer to."""
    storage = tmp_path / "app"
    storage.mkdir()
    empty = reached.back_up("--storage", str(storage))
    (storage / ".gitignore").write_text("*\n")
    other = reached.back_up("--storage", str(storage))
    message = (
        f"the storage directory {storage} is empty: it holds none of the 1 files that rows refer to HINT: Give the"
    )
    assert (empty[0], message in empty[1]) == (1, True), empty
    assert (other[0], f"{storage} holds none of the 1 files that rows refer to" in other[1]) == (1, True), other


def test_a_client_tool_checks_the_authority_itself(reached: Reached) -> None:
    """Not only the harness's own connection, which comes first."""
    for authority, accepted in ((reached.tls.server, True), (reached.tls.stranger, False)):
        for mode in ("verify_ca", "verify_identity"):
            mariadb = "mariadbd" in reached.program
            transport = Transport(mode=mode, ca=authority / "ca.pem", mariadb_tools=mariadb)
            server = replace(reached.server, transport=transport)
            argv = [server.client, "--no-defaults", *server.tool_arguments(server.admin), "--execute=SELECT 1"]
            with server.tools.start(argv, env=server.tool_environment(server.admin)) as tool:
                list(tool.chunks())
                ended = tool.wait(60)
            assert (ended.exit_status == 0) == accepted, (mode, accepted, ended.stderr)
            assert accepted or "certificate" in ended.stderr, (mode, ended.stderr)


@pytest.mark.docker
def test_a_client_tool_that_also_checks_the_name(reached: Reached, tmp_path: Path) -> None:
    """MariaDB's tools from 11.4 on, in the mode verify_ca; those of Debian 13, on the machine's engine."""
    if "mariadbd" not in reached.program:
        return  # MySQL's tools have a mode of their own for each
    settings = from_environment(os.environ)
    image = ensure_base(connect(settings.docker), settings, CLIENT, fresh=False)
    (tmp_path / "mariadbd").symlink_to(reached.program)
    for tool in ("mariadb", "mariadb-dump"):
        write_program(
            tmp_path / tool,
            f"docker run --rm --interactive --network host --env MYSQL_PWD --volume {reached.tls.server}:"
            f'{reached.tls.server}:ro {image} {tool} "$@"',
        )
    newer = replace(reached, program=str(tmp_path / "mariadbd"))
    verified = ("--mysql-ssl-mode", "verify_ca", "--mysql-ssl-ca", str(reached.tls.server / "ca.pem"))
    answer = newer.back_up(*verified, "--mysql-host", "127.0.0.1")
    assert (answer[0], "backup complete" in answer[1]) == (0, True), answer
    answer = newer.back_up(*verified, "--mysql-host", "localhost")
    assert answer[0] == 3, answer
    assert "mariadb-dump refuses the server's certificate, which is not for localhost HINT: MariaDB's" in answer[1]
