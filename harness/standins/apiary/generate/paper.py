"""What is signed, and the files of it: agreements, DocuSign envelopes, trips."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from harness.standins.apiary.generate.literals import NULL, TableFamily, optional, quote
from harness.standins.apiary.generate.plan import Plan, date, timestamp
from harness.standins.apiary.generate.words import FIRST_NAMES, unusual_text

TABLES = TableFamily()

_TRAVEL_DOCUMENTS = (
    ("travel_authority_filename", "Travel Information Form"),
    ("direct_bill_airfare_filename", "Direct Bill Airfare Request"),
    ("itinerary_request_filename", "Itinerary Request"),
    ("covid_risk_filename", "COVID Risk Acknowledgement"),
    ("summary_filename", "Summary"),
)
_AGREEMENT_DOCUMENTS = (("membership_agreement_filename", "Membership Agreement"), ("summary_filename", "Summary"))
_FILE_COLUMNS = (
    "membership_agreement_filename",
    "travel_authority_filename",
    "direct_bill_airfare_filename",
    "covid_risk_filename",
    "itinerary_request_filename",
    "summary_filename",
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DocuSign envelope: its row, and the path of each of its files below `storage/app`, by column."""

    number: int
    envelope_id: str
    signable_type: str
    signable_id: int
    paths: dict[str, str]


def envelopes(plan: Plan, files: int) -> Iterator[Envelope]:
    """Envelopes whose documents are exactly `files` files in all."""
    number = 0
    while files > 0:
        number += 1
        travel = number % 3 == 0
        envelope_id = str(UUID(int=plan.mix(40, number) << 64 | plan.mix(41, number), version=4))
        documents = _TRAVEL_DOCUMENTS if travel else _AGREEMENT_DOCUMENTS
        paths = {column: f"docusign/{envelope_id}/{name}.pdf" for column, name in documents[:files]}
        files -= len(paths)
        signable = 1 + number % (plan.assignments if travel else plan.signatures)
        yield Envelope(number, envelope_id, "travel-assignment" if travel else "signature", signable, paths)


def envelope_files(plan: Plan) -> int:
    """How many of the files are DocuSign documents: what resumes and scanned agreements leave."""
    return plan.scale.files - plan.resumes - plan.scanned_agreements


def scanned_agreement(plan: Plan, number: int) -> str:
    """The path of an uploaded agreement below `storage/app`; accents and spaces stay in it."""
    return f"agreements/{plan.mix(42, number):016x} {FIRST_NAMES[number % len(FIRST_NAMES)]} signé.pdf"


@TABLES.rows("membership_agreement_templates", "id text deleted_at created_at updated_at")
def _templates(plan: Plan) -> Iterator[str]:
    for number in range(1, 4):
        when = timestamp(plan.now_s - (5 - number) * 300 * 86400)
        text = "".join(f"<p>{number}.{line} {unusual_text(line)}</p>\n" for line in range(200))
        yield f"{number},{quote(text)},{when if number == 1 else NULL},{when},{when}"


@TABLES.numbered(
    "signatures",
    "id membership_agreement_template_id user_id uploaded_by scanned_agreement electronic cas_host "
    "cas_service_url_hash cas_ticket ip_address ip_address_location_estimate user_agent complete "
    "render_timestamp redirect_to_cas_timestamp cas_ticket_redeemed_timestamp created_at updated_at",
    lambda plan: plan.signatures,
)
def _signatures(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(43, number)
    scanned = number <= plan.scanned_agreements
    place = json.dumps({"city": "Montréal" if bits % 5 == 0 else "Atlanta", "accuracy_radius_km": bits % 1000})
    electronic = (
        f"1,'login.gatech.edu','{bits:016x}{number:08x}','ST-{number}-{bits:016x}','10.1.{bits % 256}.7',"
        f"{quote(place)},{quote('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)')},1,{when},{when},{when}"
    )
    paper = "0,NULL,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL"
    return (
        f"{number},{2 + number % 2},{1 + (bits >> 16) % plan.scale.users},{1 if scanned else NULL},"
        f"{optional(scanned_agreement(plan, number) if scanned else None)},"
        f"{paper if scanned else electronic},{when},{when}"
    )


@TABLES.rows(
    "docusign_envelopes",
    "id signed_by url envelope_id signable_type signable_id complete "
    + " ".join(_FILE_COLUMNS)
    + " sent_at viewed_at completed_at deleted_at created_at updated_at acknowledgement_sent",
)
def _envelopes(plan: Plan) -> Iterator[str]:
    for envelope in envelopes(plan, envelope_files(plan)):
        bits = plan.mix(44, envelope.number)
        when_s = plan.now_s - 86400 - bits % 100_000_000
        when = timestamp(when_s)
        files = ",".join(optional(envelope.paths.get(column)) for column in _FILE_COLUMNS)
        yield (
            f"{envelope.number},{1 + bits % plan.scale.users},'https://docusign.example/{envelope.number}',"
            f"'{envelope.envelope_id}','{envelope.signable_type}',{envelope.signable_id},1,{files},"
            f"{when},{when},{timestamp(when_s + 3600)},NULL,{when},{when},1"
        )


@TABLES.numbered(
    "travel",
    "id name destination primary_contact_user_id departure_date return_date fee_amount included_with_fee "
    "not_included_with_fee created_at updated_at deleted_at status forms",
    lambda plan: plan.trips,
)
def _travel(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(45, number)
    leave_s = plan.moment_s(number, plan.trips)
    at = timestamp(leave_s - 30 * 86400)
    included = quote("Hotel, fuel\n& food")
    forms = quote(json.dumps({"travel_information_form": True, "airfare_request": bool(bits & 1)}))
    return (
        f"{number},{quote(f'Trip {number} – São Paulo ✈️')},{quote('Köln, Deutschland')},{1 + bits % 20},"
        f"{date(leave_s)},{date(leave_s + 3 * 86400)},{50 + bits % 400},{included},"
        f"{quote(unusual_text(bits >> 7))},{at},{at},{at if bits % 30 == 0 else NULL},'complete',{forms}"
    )


@TABLES.numbered(
    "travel_assignments",
    "id user_id travel_id created_at updated_at deleted_at tar_received matrix_itinerary",
    lambda plan: plan.assignments,
)
def _assignments(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(46, number)
    itinerary = optional(json.dumps({"slices": [{"origin": "ATL", "to": "CDG"}]}) if bits % 4 == 0 else None)
    return (
        f"{number},{1 + (bits >> 16) % plan.scale.users},{1 + number % plan.trips},{when},{when},"
        f"{when if bits % 30 == 0 else NULL},{bits & 1},{itinerary}"
    )
