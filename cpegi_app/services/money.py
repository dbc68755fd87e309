"""Amounts and rates between what people read and what is kept: 万元 and 分, per cent and 0.01 %."""

from __future__ import annotations

from decimal import Decimal


def fen(wan: Decimal | None) -> int:
    """Return 万元 as integer 分."""
    return int((wan or Decimal(0)) * 1_000_000)


def wan(fen_amount: int) -> str:
    """Return integer 分 as 万元 with thousand separators: exact, without superfluous zeros."""
    return f"{(Decimal(fen_amount) / 1_000_000).normalize():,f}"


def basis_points(percent: Decimal | None) -> int:
    """Return per cent as integer 0.01 %."""
    return int((percent or Decimal(0)) * 100)


def percent(bp: int) -> str:
    """Return integer 0.01 % as per cent, without superfluous zeros."""
    return f"{(Decimal(bp) / 100).normalize():f}"
