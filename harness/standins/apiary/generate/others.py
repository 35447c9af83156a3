"""Sponsors, OAuth, and the tables that the documented procedure allows to leave out of a dump."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

from harness.standins.apiary.generate.literals import NULL, TableFamily, quote
from harness.standins.apiary.generate.plan import Plan, timestamp
from harness.standins.apiary.generate.words import person, unusual_text

TABLES = TableFamily()

_SPONSORS = 15
_CLIENT = "95158a03-4ce9-489d-9550-000000000001"
_USER = "'App\\\\Models\\\\User'"
_SERIALIZED = 'O:8:"App\\Jobs":1:{s:10:"\0App\\Jobs\0x";i:1;}'
"""PHP writes NUL bytes around the class of a private property: every serialized job holds some."""


def _one_in(share: int) -> Callable[[Plan], int]:
    """So many rows as one user in `share` makes."""
    return lambda plan: plan.scale.users // share


def _uuid(plan: Plan, purpose: int, number: int) -> str:
    return f"'{UUID(int=plan.mix(purpose, number) << 64 | plan.mix(purpose + 1, number), version=4)}'"


@TABLES.numbered("sponsors", "id name end_date created_at updated_at deleted_at", _SPONSORS)
def _sponsors(plan: Plan, number: int, when: str) -> str:
    end = timestamp(plan.now_s + (number - 5) * 60 * 86400)
    return f"{number},{quote(f'Sponsor & Söhne №{number}')},{end},{when},{when},{end if number == 3 else NULL}"


@TABLES.numbered("sponsor_domains", "id domain_name sponsor_id created_at updated_at deleted_at", 2 * _SPONSORS)
def _sponsor_domains(plan: Plan, number: int, when: str) -> str:
    return f"{number},'Sponsor{number}.Example',{1 + number % _SPONSORS},{when},{when},NULL"


@TABLES.numbered("sponsor_users", "id email sponsor_id created_at updated_at deleted_at", 3 * _SPONSORS)
def _sponsor_users(plan: Plan, number: int, when: str) -> str:
    sponsor = 1 + number % _SPONSORS
    return f"{number},'recruiter{number}@sponsor{sponsor}.example',{sponsor},{when},{when},NULL"


@TABLES.numbered(
    "one_time_passwords",
    "id password origin_properties expires_at authenticatable_type authenticatable_id created_at updated_at",
    10,
)
def _one_time_passwords(plan: Plan, number: int, when: str) -> str:
    properties = quote(json.dumps({"ip": "10.0.0.1", "userAgent": "curl/8.0 “quoted”"}))
    end, password = timestamp(plan.now_s - number * 3600), f"{plan.mix(60, number) % 1_000_000:06d}"
    return f"{number},'{password}',{properties},{end},'App\\\\Models\\\\SponsorUser',{number},{end},{end}"


@TABLES.numbered("oauth_clients", "id name redirect_uris grant_types revoked created_at updated_at", 1)
def _oauth_clients(plan: Plan, number: int, when: str) -> str:
    made = timestamp(plan.now_s - 86400 * 900)
    uris, grants = quote('["org.robojackets.apiary://oauth"]'), quote('["authorization_code","refresh_token"]')
    return f"'{_CLIENT}','Android App',{uris},{grants},0,{made},{made}"


@TABLES.numbered("oauth_auth_codes", "id user_id client_id scopes revoked expires_at", 20)
def _oauth_auth_codes(plan: Plan, number: int, when: str) -> str:
    return f"'{plan.mix(61, number):016x}code',{number},'{_CLIENT}','[]',1,{timestamp(plan.now_s - number * 900)}"


@TABLES.numbered("oauth_device_codes", "id client_id user_code scopes revoked expires_at", 5)
def _oauth_device_codes(plan: Plan, number: int, when: str) -> str:
    return f"'{plan.mix(62, number):016x}','{_CLIENT}','U{number:07d}','[]',0,{timestamp(plan.now_s + 600)}"


@TABLES.numbered("oauth_access_tokens", "id user_id client_id name scopes revoked created_at updated_at", _one_in(5))
def _oauth_access_tokens(plan: Plan, number: int, when: str) -> str:
    return f"'{plan.mix(63, number):016x}',{number},'{_CLIENT}','token 🔑','[]',{number % 2},{when},{when}"


@TABLES.numbered("oauth_refresh_tokens", "id access_token_id revoked", _one_in(5))
def _oauth_refresh_tokens(plan: Plan, number: int, when: str) -> str:
    return f"'{plan.mix(64, number):016x}','{plan.mix(63, number):016x}',0"


@TABLES.numbered(
    "action_events",
    "id batch_id user_id name actionable_type actionable_id target_type target_id model_type model_id fields "
    "status exception created_at updated_at original changes",
    lambda plan: plan.scale.users * 2,
)
def _action_events(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(65, number)
    target = 1 + bits % plan.scale.users
    changes = quote(json.dumps({"preferred_name": unusual_text(bits >> 5)}, ensure_ascii=False))
    return (
        f"{number},{_uuid(plan, 66, number)},{1 + bits % 20},'Update',{_USER},{target},{_USER},{target},{_USER},"
        f"'{target}','','finished','',{when},{when},{changes},{changes}"
    )


@TABLES.numbered(
    "attendance_exports",
    "id secret start_time end_time expires_at download_user_id downloaded_at created_at updated_at",
    20,
)
def _attendance_exports(plan: Plan, number: int, when: str) -> str:
    at = timestamp(plan.now_s - number * 86400 * 7)
    return f"{number},'{plan.mix(68, number):016x}',{at},{at},{at},1,{at},{at},{at}"


@TABLES.numbered("failed_jobs", "id uuid connection queue payload exception failed_at", 30)
def _failed_jobs(plan: Plan, number: int, when: str) -> str:
    payload, at = quote(json.dumps({"data": {"command": "x"}}) + _SERIALIZED), timestamp(plan.now_s - number * 86400)
    return f"{number},{_uuid(plan, 69, number)},'redis','default',{payload},{quote(unusual_text(number))},{at}"


@TABLES.numbered("jobs", "id queue payload attempts available_at created_at", 3)
def _jobs(plan: Plan, number: int, when: str) -> str:
    return f"{number},'mail',{quote(_SERIALIZED)},0,{plan.now_s - 60},{plan.now_s - 60}"


@TABLES.numbered("notification_templates", "id name subject body_markdown created_by created_at updated_at", 8)
def _notification_templates(plan: Plan, number: int, when: str) -> str:
    subject, body = quote(unusual_text(number)[:90]), quote(unusual_text(number + 1))
    return f"{number},'Template {number}',{subject},{body},1,{when},{when}"


@TABLES.numbered("nova_notifications", "id type notifiable_type notifiable_id data created_at updated_at", _one_in(3))
def _nova_notifications(plan: Plan, number: int, when: str) -> str:
    data = quote(json.dumps({"message": "Indexing… ⏳", "icon": "bell"}, ensure_ascii=False))
    kind = "'Laravel\\\\Nova\\\\Notifications\\\\NovaNotification'"
    return f"{_uuid(plan, 71, number)},{kind},{_USER},{1 + number % 20},{data},{when},{when}"


@TABLES.numbered("recruiting_campaigns", "id name status notification_template_id created_by created_at updated_at", 4)
def _recruiting_campaigns(plan: Plan, number: int, when: str) -> str:
    return f"{number},'Campaign {number}','completed',{number},1,{when},{when}"


@TABLES.numbered(
    "recruiting_visits", "id recruiting_name recruiting_email visit_token user_id created_at updated_at", _one_in(3)
)
def _recruiting_visits(plan: Plan, number: int, when: str) -> str:
    user, token = person(plan, number), f"{plan.mix(73, number):016x}0000"
    name = quote(f"{user.first_name} {user.last_name}")
    return f"{number},{name},'{user.uid}@gatech.edu','{token}',{number},{when},{when}"


@TABLES.numbered("recruiting_responses", "response recruiting_visit_id created_at updated_at", _one_in(5))
def _recruiting_responses(plan: Plan, number: int, when: str) -> str:
    """The table has no primary key, and the same answer twice is two rows."""
    when = timestamp(plan.moment_s(number - number % 2, plan.scale.users // 5))
    return f"'Friend',{1 + number // 2},{when},{when}"


@TABLES.numbered(
    "recruiting_campaign_recipients",
    "id email_address source recruiting_campaign_id recruiting_visit_id user_id created_at updated_at",
    _one_in(3),
)
def _recruiting_campaign_recipients(plan: Plan, number: int, when: str) -> str:
    email = f"'person{number}@gatech.edu'"
    return f"{number},{email},'recruiting_visit',{1 + number % 4},{number},{number},{when},{when}"


@TABLES.numbered("webhook_calls", "id name payload url headers created_at updated_at", _one_in(3))
def _webhook_calls(plan: Plan, number: int, when: str) -> str:
    payload = quote(json.dumps({"type": "payment.updated", "id": plan.mix(74, number), "note": unusual_text(number)}))
    return f"{number},'square',{payload},'https://apiary.example/api/v1/square','{{}}',{when},{when}"
