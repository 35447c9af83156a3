"""Dues, merchandise and payments."""

from __future__ import annotations

from harness.standins.apiary.generate.literals import NULL, TableFamily, optional, quote
from harness.standins.apiary.generate.plan import Plan, timestamp
from harness.standins.apiary.generate.words import unusual_text

TABLES = TableFamily()

_YEARS = 6
_MERCHANDISE_PER_YEAR = 4
_YEAR_S = 365 * 86400
_METHODS = ("square", "cash", "check", "waiver", "swipe")


@TABLES.numbered("fiscal_years", "id ending_year created_at updated_at", _YEARS)
def _fiscal_years(plan: Plan, number: int, when: str) -> str:
    at = timestamp(plan.now_s - 5 * _YEAR_S)
    last = 1970 + plan.now_s // 31_556_952
    return f"{number},{last - _YEARS + number},{at},{at}"


@TABLES.numbered(
    "dues_packages",
    "id name effective_start effective_end access_start access_end cost available_for_purchase created_at "
    "updated_at deleted_at fiscal_year_id restricted_to_students",
    _YEARS * 2,
)
def _dues_packages(plan: Plan, number: int, when: str) -> str:
    year = (number + 1) // 2
    start_s = plan.now_s - (_YEARS - year + 1) * _YEAR_S + _YEAR_S // 2
    start, end = timestamp(start_s), timestamp(start_s + _YEAR_S)
    kind = "Full Year" if number % 2 else "Été (summer only)"
    cost = "105.00" if number % 2 else "55.50"
    return (
        f"{number},{quote(f'{kind} {year}')},{start},{end},{start},{end},{cost},{int(year == _YEARS)},"
        f"{start},{start},NULL,{year},{int(number % 2)}"
    )


@TABLES.numbered(
    "merchandise", "id name fiscal_year_id created_at updated_at distributable", _YEARS * _MERCHANDISE_PER_YEAR
)
def _merchandise(plan: Plan, number: int, when: str) -> str:
    at = timestamp(plan.now_s - 4 * _YEAR_S)
    year = 1 + (number - 1) // _MERCHANDISE_PER_YEAR
    name = ("T-Shirt", "Polo", "Mug ☕", "Waive merchandise")[number % 4]
    return f"{number},{quote(f'{name} {year}')},{year},{at},{at},{int(number % 4 != 3)}"


@TABLES.numbered(
    "dues_package_merchandise",
    "id dues_package_id merchandise_id group created_at updated_at",
    _YEARS * _MERCHANDISE_PER_YEAR,
)
def _dues_package_merchandise(plan: Plan, number: int, when: str) -> str:
    at = timestamp(plan.now_s - 4 * _YEAR_S)
    year = 1 + (number - 1) // _MERCHANDISE_PER_YEAR
    return f"{number},{year * 2 - number % 2},{number},'{'Fall' if number % 2 else 'Spring'}',{at},{at}"


@TABLES.numbered(
    "dues_transactions",
    "id dues_package_id user_id created_at updated_at deleted_at",
    lambda plan: plan.dues_transactions,
)
def _dues_transactions(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(30, number)
    deleted = when if bits % 33 == 0 else NULL
    package = 1 + (bits >> 8) % (_YEARS * 2)
    return f"{number},{package},{1 + (bits >> 16) % plan.scale.users},{when},{when},{deleted}"


@TABLES.numbered(
    "dues_transaction_merchandise",
    "id dues_transaction_id merchandise_id provided_at provided_by provided_via created_at updated_at",
    lambda plan: plan.dues_transactions * 9 // 10,
)
def _dues_transaction_merchandise(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(31, number)
    provided = f"{when},{1 + bits % 20},'kiosk'" if bits % 3 else "NULL,NULL,NULL"
    return f"{number},{number},{1 + bits % (_YEARS * _MERCHANDISE_PER_YEAR)},{provided},{when},{when}"


@TABLES.numbered(
    "payments",
    "id payable_id payable_type amount processing_fee method recorded_by order_id notes created_at "
    "updated_at deleted_at card_brand last_4 receipt_url receipt_sent",
    lambda plan: plan.dues_transactions * 9 // 10,
)
def _payments(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(32, number)
    travel = number % 10 == 0
    payable = f"{1 + bits % plan.assignments},'travel-assignment'" if travel else f"{number},'dues-transaction'"
    method = _METHODS[bits % len(_METHODS)]
    square = method == "square"
    notes = optional(unusual_text(bits >> 9) if bits % 6 == 0 else None)
    cents = 5000 + (bits >> 20) % 9000
    return ",".join(
        (
            str(number),
            payable,
            f"{cents / 100:.2f}",
            f"{cents * 29 // 1000 / 100:.2f}" if square else NULL,
            f"'{method}'",
            NULL if square else str(1 + bits % 20),
            f"'order-{bits:016x}-{number}'" if square else NULL,
            notes,
            when,
            when,
            when if bits % 35 == 0 else NULL,
            "'Visa'" if square else NULL,
            f"'{bits % 10000:04d}'" if square else NULL,
            f"'https://squareup.example/receipt/{number}'" if square else NULL,
            str(bits & 1),
        )
    )


@TABLES.numbered(
    "square_transactions",
    "id transaction_timestamp amount source entry_method processing_fee transaction_id payment_id card_brand "
    "last_4 device_name staff_name description customer_name created_at updated_at",
    lambda plan: plan.scale.users // 10,
)
def _square_transactions(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(33, number)
    at = timestamp(plan.now_s - 4 * _YEAR_S + number * 60)
    return (
        f"{number},{at},{bits % 9000 / 100:.2f},'Register','Swiped',{bits % 300 / 100:.2f},"
        f"'tx-{number}','pay-{number}',"
        f"'Visa','{bits % 10000:04d}',NULL,NULL,{quote(unusual_text(bits))},NULL,{at},{at}"
    )


@TABLES.numbered(
    "square_cash_transactions",
    "id transaction_id transaction_timestamp amount note name_of_sender created_at updated_at",
    lambda plan: plan.scale.users // 20,
)
def _square_cash_transactions(plan: Plan, number: int, when: str) -> str:
    bits = plan.mix(34, number)
    at = timestamp(plan.now_s - 4 * _YEAR_S + number * 90)
    return f"{number},'{number:08d}',{at},{bits % 9000 / 100:.2f},{quote(unusual_text(bits >> 3))},'Zoë',{at},{at}"
