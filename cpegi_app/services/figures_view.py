"""Dashboards: the figures of one side as its page shows them, and as a workbook."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel
from sqlmodel import Session

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import NotFound
from cpegi_app.services import (
    audit,
    dashboard,
    equity_figures,
    figures,
    figures_member,
    figures_region,
    sheet_writer,
    staff,
)
from cpegi_app.services.bench_parts import Tile
from cpegi_app.services.figures import PERIODS, Dashboard, Figure, period, shown

REGION, MEMBER, EQUITY = "region", "own", "equity"
SIDES: dict[str, Dashboard] = {
    REGION: figures_region.tables,
    MEMBER: figures_member.tables,
    EQUITY: equity_figures.tables,
}
NEEDS = {REGION: figures_region.NEEDS, MEMBER: figures_member.NEEDS, EQUITY: equity_figures.NEEDS}
TITLES = {REGION: "数据概览", MEMBER: "业务统计", EQUITY: "股权数据"}
# What stands above the tables, whatever the period.
TILES = {REGION: dashboard.region_tiles, EQUITY: equity_figures.tiles}


class Board(BaseModel):
    """What a dashboard shows, and as of when."""

    at: str = ""
    period: str = ""
    tiles: list[Tile] = []
    figures: list[Figure] = []


def board(session: Session, actor: Actor, side: str, code: str) -> Board:
    """Return a dashboard for a period."""
    chosen = period(code)
    found = [shown(table) for table in SIDES[side](session, actor, chosen)]
    tiles = _tiles(session, side)
    return Board(at=clock.local(clock.now()), period=chosen.code, tiles=tiles, figures=found)


def _tiles(session: Session, side: str) -> list[Tile]:
    return TILES[side](session) if side in TILES else []


def taken(session: Session, actor: Actor, side: str, code: str) -> str:
    """Note in the audit trail that who may see a dashboard takes its workbook away; return the workbook's name."""
    if side not in SIDES:
        raise NotFound("统计")
    staff.require(actor, NEEDS[side])
    audit.record(session, actor, "figures.export", f"figures:{side}", TITLES[side])
    return f"{TITLES[side]}-{PERIODS[period(code).code]}-{clock.today().isoformat()}.xlsx"


def workbook(session: Session, actor: Actor, side: str, code: str) -> bytes:
    """Return the content of a dashboard's workbook: the tiles, and one sheet a table."""
    tables = SIDES[side](session, actor, period(code))
    sheets = [figures.sheet(table) for table in tables]
    if tiles := _tiles(session, side):
        lines: list[list[object]] = [[t.label, Decimal(t.value.replace(",", "")), t.unit] for t in tiles]
        sheets.insert(0, (f"{TITLES[side]}（当前）", ("指标", "数值", "单位"), lines))
    return sheet_writer.write_sheets(sheets)
