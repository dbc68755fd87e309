"""What lists and pages of 公示 show: policies that wait, publications, their names, what would be published (manual §8.1)."""

from __future__ import annotations

from pydantic import BaseModel


class WaitingPolicy(BaseModel):
    """A policy with approved applications that are not published yet."""

    id: int
    name: str
    count: int
    amount: str
    days: int


class PublicityRow(BaseModel):
    """A publication in a list; `count` and `amount` are without what was taken back since, which `revoked` counts."""

    id: int = 0
    title: str = ""
    policy: str = ""
    starts_on: str = ""
    ends_on: str = ""
    state: str = ""
    tone: str = "grey"
    count: int = 0
    amount: str = ""
    revoked: int = 0
    open_objections: int = 0
    open: bool = False
    over: bool = False
    href: str = ""
    # Whom to tell of an objection, and what the list stands on.
    department: str = ""
    phone: str = ""
    policy_href: str = ""


class Entry(BaseModel):
    """A name and an amount as published, with where the grant stands; the public reads only that it was taken back."""

    id: int
    grant_id: int
    org: str
    amount: str
    state: str = ""
    tone: str = "grey"
    # For the staff: the application that was granted, and everything that its amount stands on.
    application: str = ""
    trail: str = ""
    # Still public: it can be objected to. Confirmed and not paid: it can be taken back.
    public: bool = False
    confirmed: bool = False
    # An objection to it, or to the whole list, that nobody has decided yet.
    disputed: str = ""


class Preview(BaseModel):
    """What a publication would say."""

    policy_id: int = 0
    title: str = ""
    starts_on: str = ""
    ends_on: str = ""
    rows: list[Entry] = []
    more: int = 0
    count: int = 0
    amount: str = ""
    total_fen: int = 0
