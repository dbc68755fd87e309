"""The audit trail: one row for every transition, denial and staff action, in the same transaction."""

from __future__ import annotations

from sqlmodel import Session

from cpegi_app.access import Actor, Role
from cpegi_app.models import AuditEntry

# Shown in the filter of the audit page; the code's first part names the thing acted on.
ACTIONS: dict[str, str] = {
    "account.register": "注册账号",
    "account.login": "登录",
    "account.login_failed": "登录失败",
    "account.logout": "退出登录",
    "account.password": "修改密码",
    "account.reset": "找回密码",
    "account.phone": "更换手机号",
    "account.identity": "选择机构类型",
    "account.disable": "停用账号",
    "account.enable": "启用账号",
    "account.reveal": "查看完整手机号",
    "file.upload": "上传文件",
    "file.remove": "删除文件",
    "file.read": "查看文件",
    "offline.trial": "试导入备案文件",
    "offline.import": "导入备案文件",
    "offline.row": "修改备案明细",
    "offline.mark": "标记退回备案明细",
    "figures.export": "导出统计",
    "list.export": "导出列表",
    "loan.export": "导出贷款台账",
    "product.delist": "下架产品",
    "product.relist": "重新上架",
    "lead.begin": "建立对接线索",
    "lead.owner": "变更线索负责人",
    "lead.close": "了结对接线索",
    "lead.reopen": "重新跟进线索",
    "project.down": "撤下融资项目",
    "project.up": "重新发布融资项目",
    "project.plan": "打开商业计划书",
    "project.recommend": "推荐融资项目",
    "report.duty": "设置报送要求",
    "report.duty_off": "停用报送要求",
    "report.duty_on": "启用报送要求",
    "report.zip": "下载报告压缩包",
    "review.SUBMIT": "提交审核",
    "review.WITHDRAW": "撤回",
    "review.RETURN": "退回",
    "review.APPROVE": "审核通过",
    "review.REJECT": "审核不通过",
    "denied": "拒绝越权操作",
}


def label_of(actor: Actor | None) -> str:
    """Return how the trail and the timeline name an actor."""
    if actor is None:
        return "未登录"
    prefix = {Role.STAFF: "平台管理人员", Role.REGULATOR: "金融监管部门"}.get(actor.role, "")
    return f"{prefix} {actor.name or actor.phone_masked}".strip()[:120]


def record(
    session: Session,
    actor: Actor | None,
    action: str,
    subject: str = "",
    detail: str = "",
    *,
    ok: bool = True,
    address: str = "",
) -> None:
    """Append one entry; `subject` reads like `product:12`."""
    session.add(
        AuditEntry(
            action=action,
            actor_id=actor.user_id if actor else None,
            actor_label=label_of(actor),
            subject=subject[:60],
            detail=detail[:500],
            address=(address or (actor.address if actor else ""))[:64],
            ok=ok,
        )
    )
