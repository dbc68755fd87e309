"""A way through every screen of the registry: who opens it in the demo, and whose record stands in its address."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from cpegi_app import access
from cpegi_app.access import PAGES, Screen
from cpegi_app.demo import LOGINS
from cpegi_app.services import review

# Who opens which screens; several look at what each of them sees otherwise.
STAFF = [s for s in PAGES if s.route.startswith(("/staff", "/regulator"))]
FUND = [s for s in PAGES if s.route.startswith("/console/equity")]
BANK = [
    s
    for s in PAGES
    if s.route.startswith(("/console/products", "/console/requests", "/console/filings", "/console/loans"))
]
OTHERS = (access.IDENTITY, access.VERIFICATION, access.LIBRARY, access.CONFIRM_ONLINE, access.POLICY_CLAIM)
TOURS: dict[str, list[Screen]] = {
    "": [s for s in PAGES if s.permission is None],
    "bank": [access.WORKBENCH, *BANK, access.REPORTS],
    "equity": [access.WORKBENCH, *FUND, access.ROADSHOWS, access.ROADSHOW, access.LIBRARY],
    "enterprise": [s for s in PAGES if s.route.startswith("/console") and s not in (*BANK, *FUND, *OTHERS)],
    # The enterprise that an investor's online record waits for.
    "13900000117": [access.CONFIRM_ONLINE],
    # One whose claim has come back to be corrected.
    "13900000114": [access.POLICY_CLAIM],
    "new_enterprise": [access.WORKBENCH, access.VERIFICATION],
    "new_institution": [access.IDENTITY],
    "staff": [access.WORKBENCH, *STAFF, access.NOTICES],
    "regulator": [access.WORKBENCH, access.STATISTICS],
}
# The ids in a screen's address: a query over the demo, `:org` is the organisation of whoever looks.
ROWS: dict[Screen, str] = {
    access.PUBLIC_PRODUCT: "SELECT id FROM product WHERE is_listed",
    access.PUBLIC_PROJECT: "SELECT id FROM equity_project WHERE state = 'OPEN'",
    access.PUBLIC_PUBLICITY: "SELECT id FROM publicity",
    access.PUBLIC_POLICY: "SELECT id FROM policy WHERE state = 'PUBLISHED'",
    access.PRODUCT_EDIT: "SELECT id FROM product_revision WHERE org_id = :org",
    access.PRODUCT_PUSHES: "SELECT id FROM product WHERE org_id = :org",
    access.REQUEST: "SELECT id FROM application WHERE institution_id = :org AND status = 'PENDING'",
    access.DISBURSE: "SELECT id FROM disbursement WHERE org_id = :org",
    access.FILING: "SELECT id FROM filing_batch WHERE org_id = :org",
    access.MATCH: "SELECT id FROM product WHERE is_listed",
    access.APPLICATION: "SELECT id FROM application WHERE org_id = :org",
    access.APPLY: "SELECT id FROM product WHERE is_listed",
    access.PROJECT_EDIT: "SELECT id FROM equity_project_revision WHERE org_id = :org",
    access.PROJECT_READERS: "SELECT id FROM equity_project WHERE org_id = :org",
    access.CONFIRM: "SELECT id FROM investment WHERE enterprise_id = :org",
    access.CONFIRM_ONLINE: "SELECT id FROM online_investment WHERE enterprise_id = :org",
    access.RECORD: "SELECT id FROM online_investment WHERE org_id = :org",
    access.INVESTMENT_EDIT: "SELECT id FROM investment WHERE org_id = :org",
    access.ROADSHOW: "SELECT id FROM roadshow WHERE state <> 'DRAFT'",
    access.REPORT_EDIT: "SELECT id FROM report WHERE org_id = :org",
    access.POLICY_APPLICATION: "SELECT id FROM policy_application WHERE org_id = :org",
    access.POLICY_CLAIM: "SELECT id FROM policy_claim WHERE org_id = :org",
    access.POLICY_REVIEW: "SELECT id FROM policy_application WHERE status = 'PENDING'",
    access.POLICY_EDIT: "SELECT id FROM policy",
    access.POLICY_PREVIEW: "SELECT id FROM policy",
    access.PUBLICITY: "SELECT id FROM publicity",
    access.POLICY_TRAIL: "SELECT application_id FROM policy_grant",
    access.CLAIM_REVIEW: "SELECT id FROM policy_claim WHERE status <> 'DRAFT'",
    access.PAYMENT_BATCH: "SELECT id FROM payment_batch",
    access.FILING_REVIEW: "SELECT id FROM filing_batch WHERE status = 'PENDING'",
    access.RECOMMEND_PROJECT: "SELECT id FROM equity_project WHERE state = 'OPEN'",
    access.RECOMMEND_TO: "SELECT id FROM organisation WHERE kind = 'EQUITY' AND verified_at IS NOT NULL",
    access.LEAD: "SELECT id FROM equity_lead",
    access.STAFF_RECORD: "SELECT id FROM online_investment",
    access.STAFF_QUESTION: "SELECT id FROM investment_question",
    access.STAFF_ROADSHOW: "SELECT id FROM roadshow",
    access.REPORT_READ: "SELECT id FROM report WHERE status = 'APPROVED'",
}


def phone_of(key: str) -> str:
    """Return the number of a demo login, or the number itself."""
    return next((login.phone for login in LOGINS if login.key == key), key)


def addresses(database: Path, key: str) -> Iterator[tuple[Screen, str]]:
    """Return each screen of a tour with an address; a screen without a record to show fails."""
    phone = phone_of(key)
    with closing(sqlite3.connect(database)) as found:
        org = (found.execute("SELECT org_id FROM user WHERE phone = ?", (phone,)).fetchone() or (0,))[0]
        for screen in TOURS[key]:
            if screen is access.REVIEW:
                yield from ((screen, screen.url(**_reviewed(found, name))) for name in review.FLOWS)
            elif "[" in screen.route:
                row = found.execute(f"{ROWS[screen]} ORDER BY id DESC LIMIT 1", {"org": org}).fetchone()
                assert row, f"the demo has no record for {screen.route} as {key or 'a visitor'} sees it"
                part = screen.route.partition("[")[2].partition("]")[0]
                yield screen, screen.url(**{part: row[0]})
            else:
                yield screen, screen.url()


def _reviewed(found: sqlite3.Connection, name: str) -> dict[str, object]:
    table = review.FLOWS[name].model.__tablename__
    row = found.execute(
        f"SELECT id FROM {table} WHERE status <> 'DRAFT' ORDER BY status = 'PENDING' DESC, id DESC LIMIT 1"
    ).fetchone()
    assert row, f"the demo has nothing of {name} to review"
    return {"flow": name, "rid": row[0]}
