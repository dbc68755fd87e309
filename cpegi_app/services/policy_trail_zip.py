"""来龙去脉 as one ZIP for an audit: an index sheet, every file that was sent, the trail as data (manual §8)."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from openpyxl import Workbook
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import NotFound
from cpegi_app.models import PolicyClaim, ReviewEvent
from cpegi_app.services import files, policy_claim, policy_people, policy_trail
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.policy_application import FLOW
from cpegi_app.services.policy_trail import RecordLine, Trail
from cpegi_app.services.report_zip import GONE, INDEX, Member, fill, safe_name


@dataclass
class Plan:
    """What the archive will hold; made in one short transaction, written out afterwards."""

    title: str
    trail: Trail
    data: dict[str, Any]
    listed: list[list[Any]] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)


def plan(session: Session, actor: Actor, row_id: int) -> Plan:
    """Return what the archive of an application holds; the download is in the audit trail."""
    row = policy_trail.load(session, actor, row_id)
    found = policy_trail.trail(session, actor, row_id)
    query = select(PolicyClaim).where(PolicyClaim.application_id == row.id).order_by(col(PolicyClaim.id))
    claims = list(session.exec(query))
    d = definitions.of_version(session, row.version_id)
    events = [(FLOW.name, row.id), *((policy_claim.NAME, c.id) for c in claims)]
    made = Plan(
        safe_name(f"来龙去脉_{row.receipt_no or row.id}_{row.org_name}"),
        found,
        {
            "exported_at": clock.local(clock.now()),
            "definition": d.model_dump(mode="json"),
            "application": {"data": row.data, "profile": row.profile, "calculation": row.calculation},
            "trail": found.model_dump(mode="json"),
            "submissions": [s for flow, number in events for s in _sent(session, flow, number or 0)],
        },
    )
    lines = {f.id: f for f in found.files}
    taken: set[str] = set()
    for of, _label, stored in policy_trail.stored(session, row, claims):
        line = lines[stored.id or 0]
        name = _unlike(
            f"文件/{safe_name(of, 60)}/{safe_name(line.slot, 40)}_{safe_name(stored.name)}",
            stored.kind,
            taken,
        )
        try:
            content = files.store().open(stored.sha256)
        except NotFound:
            content = None
        made.members.append(Member(name, content))
        shown = name if content else f"{name}（{GONE}）"
        made.listed.append([of, line.slot, stored.name, line.at, line.state, stored.sha256, shown])
    policy_people.note(session, actor, "policy.trail", f"{FLOW.name}:{row.id}", made.title)
    return made


def _sent(session: Session, flow: str, number: int) -> list[dict[str, Any]]:
    query = select(ReviewEvent).where(
        ReviewEvent.flow == flow, ReviewEvent.subject_id == number, ReviewEvent.action == "SUBMIT"
    )
    return [
        {"flow": flow, "at": clock.local(e.created_at), "who": e.actor_label, "snapshot": e.snapshot}
        for e in session.exec(query.order_by(col(ReviewEvent.id)))
    ]


def _unlike(name: str, kind: str, taken: set[str]) -> str:
    path, number = PurePosixPath(name), 1
    stem = str(path.with_suffix("")) if path.suffix else name
    found = f"{stem}.{kind}"
    while found.casefold() in taken:
        number += 1
        found = f"{stem}（{number}）.{kind}"
    taken.add(found.casefold())
    return found


def write(made: Plan, target: IO[bytes]) -> None:
    """Write the archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open(INDEX, "w") as index:
            _workbook(made).save(index)
        archive.writestr("轨迹.json", json.dumps(made.data, ensure_ascii=False, indent=1))
        for member in made.members:
            if member.content is not None:
                archive.write(member.content, member.name)


def _record(r: RecordLine) -> list[str]:
    who = [r.source, r.title, r.number, r.parties, r.confirmed, r.on]
    return [*who, r.base, r.part, r.formula, r.state]


def _workbook(made: Plan) -> Workbook:
    book, t = Workbook(), made.trail
    sheet: Any = book.active
    sheet.title = "概要"
    head = [["政策申请", t.title], ["申请单位", t.org], ["受理编号", t.receipt], ["当前状态", t.status]]
    fill(sheet, ("项目", "内容"), [*head, *([x.label, x.value] for x in (*t.basis, *t.publicity))])
    parts: list[tuple[str, tuple[str, ...], list[list[Any]]]] = [
        ("办理进度", ("环节", "时间", "情况"), [[s.label, s.at, s.text] for s in t.steps]),
        (
            "金额",
            ("类型", "金额（元）", "由谁", "时间", "依据"),
            [[a.kind, a.amount, a.who, a.at, a.reason] for a in t.amounts],
        ),
        (
            "记录",
            (
                "来源",
                "记录",
                "编号",
                "双方",
                "双方确认",
                "日期",
                "金额（元）",
                "奖补（元）",
                "计算过程",
                "状态",
            ),
            [_record(r) for r in t.records],
        ),
        (
            "办理记录",
            ("时间", "动作", "由谁", "意见", "逐项意见"),
            [[e.at, e.action, e.who, e.comment, "\n".join(e.points)] for e in t.events],
        ),
        (
            "领取转交",
            ("时间", "动作", "由谁", "交给", "原因"),
            [[m.at, m.kind, m.who, m.amount, m.reason] for m in t.moves],
        ),
        (
            "拨付",
            ("付款编号", "批次", "金额（元）", "收款账户", "结果", "拨付日期", "凭证号", "失败原因", "经办"),
            [
                [p.number, p.batch, p.amount, p.payee, p.state, p.paid_on, p.voucher, p.failure, p.hands]
                for p in t.payments
            ],
        ),
        ("文件", ("属于", "类别", "原文件名", "上传时间", "状态", "SHA-256", "在压缩包中"), made.listed),
    ]
    for title, heads, rows in parts:
        money = tuple(n for n, head in enumerate(heads) if head.endswith("（元）"))
        plain = [[c.replace(",", "") if n in money else c for n, c in enumerate(row)] for row in rows]
        fill(book.create_sheet(title), heads, plain, money)
    return book
