"""Generated workbooks and loan books; a fixed seed gives the same every time."""

from __future__ import annotations

import io
from datetime import date, timedelta
from random import Random

import xlsxwriter

from cpegi_app.services import identifiers
from cpegi_app.services.offline_form import SPECS, heading
from cpegi_app.vocabulary import FiveClass, GuaranteeMode, Industry, RepaymentMode, Scale

SEED = 20261124
CITIES = ("郑州", "洛阳", "开封", "新乡", "许昌", "焦作", "安阳", "南阳", "商丘", "信阳")
NAMES = ("恒信", "中原", "嵩岳", "黄河", "金穗", "华创", "瑞丰", "天成", "宏图", "明远", "鼎盛", "博远")
TRADES = ("机械制造", "电子科技", "新能源", "食品", "建材", "纺织", "物流", "医药", "农业发展", "信息技术")


def credit_code(chance: Random) -> str:
    """Return a right credit code."""
    first17 = f"914101{chance.randrange(10):02d}MA{chance.randrange(10**7):07d}"
    return first17 + identifiers.check_character(first17)


def name(chance: Random) -> str:
    """Return a company's name."""
    number = chance.randrange(100, 1000)
    return f"{chance.choice(CITIES)}{chance.choice(NAMES)}{number}{chance.choice(TRADES)}有限公司"


def row(chance: Random, number: int) -> list:
    """Return one loan as the cells of a workbook, typed as a bank's system leaves them."""
    amount = chance.randrange(100, 100_000) / 100
    lent = date(2025, 1, 1) + timedelta(days=chance.randrange(600))
    return [
        name(chance),
        credit_code(chance),
        chance.choice(list(Industry)).label,
        chance.choice(list(Scale)).label,
        f"HT2026{number:07d}",
        f"JJ2026{number:07d}",
        round(amount + chance.randrange(0, 1000), 2),
        amount,
        lent,
        lent + timedelta(days=chance.choice((90, 180, 365, 730, 1095))),
        chance.randrange(300, 900) / 100,
        chance.choice(list(GuaranteeMode)).label,
        "",
        chance.choice(("", 0.5, 1)),
        chance.choice(list(RepaymentMode)).label,
        "日常经营周转",
        chance.choice(("是", "否")),
        amount,
        FiveClass.NORMAL.label,
        "李敏",
        f"138{chance.randrange(10**8):08d}",
        "",
    ]


def workbook(count: int, bad: int = 0, first: int = 0) -> bytes:
    """Return a workbook of `count` loans, of which `bad` have a wrong cell."""
    chance, out = Random(SEED), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, day = book.add_worksheet("备案数据"), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, [heading(s) for s in SPECS])
    wrong = set(chance.sample(range(count), bad))
    for n in range(count):
        cells = row(chance, first + n)
        if n in wrong:
            cells[10] = 88
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                sheet.write_datetime(n + 1, column, cell, day)
            elif cell != "":
                sheet.write(n + 1, column, cell)
    book.close()
    return out.getvalue()
