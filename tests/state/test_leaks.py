"""Canaries in every text column: nobody's browser gets what is not theirs, on any page, for any principal."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from reflex_base.utils.format import json_dumps

from cpegi_app import access, db
from cpegi_app.access import PAGES, Permission, Role, Screen
from cpegi_app.services import review, sessions
from cpegi_app.services.application import ApplicationForm, DecisionForm
from cpegi_app.services.disbursement_form import DisbursementForm
from cpegi_app.services.forms import Form, Widget
from cpegi_app.services.product import ProductForm
from cpegi_app.services.profile_forms import FORMS
from tests.state.cast import Cast, Principal
from tests.state.rig import HYDRATE, ON_LOAD, Rig, running

# Codes of the program's own making, or text that the platform itself parses: no canary fits there.
CODES = {
    "action", "address", "code", "flow", "guarantee", "guarantees", "href", "is_first", "kind", "org_class",
    "product_type", "purpose", "region", "repayment", "role", "slot", "source", "stage", "status", "subject",
    "tone", "valid_until", "what", "dedupe_key", "consent_version",
    "category", "move", "state", "answer", "round", "mode", "form", "period", "rule", "stage_code",
    # Shown by its last four digits.
    "account_no",
}  # fmt: skip
# Nobody's browser ever gets these, the owner's neither.
SECRET = {
    "user.password_hash", "login_session.sid_hash", "login_ticket.ticket_hash", "sms_code.code_hash",
    "sms_code.phone", "sms_outbox.text", "sms_outbox.phone", "idempotency_key.key", "stored_file.sha256",
    "attempt.subject", "policy_file.sha256", "payment_import.sha256",
}  # fmt: skip
# What published products and projects show of their owner and of themselves, and what was published of a policy.
PUBLISHED = (
    "product.",
    "organisation.name",
    "policy.name",
    "policy.stop_reason",
    "policy_version.",
    "policy_file.name",
    "publicity.title",
    "publicity_entry.org_name",
    "equity_project.name",
    "equity_project.intro",
    "equity_project.industry",
    "equity_project.data.intro",
)
# Persons' numbers: masked for whoever decides, until they ask.
PERSONAL = (".mobile", ".contact_phone", ".phone", ".s_phone")
MASKED_IN = {"verification", "profile_change", "application", "policy_application", "report", "offline_loan"}
MARK = re.compile(r"§([a-z_]+\.[a-z_.]+)§(\d+)")
NUMBER = re.compile(r"(?<!\d)199\d{8}(?!\d)")
FREE = {
    spec.name
    for form in (ApplicationForm, DecisionForm, DisbursementForm, ProductForm, *FORMS.values())
    for spec in form.specs()
    if spec.widget in (Widget.TEXT, Widget.AREA) and not spec.options and issubclass(form, Form)
} | {"phone", "s_phone"}


def marked(value: Any, where: str, row: int) -> Any:
    """Return a JSON value with a canary in each free text."""
    if isinstance(value, dict):
        return {
            k: f"§{where}.{k}§{row}" if k in FREE and isinstance(v, str) else marked(v, f"{where}.{k}", row)
            for k, v in value.items()
        }
    return value


class Aviary:
    """The database with a canary in every text column, and whose row each canary names."""

    def __init__(self, address: str) -> None:
        self.db = sqlite3.connect(address.removeprefix("sqlite:///"), timeout=10)
        for (trigger,) in self.db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self.db.execute(f'DROP TRIGGER "{trigger}"')
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        self.columns: dict[str, dict[str, str]] = {
            name: {c[1]: c[2].upper() for c in self.db.execute(f'PRAGMA table_info("{name}")')}
            for (name,) in self.db.execute(tables).fetchall()
        }
        self.planted = sum(self._plant(table) for table in self.columns)
        self.db.commit()

    def _plant(self, table: str) -> int:
        columns = self.columns[table]
        texts = [c for c, kind in columns.items() if kind.startswith("VARCHAR") and c not in CODES]
        jsons = [c for c, kind in columns.items() if kind == "JSON"]
        planted = 0
        for (row,) in self.db.execute(f'SELECT id FROM "{table}"').fetchall():
            for column in texts:
                canary = (
                    f"199{row:08d}" if (table, column) == ("user", "phone") else f"§{table}.{column}§{row}"
                )
                if table == "login_session" and column == "sid_hash":
                    continue
                self.db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE id = ?', (canary, row))
            for column in jsons:
                query = f'SELECT "{column}" FROM "{table}" WHERE id = ?'
                value = json.loads(self.db.execute(query, (row,)).fetchone()[0] or "{}")
                text = json.dumps(marked(value, f"{table}.{column}", row), ensure_ascii=False)
                self.db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE id = ?', (text, row))
            planted += len(texts) + len(jsons)
        return planted

    def one(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row."""
        found = self.db.execute(query, values).fetchone()
        return found[0] if found else None

    def parties(self, table: str, row: int) -> set[int]:
        """Return the organisations that a row concerns."""
        columns = self.columns[table]
        found = {row} if table == "organisation" else set()
        for column in ("org_id", "institution_id", "borrower_id", "enterprise_id"):
            if column in columns:
                found.add(self.one(f'SELECT {column} FROM "{table}" WHERE id = ?', row))
        for column in ("user_id", "actor_id"):
            if column in columns:
                query = f'SELECT u.org_id FROM "{table}" t JOIN user u ON u.id = t.{column} WHERE t.id = ?'
                found.add(self.one(query, row))
        if table == "roadshow":
            invited = "SELECT org_id FROM roadshow_invitation WHERE roadshow_id = ?"
            found |= {o for (o,) in self.db.execute(invited, (row,))}
        if table == "roadshow_change":
            shown = self.one("SELECT roadshow_id FROM roadshow_change WHERE id = ?", row)
            found |= self.parties("roadshow", shown)
        if table in ("review_event", "stored_file"):
            flow, subject = self.db.execute(
                f"SELECT flow, subject_id FROM {table} WHERE id = ?", (row,)
            ).fetchone()
            found |= self.parties({"product": "product_revision"}.get(flow, flow), subject)
        return found - {None}

    def circle(self, who: Principal) -> set[int]:
        """Return the organisations whose records a principal has to do with."""
        query = (
            "SELECT org_id FROM application WHERE institution_id = :id AND submitted_at IS NOT NULL "
            "UNION SELECT institution_id FROM application WHERE org_id = :id "
            "UNION SELECT enterprise_id FROM investment WHERE org_id = :id "
            "UNION SELECT org_id FROM investment WHERE enterprise_id = :id AND submitted_at IS NOT NULL"
        )
        others = self.db.execute(query, {"id": who.org_id}).fetchall()
        return {who.org_id, *(o for (o,) in others)} if who.org_id else set()

    def reads(self, who: Principal, table: str, row: int) -> bool:
        """Tell what is shown beyond the parties: published projects, and to the regulator its notices and approved reports."""
        if table == "stored_file" and self.one("SELECT slot FROM stored_file WHERE id = ?", row) == "PICTURE":
            return self._of_published_project(row)
        if table == "equity_project" and who.may(Permission.EQUITY_BROWSE):
            return True
        if table == "stored_file" and who.may(Permission.EQUITY_BROWSE):
            return self._of_published_project(row)
        if who.role is not Role.REGULATOR:
            return False
        if table == "notice":
            return self.one("SELECT user_id FROM notice WHERE id = ?", row) == who.user_id
        if table in ("review_event", "stored_file"):
            flow, subject = self.db.execute(
                f"SELECT flow, subject_id FROM {table} WHERE id = ?", (row,)
            ).fetchone()
            return flow == "report" and self.reads(who, "report", subject)
        return table == "report" and self.one("SELECT status FROM report WHERE id = ?", row) == "APPROVED"

    def _of_published_project(self, file_id: int) -> bool:
        query = (
            "SELECT p.id FROM stored_file f JOIN equity_project p ON p.revision_id = f.subject_id "
            "WHERE f.flow = 'equity_project' AND f.id = ?"
        )
        return self.one(query, file_id) is not None

    def owner(self, table: str, row: int) -> set[int]:
        """Return the organisation whose own a row is."""
        return {self.one(f'SELECT org_id FROM "{table}" WHERE id = ?', row)}

    def leaks(self, text: str, who: Principal) -> Iterator[str]:
        """Name what stands in a text and is not the principal's to see."""
        circle = self.circle(who)
        for where, row in set(MARK.findall(text)):
            table, _, column = where.partition(".")
            if f"{table}.{column}" in SECRET:
                yield f"secret {where}"
            elif (
                where.endswith(PERSONAL)
                and table in MASKED_IN
                and who.org_id not in self.owner(table, int(row))
            ):
                yield f"a person's number in full: {where} of row {row}"
            elif who.role is Role.STAFF or where.startswith(PUBLISHED) or self.reads(who, table, int(row)):
                continue
            elif (table, int(row)) != ("user", who.user_id) and not self.parties(table, int(row)) & circle:
                yield f"{where} of row {row}"
        if len(MARK.findall(text)) != text.count("§") // 2:
            yield "a canary cut short: the test cannot tell whose"
        for user in {int(number[3:]) for number in NUMBER.findall(text)} - {who.user_id}:
            yield f"a number in full: user {user}"


@pytest.fixture
def aviary(cast: Cast) -> Aviary:
    """Plant the canaries."""
    return Aviary(db.url())


def addresses(cast: Cast, screen: Screen, who: Principal) -> list[dict[str, Any]]:
    """Return the ids with which to open a page: the row of the cast and others; one where the page itself is refused."""
    if "[" not in screen.route:
        return [{}]
    _, params = cast.who_may(screen)
    names = [n for n in params if n != "flow"]
    flows = list(review.FLOWS) if "flow" in params else [""]
    ids = sorted({1, 2, *(params[n] for n in names)})
    found = [{**dict.fromkeys(names, i)} | ({"flow": f} if f else {}) for f in flows for i in ids]
    return found if who.may(screen.permission) else found[-1:]


async def tour(rig: Rig, cast: Cast, who: Principal, tab: str) -> str:
    """Open every page in one tab, whether it is open to the principal or not; return all that was sent."""
    sent = [await rig.post(tab, HYDRATE, {}, sid=who.sid)]
    for screen in PAGES:
        for params in addresses(cast, screen, who):
            path = screen.url(**params)
            sent.append(await rig.post(tab, ON_LOAD, {}, sid=who.sid, path=path, params=params))
    # At last all that the tab holds, whatever was sent of it before.
    sent.append(await rig.post(tab, HYDRATE, {}, sid=who.sid))
    return "".join(reply.text for reply in sent)


async def test_no_canary_of_others_in_any_delta_of_any_page(cast: Cast, aviary: Aviary):
    wrong, seen, size = [], set(), 0
    async with running() as rig:
        for who in cast.people.values():
            text = await tour(rig, cast, who, "tour")
            rig.manager.states.clear()
            size += len(text)
            seen |= {where for where, _ in MARK.findall(text)}
            wrong += [f"{who.name}: {leak}" for leak in aviary.leaks(text, who)]
            if who.sid and who.sid in text:
                wrong.append(f"{who.name}: the cookie's value")
    print(
        f"leaks: {aviary.planted} canaries, {len(cast.people)} principals, {len(PAGES)} pages, {size:,} bytes"
    )
    # The canaries do sing: what principals may see was seen.
    assert len(seen) > 30
    assert not wrong, "\n".join(sorted(wrong)[:400])


# --- a tab changes hands ------------------------------------------------------------------------------

RANDOM = re.compile(r'"(form_key_rx_state_|count_rx_state_)": ?("[0-9a-f]*"|\d+)')


def dump(text: str) -> str:
    """Return a full dump without what differs between any two tabs."""
    return RANDOM.sub("", text)


@pytest.mark.parametrize("after", ["anonymous", "enterprise verified", "regulator"])
async def test_after_a_change_of_login_a_tab_holds_only_defaults(cast: Cast, after: str):
    """Signing out, or in as somebody else, in the same tab: what comes is what a fresh tab gets."""
    successor = cast.people[after]
    for before in ("staff", "bank", "owner"):
        async with running() as rig:
            await tour(rig, cast, cast.people[before], "tab-4711")
            used = await rig.post("tab-4711", HYDRATE, {}, sid=successor.sid, path="/nowhere")
            fresh = await rig.post("tab-0815", HYDRATE, {}, sid=successor.sid, path="/nowhere")
            used_text, fresh_text = (dump(r.text).replace("tab-4711", "tab-0815") for r in (used, fresh))
            assert used_text == fresh_text, f"{before} → {after}"


async def test_a_revoked_login_leaves_nothing_in_the_tab(cast: Cast):
    """The next event of any kind wipes the tab and says why."""
    bank = cast.people["bank"]
    async with running() as rig:
        await tour(rig, cast, bank, "tab-4711")
        with db.transaction() as session:
            sessions.revoke_all(session, bank.user_id)
        root = "reflex___state____state"
        name = f"{root}.cpegi_app___state___product____product_list_state.search"
        reply = await rig.post("tab-4711", name, {"data": {}}, sid=bank.sid, path=access.PRODUCTS.route)
        assert "登录已失效" in reply.said
        kept = await rig.post("tab-4711", HYDRATE, {}, sid="", path="/nowhere")
        fresh = await rig.post("tab-0815", HYDRATE, {}, sid="", path="/nowhere")
        state = f"{root}.cpegi_app___state___message____message_state"
        for reply in (kept, fresh):
            for delta in reply.deltas:
                delta.pop(state, None)
        assert dump(json_dumps(kept.deltas)).replace("tab-4711", "tab-0815") == dump(json_dumps(fresh.deltas))
