"""Sponsors, OAuth, and the tables that the guide allows to leave out of a dump."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

from harness.standins.apiary.generate.literals import NULL, TableRows, quote
from harness.standins.apiary.generate.plan import Plan, timestamp
from harness.standins.apiary.generate.words import odd_text, person

_SPONSORS = 15
_CLIENT = "95158a03-4ce9-489d-9550-000000000001"
_SERIALIZED = 'O:8:"App\\Jobs":1:{s:10:"\0App\\Jobs\0x";i:1;}'
"""PHP writes NUL bytes around the class of a private property: every serialized job holds some."""


def _uuid(plan: Plan, purpose: int, number: int) -> str:
    return f"'{UUID(int=plan.mix(purpose, number) << 64 | plan.mix(purpose + 1, number), version=4)}'"


def _times(plan: Plan, number: int, count: int) -> str:
    when = timestamp(plan.moment_s(number, count))
    return f"{when},{when}"


def _sponsors(plan: Plan) -> Iterator[str]:
    for number in range(1, _SPONSORS + 1):
        end = timestamp(plan.now_s + (number - 5) * 60 * 86400)
        deleted = end if number == 3 else NULL
        yield f"{number},{quote(f'Sponsor & Söhne №{number}')},{end},{_times(plan, number, _SPONSORS)},{deleted}"


def _sponsor_domains(plan: Plan) -> Iterator[str]:
    for number in range(1, 2 * _SPONSORS + 1):
        sponsor = 1 + number % _SPONSORS
        yield f"{number},'Sponsor{number}.Example',{sponsor},{_times(plan, number, 2 * _SPONSORS)},NULL"


def _sponsor_users(plan: Plan) -> Iterator[str]:
    for number in range(1, 3 * _SPONSORS + 1):
        sponsor = 1 + number % _SPONSORS
        email = f"'recruiter{number}@sponsor{sponsor}.example'"
        yield f"{number},{email},{sponsor},{_times(plan, number, 3 * _SPONSORS)},NULL"


def _one_time_passwords(plan: Plan) -> Iterator[str]:
    properties = quote(json.dumps({"ip": "10.0.0.1", "userAgent": "curl/8.0 “quoted”"}))
    for number in range(1, 11):
        end = timestamp(plan.now_s - number * 3600)
        password = f"{plan.mix(60, number) % 1_000_000:06d}"
        yield f"{number},'{password}',{properties},{end},'App\\\\Models\\\\SponsorUser',{number},{end},{end}"


def _oauth_clients(plan: Plan) -> Iterator[str]:
    when = timestamp(plan.now_s - 86400 * 900)
    uris = quote('["org.robojackets.apiary://oauth"]')
    grants = quote('["authorization_code","refresh_token"]')
    yield f"'{_CLIENT}','Android App',{uris},{grants},0,{when},{when}"


def _oauth_auth_codes(plan: Plan) -> Iterator[str]:
    for number in range(1, 21):
        yield f"'{plan.mix(61, number):016x}code',{number},'{_CLIENT}','[]',1,{timestamp(plan.now_s - number * 900)}"


def _oauth_device_codes(plan: Plan) -> Iterator[str]:
    for number in range(1, 6):
        yield f"'{plan.mix(62, number):016x}','{_CLIENT}','U{number:07d}','[]',0,{timestamp(plan.now_s + 600)}"


def _oauth_access_tokens(plan: Plan) -> Iterator[str]:
    count = plan.scale.users // 5
    for number in range(1, count + 1):
        times = _times(plan, number, count)
        yield f"'{plan.mix(63, number):016x}',{number},'{_CLIENT}','token 🔑','[]',{number % 2},{times}"


def _oauth_refresh_tokens(plan: Plan) -> Iterator[str]:
    for number in range(1, plan.scale.users // 5 + 1):
        yield f"'{plan.mix(64, number):016x}','{plan.mix(63, number):016x}',0"


def _action_events(plan: Plan) -> Iterator[str]:
    count = plan.scale.users * 2
    model = "'App\\\\Models\\\\User'"
    for number in range(1, count + 1):
        bits = plan.mix(65, number)
        target = 1 + bits % plan.scale.users
        changes = quote(json.dumps({"preferred_name": odd_text(bits >> 5)}, ensure_ascii=False))
        yield (
            f"{number},{_uuid(plan, 66, number)},{1 + bits % 20},'Update',{model},{target},{model},{target},{model},"
            f"'{target}','','finished','',{_times(plan, number, count)},{changes},{changes}"
        )


def _attendance_exports(plan: Plan) -> Iterator[str]:
    for number in range(1, 21):
        when = timestamp(plan.now_s - number * 86400 * 7)
        yield f"{number},'{plan.mix(68, number):016x}',{when},{when},{when},1,{when},{when},{when}"


def _failed_jobs(plan: Plan) -> Iterator[str]:
    for number in range(1, 31):
        when = timestamp(plan.now_s - number * 86400)
        payload = quote(json.dumps({"data": {"command": "x"}}) + _SERIALIZED)
        yield f"{number},{_uuid(plan, 69, number)},'redis','default',{payload},{quote(odd_text(number))},{when}"


def _jobs(plan: Plan) -> Iterator[str]:
    for number in range(1, 4):
        yield f"{number},'mail',{quote(_SERIALIZED)},0,{plan.now_s - 60},{plan.now_s - 60}"


def _notification_templates(plan: Plan) -> Iterator[str]:
    for number in range(1, 9):
        subject, body = quote(odd_text(number)[:90]), quote(odd_text(number + 1))
        yield f"{number},'Template {number}',{subject},{body},1,{_times(plan, number, 8)}"


def _nova_notifications(plan: Plan) -> Iterator[str]:
    count = plan.scale.users // 3
    data = quote(json.dumps({"message": "Indexing… ⏳", "icon": "bell"}, ensure_ascii=False))
    for number in range(1, count + 1):
        yield (
            f"{_uuid(plan, 71, number)},'Laravel\\\\Nova\\\\Notifications\\\\NovaNotification','App\\\\Models\\\\User',"
            f"{1 + number % 20},{data},{_times(plan, number, count)}"
        )


def _recruiting_campaigns(plan: Plan) -> Iterator[str]:
    for number in range(1, 5):
        yield f"{number},'Campaign {number}','completed',{number},1,{_times(plan, number, 4)}"


def _recruiting_visits(plan: Plan) -> Iterator[str]:
    count = plan.scale.users // 3
    for number in range(1, count + 1):
        user = person(plan, number)
        name = quote(f"{user.first_name} {user.last_name}")
        token = f"{plan.mix(73, number):016x}0000"
        yield f"{number},{name},'{user.uid}@gatech.edu','{token}',{number},{_times(plan, number, count)}"


def _recruiting_responses(plan: Plan) -> Iterator[str]:
    count = plan.scale.users // 5
    for number in range(1, count + 1):
        # The table has no primary key, and the same answer twice is two rows.
        yield f"'Friend',{1 + number // 2},{_times(plan, number - number % 2, count)}"


def _recruiting_campaign_recipients(plan: Plan) -> Iterator[str]:
    count = plan.scale.users // 3
    for number in range(1, count + 1):
        times = _times(plan, number, count)
        email = f"'person{number}@gatech.edu'"
        yield f"{number},{email},'recruiting_visit',{1 + number % 4},{number},{number},{times}"


def _webhook_calls(plan: Plan) -> Iterator[str]:
    count = plan.scale.users // 3
    for number in range(1, count + 1):
        payload = quote(json.dumps({"type": "payment.updated", "id": plan.mix(74, number), "note": odd_text(number)}))
        times = _times(plan, number, count)
        yield f"{number},'square',{payload},'https://apiary.example/api/v1/square','{{}}',{times}"


TABLES: tuple[TableRows, ...] = (
    TableRows("sponsors", "id name end_date created_at updated_at deleted_at", _sponsors),
    TableRows("sponsor_domains", "id domain_name sponsor_id created_at updated_at deleted_at", _sponsor_domains),
    TableRows("sponsor_users", "id email sponsor_id created_at updated_at deleted_at", _sponsor_users),
    TableRows(
        "one_time_passwords",
        "id password origin_properties expires_at authenticatable_type authenticatable_id created_at updated_at",
        _one_time_passwords,
    ),
    TableRows("oauth_clients", "id name redirect_uris grant_types revoked created_at updated_at", _oauth_clients),
    TableRows("oauth_auth_codes", "id user_id client_id scopes revoked expires_at", _oauth_auth_codes),
    TableRows("oauth_device_codes", "id client_id user_code scopes revoked expires_at", _oauth_device_codes),
    TableRows(
        "oauth_access_tokens",
        "id user_id client_id name scopes revoked created_at updated_at",
        _oauth_access_tokens,
    ),
    TableRows("oauth_refresh_tokens", "id access_token_id revoked", _oauth_refresh_tokens),
    TableRows(
        "action_events",
        "id batch_id user_id name actionable_type actionable_id target_type target_id model_type model_id fields "
        "status exception created_at updated_at original changes",
        _action_events,
    ),
    TableRows(
        "attendance_exports",
        "id secret start_time end_time expires_at download_user_id downloaded_at created_at updated_at",
        _attendance_exports,
    ),
    TableRows("failed_jobs", "id uuid connection queue payload exception failed_at", _failed_jobs),
    TableRows("jobs", "id queue payload attempts available_at created_at", _jobs),
    TableRows(
        "notification_templates",
        "id name subject body_markdown created_by created_at updated_at",
        _notification_templates,
    ),
    TableRows(
        "nova_notifications",
        "id type notifiable_type notifiable_id data created_at updated_at",
        _nova_notifications,
    ),
    TableRows(
        "recruiting_campaigns",
        "id name status notification_template_id created_by created_at updated_at",
        _recruiting_campaigns,
    ),
    TableRows(
        "recruiting_visits",
        "id recruiting_name recruiting_email visit_token user_id created_at updated_at",
        _recruiting_visits,
    ),
    TableRows("recruiting_responses", "response recruiting_visit_id created_at updated_at", _recruiting_responses),
    TableRows(
        "recruiting_campaign_recipients",
        "id email_address source recruiting_campaign_id recruiting_visit_id user_id created_at updated_at",
        _recruiting_campaign_recipients,
    ),
    TableRows("webhook_calls", "id name payload url headers created_at updated_at", _webhook_calls),
)
