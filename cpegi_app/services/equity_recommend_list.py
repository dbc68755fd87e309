"""项目推荐: the open projects and the institutions as lists that are sorted and exported (manual §6.1)."""

from __future__ import annotations

from sqlmodel import col

from cpegi_app.models import EquityProject, Organisation
from cpegi_app.services import lists
from cpegi_app.services.equity_recommend import INSTITUTION_SORTS, institutions, project_count, projects
from cpegi_app.services.lists import Filters

FILTERS = ("word", "industry", "round", "amount", "region")


def asked(filters: Filters) -> dict[str, str]:
    """Return what the projects are narrowed by."""
    return {name: filters[name] for name in FILTERS if filters.get(name)}


PROJECTS = lists.paged(
    "recommend_projects",
    "融资中的项目",
    EquityProject,
    {
        "项目": lambda p: p.name,
        "企业": lambda p: p.org,
        "行业": lambda p: p.industry,
        "轮次": lambda p: p.round,
        "融资额（万元）": lambda p: p.amount,
        "地区": lambda p: p.region,
        "已推荐": lambda p: p.recommended,
        "收藏": lambda p: p.favourites,
        "感兴趣": lambda p: p.interested,
    },
    {"amount": col(EquityProject.amount_fen)},
    pages=lambda session, actor, filters, page, size: (
        projects(session, actor, sort=filters.get("sort", ""), page=page, size=size, **asked(filters)),
        project_count(session, actor, **asked(filters)),
    ),
)
INSTITUTIONS = lists.paged(
    "recommend_institutions",
    "股权金融机构",
    Organisation,
    {
        "机构名称": lambda i: i.name,
        "类别": lambda i: i.org_class,
        "投资偏好": lambda i: i.wants,
        "来源": lambda i: "机构填写" if i.stated else "认证资料",
        "已推荐": lambda i: i.recommended,
        "感兴趣": lambda i: i.interested,
    },
    INSTITUTION_SORTS,
    pages=lambda session, actor, filters, page, size: institutions(
        session,
        actor,
        word=filters.get("word", ""),
        sort=filters.get("sort", ""),
        page=page,
        size=size,
    ),
)
