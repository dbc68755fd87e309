"""The demo's offline filings: batches in every status, with rows, proofs and what became of them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from cpegi_app import clock, demo_paper
from cpegi_app.demo_parties import rng
from cpegi_app.demo_world import Story, World
from cpegi_app.services import identifiers, offline_loan, offline_proof, offline_rows
from cpegi_app.vocabulary import Action, FileSlot

# Key, period months ago, days ago, rows, how it went: approved, split (two rows returned), pending, returned, draft.
BATCHES = (
    ("first", 3, 88, 9, "approved"),
    ("second", 2, 57, 12, "split"),
    ("third", 1, 26, 8, "approved"),
    ("corrected", 1, 12, 5, "returned"),
    ("waiting", 0, 2, 7, "pending"),
    ("begun", 0, 1, 4, "draft"),
)
RETURN = "第三方担保的贷款缺少担保合同，请补充后重新提交。"
NAMES = ("瑞兴", "中豫", "金麦", "鼎信", "华泽", "新域", "安禾", "永泰", "嘉合", "德润")
TRADES = ("机械有限公司", "食品有限公司", "物流有限公司", "建材有限公司", "科技有限公司")


def stories(world: World, lender: str = "songyue") -> list[Story]:
    """Return every batch's story."""
    return [_filed(world, lender, *batch) for batch in BATCHES]


def _filed(world: World, lender: str, key: str, months: int, days: int, rows: int, fate: str) -> Story:
    chance, flow = rng(f"offline/{key}"), offline_loan.FLOW
    yield world.at(days, 10, chance.randrange(60)) if days else world.at(0, 2)
    period = _month(clock.today(), months)
    data = {"name": f"{period[:4]} 年 {int(period[5:])} 月线下贷款备案", "period": period, "note": ""}
    batch = offline_loan.new_batch(world.session, world.actor(lender), data)
    for number in range(rows):
        values = _loan(chance, key, number)
        row = offline_rows.save(world.session, world.actor(lender), batch.id or 0, 0, 0, values)
        if fate == "draft" and number % 2:
            continue
        name, content = demo_paper.paper(FileSlot.CONTRACT)
        offline_proof.attach(
            world.session, world.actor(lender), row.id or 0, FileSlot.CONTRACT.value, name, content
        )
    if fate == "draft":
        return
    offline_loan.submit(world.session, world.actor(lender), batch.id or 0, batch.version, f"demo-{key}")
    if fate == "pending":
        return
    yield world.at(days - 1, 15, chance.randrange(60))
    if fate == "returned":
        world.staff_decides(flow, batch.id or 0, Action.RETURN, RETURN)
        return
    if fate == "split":
        found, _ = offline_rows.listing(world.session, world.actor("staff"), batch.id or 0, size=50)
        for row in found[:2]:
            offline_rows.mark(
                world.session, world.actor("staff"), row.id, "合同扫描件缺少盖章页，请重新上传。"
            )
    world.staff_decides(flow, batch.id or 0, Action.APPROVE, "明细与放款证明一致。")


def _month(day: date, back: int) -> str:
    total = day.year * 12 + day.month - 1 - back
    return f"{total // 12}-{total % 12 + 1:02d}"


def _loan(chance: Random, key: str, number: int) -> dict[str, str]:
    first17 = f"91410100MA{chance.randrange(10**7):07d}"
    lent = clock.today() - timedelta(days=chance.randrange(3, 40))
    amount = chance.randrange(3, 80) * 10
    guaranteed = chance.random() < 0.3
    return {
        "borrower_name": f"郑州{chance.choice(NAMES)}{chance.choice(TRADES)}",
        "borrower_code": first17 + identifiers.check_character(first17),
        "industry": chance.choice("CFGEA"),
        "scale": chance.choice(("SMALL", "MICRO", "MEDIUM")),
        "contract_no": f"XXHT-{key.upper()}-{number + 1:03d}",
        "iou_no": f"XXJJ-{key.upper()}-{number + 1:03d}",
        "contract_amount": str(amount + chance.randrange(0, 3) * 50),
        "amount": str(amount),
        "lent_on": lent.isoformat(),
        "due_on": (lent + timedelta(days=chance.choice((180, 365, 730)))).isoformat(),
        "rate": f"{chance.randrange(345, 620) / 100:.2f}" if number != 2 else "11.8",
        "guarantee": "GUARANTEE_COMPANY" if guaranteed else chance.choice(("CREDIT", "MORTGAGE", "SURETY")),
        "guarantor": "中原融资担保示例有限公司" if guaranteed else "",
        "guarantee_fee": "0.8" if guaranteed else "",
        "repayment": chance.choice(("INTEREST_FIRST", "EQUAL_INSTALMENT", "BULLET")),
        "purpose": "采购原材料及日常周转",
        "is_first": chance.choice(("YES", "NO")),
        "balance": str(amount),
        "five_class": "SPECIAL" if number == 4 else "NORMAL",
        "contact": "李敏",
        "contact_phone": "0371-60000001",
        "remark": "",
    }
