"""What happens at meetings: events, replies, attendance, and what records it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.standins.apiary.generate.literals import NULL, TableFamily, optional, quote
from harness.standins.apiary.generate.plan import Plan, timestamp
from harness.standins.apiary.generate.words import unusual_text

TABLES = TableFamily()

NONCE_EVENT_PREFIX = "Restore drill "
"""The newest event is named this and the nonce."""

_SOURCES = ("'kiosk'", "'MyRoboJackets'", "'remote'", "'nova'", NULL)
_REMOTE = 2


@TABLES.rows(
    "events", "id name allow_anonymous_rsvp organizer_id location start_time end_time created_at updated_at deleted_at"
)
def _events(plan: Plan) -> Iterator[str]:
    for number in range(1, plan.events + 1):
        bits = plan.mix(20, number)
        start_s = plan.moment_s(number, plan.events)
        start = timestamp(start_s)
        newest = number == plan.events
        name = f"General meeting {number} – café ☕ {unusual_text(bits)}"[:200]
        yield ",".join(
            (
                str(number),
                quote(NONCE_EVENT_PREFIX + plan.nonce if newest else name),
                str(bits & 1),
                str(1 + bits % 20),
                optional(None if bits % 9 == 0 else f"Room {bits % 400}, Klaus & Howey's"),
                start,
                timestamp(start_s + 5400),
                start,
                start,
                start if bits % 33 == 0 and not newest else NULL,
            )
        )


@TABLES.numbered(
    "rsvps",
    "id user_id user_agent ip_address event_id source token response created_at updated_at deleted_at",
    lambda plan: plan.scale.users * 15 // 10,
)
def _rsvps(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(21, number)
    user = NULL if bits % 8 == 0 else str(1 + (bits >> 8) % plan.scale.users)
    deleted = when if bits % 40 == 0 else NULL
    agent = quote(f"Mozilla/5.0 (X11; Linux x86_64; rv:{bits % 140}.0) Gecko/20100101 Firefox/{bits % 140}.0")
    return (
        f"{number},{user},{agent},'2001:db8::{bits & 0xFFFF:x}',{1 + (bits >> 24) % plan.events},"
        f"'email','{bits:016x}','yes',{when},{when},{deleted}"
    )


@TABLES.numbered(
    "devices",
    "serial_number manufacturer model hardware_version bluetooth_firmware_version bluetooth_software_version "
    "bootloader_version application_version battery_percentage last_seen_user_id last_seen_at "
    "last_seen_ip_address created_at updated_at",
    lambda plan: plan.devices,
)
def _devices(plan: Plan, number: int, when: str) -> str:
    at = timestamp(plan.now_s - 120)
    return (
        f"{7000 + number},'Acme','Tapper {number}','rev B','5.1','5.2','1.0','2.{number}',{80 + number},1,{at},"
        f"'10.0.0.{number}',{at},{at}"
    )


@TABLES.numbered(
    "remote_attendance_links",
    "id secret expires_at redirect_url note attendable_type attendable_id created_at updated_at deleted_at",
    lambda plan: plan.links,
)
def _links(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(22, number)
    expires = timestamp(plan.moment_s(number, plan.links) + 7200)
    note = optional(unusual_text(bits >> 4) if bits % 3 == 0 else None)
    deleted = when if bits % 25 == 0 else NULL
    return (
        f"{number},'{bits:016x}{number:08x}',{expires},'https://meet.example/{number}',{note},"
        f"'team',{1 + bits % plan.teams},{when},{when},{deleted}"
    )


@TABLES.rows(
    "attendance",
    "id attendable_type attendable_id gtid source recorded_by created_at updated_at deleted_at "
    "remote_attendance_link_id device_serial_number",
)
def _attendance(plan: Plan) -> Iterator[str]:
    random = plan.rng("attendance").random
    count, users, teams, events = plan.scale.attendance, plan.scale.users, plan.teams, plan.events
    links, devices = plan.links, plan.devices
    for number in range(1, count + 1):
        chance, other = random(), random()
        when = timestamp(plan.moment_s(number, count))
        at_team = chance < 0.75
        attendable = f"'team',{1 + int(other * teams)}" if at_team else f"'event',{1 + int(other * events)}"
        # One card in fifty belongs to nobody who is known: attendance is kept by gtid, not by user.
        gtid = 903_000_001 + int(random() * users) if other > 0.02 else 902_000_000 + number
        kind = number % 5 if number % 11 else _REMOTE
        link = str(1 + number % links) if kind == _REMOTE and number % 3 == 0 else NULL
        device = str(7001 + number % devices) if number % 29 == 0 else NULL
        recorder = str(1 + number % 20) if number % 4 else NULL
        deleted = when if 0.5 < chance < 0.53 else NULL
        yield (f"{number},{attendable},{gtid},{_SOURCES[kind]},{recorder},{when},{when},{deleted},{link},{device}")
