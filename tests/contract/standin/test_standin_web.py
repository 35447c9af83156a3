"""The pages, and the commands around them, through `php artisan serve` in a process of its own."""

import re
from concurrent.futures import ThreadPoolExecutor

import requests

from harness.standins.apiary.config import cache_file
from tests.contract.standin.standin_app import App

CAS = {"CAS_HOSTNAME": "sso.example", "CAS_REAL_HOSTS": "sso.example"}
VISITOR = CAS | {
    "CAS_MASQUERADE": "atesting3",
    "CAS_MASQUERADE_gtGTID": "901234567",
    "CAS_MASQUERADE_email_primary": "developers@robojackets.example",
    "CAS_MASQUERADE_givenName": "Apiary",
    "CAS_MASQUERADE_sn": "Testing",
    "CAS_MASQUERADE_eduPersonPrimaryAffiliation": "student",
    "CAS_MASQUERADE_eduPersonScopedAffiliation": "student@gt",
    "CAS_MASQUERADE_authenticationDate": "2026-11-22",
}
ADMIN = VISITOR | {"FEATURE_SANDBOX_MODE": "true", "SANDBOX_USERS": "atesting3"}


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=20, allow_redirects=False)


def owner(app: App) -> tuple[int, str, int]:
    rows = app.query(
        "select users.id, uid, gtid from resumes join users on users.id = user_id "
        "where users.deleted_at is null order by resumes.id limit 1"
    )
    return rows[0]  # type: ignore[return-value]


def test_a_resume_is_served_as_it_is_stored_by_id_uid_and_gtid(filled: App) -> None:
    user_id, uid, gtid = owner(filled)
    content = (filled.config.files_dir / "resumes" / f"{uid}.pdf").read_bytes()
    with filled.serving(**ADMIN) as url:
        for name in (user_id, uid, gtid):
            answer = get(f"{url}/users/{name}/resume")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
            assert answer.content == content
        nobody = get(f"{url}/users/999999/resume")
        assert (nobody.status_code, nobody.json()["message"]) == (422, "User does not exist or was previously deleted.")
        without = filled.query("select id from users where deleted_at is null and resume_date is null limit 1")[0][0]
        missing = get(f"{url}/users/{without}/resume")
        assert (missing.status_code, missing.json()["message"]) == (404, "The requested user has no resume.")
        assert get(url + "/nothing").status_code == 404


def test_a_page_behind_the_login_asks_for_it(filled: App) -> None:
    with filled.serving(**CAS) as url:
        page = f"{url}/users/1/resume"
        answer = get(page)
        assert (answer.status_code, answer.headers["location"]) == (
            302,
            f"https://sso.example/cas/login?service={page}",
        )
        answer = get(page, Accept="application/json")
        assert (answer.status_code, answer.text) == (401, "Unauthorized")


def test_someone_elses_resume_wants_the_permission(filled: App) -> None:
    user_id, _, _ = owner(filled)
    visitor = VISITOR | {"CAS_MASQUERADE": "plain1", "CAS_MASQUERADE_gtGTID": "901234000"}
    with filled.serving(**visitor) as url:
        answer = get(f"{url}/users/{user_id}/resume")
        assert (answer.status_code, answer.json()["message"]) == (
            403,
            "You do not have permission to view that resume.",
        )
    with filled.serving(**VISITOR, FEATURE_SANDBOX_MODE="true", SANDBOX_USERS="somebody") as url:
        assert get(f"{url}/users/{user_id}/resume").status_code == 403


def test_a_login_leaves_one_row_and_the_role_admin(searchable: App) -> None:
    """As the real app does: a drill has to know that looking changes the database."""
    with searchable.serving(**ADMIN) as url, ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: get(url + "/").status_code, range(24)))
    assert codes == [200] * 24
    assert searchable.query("select uid, gtid, create_reason from users") == [("atesting3", 901234567, "cas_login")]
    assert searchable.query("select role_id from model_has_roles") == [(1,)]


def test_the_home_page_says_what_is_in_the_database(filled: App) -> None:
    with filled.serving(**ADMIN) as url:
        rows = dict(re.findall(r"<tr><td>([a-z ]+)</td><td>([\d,]+)</td></tr>", get(url + "/").text))
    assert rows["attendance"] == f"{filled.query('select count(*) from attendance where deleted_at is null')[0][0]:,}"
    assert set(rows) == {"users", "teams", "events", "attendance", "dues transactions", "travel", "resumes"}


def test_without_the_hosts_of_cas_every_page_behind_the_login_is_empty(filled: App) -> None:
    """200 and nothing: what looks like a file that lost its content is a login that ended silently."""
    user_id, _, _ = owner(filled)
    for lacking in CAS:
        with filled.serving(**(ADMIN | {lacking: ""})) as url:
            answer = get(f"{url}/users/{user_id}/resume")
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"].startswith("text/html")


def test_a_masquerade_without_its_attributes_is_a_server_error(filled: App) -> None:
    """In sandbox mode the scoped affiliation alone has to be there; otherwise all of them."""
    affiliation = {"CAS_MASQUERADE_eduPersonScopedAffiliation": ""}
    for visitor in (ADMIN | affiliation, VISITOR | {"CAS_MASQUERADE_authenticationDate": ""}):
        with filled.serving(**visitor) as url:
            answer = get(f"{url}/users/1/resume")
            assert (answer.status_code, "Server Error" in answer.text) == (500, True)


def test_everything_but_up_answers_503_while_the_app_is_down(searchable: App) -> None:
    with searchable.serving(**ADMIN) as url:
        assert searchable.artisan("down") == 0
        for page in ("/ping", "/health", "/privacy", "/", "/users/1/resume", "/nothing"):
            assert get(url + page).status_code == 503, page
        assert get(url + "/up").status_code == 200
        assert searchable.artisan("up") == 0
        assert searchable.out == "   INFO  Application is now live.\n"
        assert get(url + "/ping").status_code == 200
        assert searchable.artisan("up") == 0
        assert searchable.out == "   INFO  Application is already up.\n"


def test_without_a_key_no_page_behind_the_login_works(searchable: App) -> None:
    with searchable.serving(**ADMIN, APP_KEY="") as url:
        assert get(url + "/ping").status_code == 200
        assert get(url + "/").status_code == 500
        logs = "".join(path.read_text() for path in searchable.base_dir.glob("serve-*.log"))
    assert "production.ERROR: No application encryption key has been specified." in logs


def test_a_cached_configuration_wins_until_it_is_cleared(searchable: App) -> None:
    assert searchable.artisan("config:cache") == 0
    assert cache_file(searchable.base_dir).stat().st_mode & 0o777 == 0o600
    assert searchable.artisan("migrate:status", DB_PASSWORD="wrong", APP_KEY="") == 0
    assert searchable.artisan("config:clear") == 0
    assert searchable.artisan("migrate:status", DB_PASSWORD="wrong") == 1
    assert searchable.err.startswith(
        "  ERROR  Illuminate\\Database\\QueryException: SQLSTATE[HY000] [1045] Access denied for user"
    )


def test_a_key_is_shown_and_differs_each_time(app: App) -> None:
    keys = {app.php("artisan", "key:generate", "--show").stdout for _ in range(2)}
    assert len(keys) == 2
    assert all(re.fullmatch(r"base64:[A-Za-z0-9+/]{43}=\n", key) for key in keys)


def test_a_failed_command_says_its_cause_first_and_its_stack_frames_last(app: App) -> None:
    done = app.php("artisan", "migrate:status", DB_PASSWORD="wrong", LOG_CHANNEL="stderr")
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert "QueryException: SQLSTATE[HY000] [1045]" in lines[0]
    assert sum(line.startswith("#") for line in lines[-41:]) == 40
    assert "SQLSTATE" not in "".join(lines[-41:])
    quiet = app.php("artisan", "migrate:status", DB_PASSWORD="wrong")
    assert quiet.stderr.splitlines() == lines[:1]


def test_what_is_no_command_is_an_error(app: App) -> None:
    done = app.php("artisan", "no:such")
    assert (done.returncode, done.stderr) == (1, '  ERROR  Command "no:such" is not defined.\n')
    done = app.php("index.php")
    assert (done.returncode, done.stderr) == (1, "Could not open input file: index.php\n")
    done = app.php("artisan", "migrate", DB_PORT="none")
    assert (done.returncode, done.stderr) == (
        1,
        "  ERROR  DB_PORT is 'none'\nHINT: Set it to the number of a TCP port.\n",
    )
