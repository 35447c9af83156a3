"""Users and what hangs on them directly: teams, roles, majors, class standings, resumes."""

from __future__ import annotations

from collections.abc import Iterator

from harness.standins.apiary.encryption import IV_BYTES, encrypt_string
from harness.standins.apiary.generate.literals import NULL, TableFamily, optional, quote
from harness.standins.apiary.generate.plan import Plan, date, timestamp
from harness.standins.apiary.generate.words import person, unusual_text

TABLES = TableFamily()

_USER = "App\\Models\\User"
_ADMIN, _MEMBER, _NON_MEMBER, _OFFICER, _PROJECT_MANAGER = 1, 5, 6, 8, 9  # ids in the stored schema
_MAJORS = ("ME", "AE", "CS", "CMPE", "EE", "BMED", "ISYE", "MATH", "PHYS", "CHBE", "MSE", "NRE")
_SIZES = ("s", "m", "l", "xl", "xxl", "xxxl")


@TABLES.rows(
    "users",
    "id uid gtid github_username gmail_address clickup_email gt_email first_name last_name preferred_name "
    "phone phone_verified emergency_contact_name shirt_size gender deleted_at created_at updated_at "
    "resume_date create_reason has_ever_logged_in gtDirGUID docusign_access_token docusign_refresh_token "
    "docusign_refresh_token_expires_at date_of_birth",
)
def _users(plan: Plan) -> Iterator[str]:
    count = plan.scale.users
    resumes = {plan.user_of_resume(number) for number in range(1, plan.resumes + 1)}
    for number in range(1, count + 1):
        user = person(plan, number)
        bits = plan.mix(2, number)
        created_s = plan.moment_s(number, count)
        created = timestamp(created_s)
        updated = timestamp(min(plan.now_s - 60, created_s + bits % 20_000_000))
        token, token_ends = _token(plan, number, bits)
        yield ",".join(
            (
                str(number),
                quote(user.uid),
                str(user.gtid),
                f"'gh-{user.uid}'" if bits % 4 == 0 else NULL,
                f"'{user.uid}@gmail.com'" if bits % 3 == 0 else NULL,
                f"'{user.uid}@clickup.example'" if bits % 7 == 0 else NULL,
                f"'{user.uid}@gatech.edu'",
                quote(user.first_name),
                quote(user.last_name),
                optional(unusual_text(bits >> 8)[:100] if bits % 97 == 0 else None),
                f"'404555{number % 10000:04d}'",
                str(bits >> 5 & 1),
                optional("Ana María\nPérez" if bits % 11 == 0 else None),
                f"'{_SIZES[bits % 6]}'" if bits % 5 else NULL,
                optional(unusual_text(bits >> 20) if bits % 53 == 0 else None),
                timestamp(plan.now_s - 86400) if user.deleted else NULL,
                created,
                updated,
                created if number in resumes else NULL,
                "'cas_login'",
                "1",
                f"'{number:08x}-{bits & 0xFFFF:04x}-4000-8000-{bits >> 16:012x}'"[:38],
                token,
                token,
                token_ends,
                date(created_s - 20 * 365 * 86400) if bits % 2 else NULL,
            )
        )


def _token(plan: Plan, number: int, bits: int) -> tuple[str, str]:
    """A DocuSign token for the first user and one in fifty, and the end of its life; encrypted only as an extra."""
    if bits % 50 and number > 1:
        return NULL, NULL
    iv = (plan.mix(3, number) << 64 | plan.mix(4, number)).to_bytes(IV_BYTES, "big")
    token = f"token-{bits:016x}-ü"
    if "encrypted" in plan.extras:
        token = encrypt_string(token, plan.key, iv)
    return quote(token), timestamp(plan.now_s + 30 * 86400)


@TABLES.numbered(
    "teams",
    "id name self_serviceable visible visible_on_kiosk attendable description mailing_list_name "
    "slack_channel_name google_group created_at updated_at deleted_at project_manager_id",
    lambda plan: plan.teams,
)
def _teams(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(5, number)
    text = unusual_text(number)[:200]
    return ",".join(
        (
            str(number),
            quote(f"Team {number} Robôtica 🤖"),
            "1",
            "1",
            "1",
            "1",
            quote(text),
            quote(f"team-{number}"),
            quote(f"#team-{number}"),
            quote(f"team-{number}@robojackets.example"),
            timestamp(plan.now_s - 86400 * 1500),
            timestamp(plan.now_s - bits % 10_000_000 - 3600),
            timestamp(plan.now_s - 86400) if number % 31 == 30 else NULL,
            str(1 + bits % 20),
        )
    )


@TABLES.numbered("team_user", "id team_id user_id created_at updated_at", lambda plan: plan.scale.users * 16 // 10)
def _team_user(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(6, number)
    team, user = 1 + bits % plan.teams, 1 + (bits >> 16) % plan.scale.users
    return f"{number},{team},{user},{when},{when}"


@TABLES.rows("majors", "id display_name gtad_majorgroup_name whitepages_ou school created_at updated_at")
def _majors(plan: Plan) -> Iterator[str]:
    when = timestamp(plan.now_s - 86400 * 1700)
    for number, code in enumerate(_MAJORS, 1):
        yield f"{number},'{code}','gtad-{code.lower()}','{code}','College of {code}',{when},{when}"


@TABLES.rows("major_user", "id major_id user_id created_at updated_at deleted_at")
def _major_user(plan: Plan) -> Iterator[str]:
    return _of_each_user(plan, 7, len(_MAJORS), 30)


@TABLES.rows("class_standing_user", "id class_standing_id user_id created_at updated_at deleted_at")
def _class_standing_user(plan: Plan) -> Iterator[str]:
    return _of_each_user(plan, 8, 9, 25)


def _of_each_user(plan: Plan, purpose: int, choices: int, deleted_one_in: int) -> Iterator[str]:
    count = plan.scale.users * 9 // 10
    for number in range(1, count + 1):
        bits = plan.mix(purpose, number)
        when = timestamp(plan.moment_s(number, count))
        deleted = when if bits % deleted_one_in == 0 else NULL
        yield f"{number},{1 + (bits >> 16) % choices},{number},{when},{when},{deleted}"


@TABLES.rows("model_has_roles", "role_id model_type model_id")
def _model_has_roles(plan: Plan) -> Iterator[str]:
    model = quote(_USER)
    for number in range(1, plan.scale.users + 1):
        yield f"{_NON_MEMBER if plan.mix(9, number) % 4 == 0 else _MEMBER},{model},{number}"
        if number <= 10:
            yield f"{_ADMIN if number <= 2 else _OFFICER if number <= 6 else _PROJECT_MANAGER},{model},{number}"


@TABLES.rows("model_has_permissions", "permission_id model_type model_id")
def _model_has_permissions(plan: Plan) -> Iterator[str]:
    model = quote(_USER)
    for number in range(1, 6):
        yield f"{10 + number},{model},'{number}'"


@TABLES.numbered("resumes", "id created_at updated_at user_id", lambda plan: plan.resumes)
def _resumes(plan: Plan, number: int, when: str) -> str:
    return f"{number},{when},{when},{plan.user_of_resume(number)}"
