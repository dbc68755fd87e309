"""The audit trail: one row for every transition, denial and staff action, in the same transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, cast, func
from sqlmodel import Session, col, select

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
    "account.rebind": "代为更换手机号",
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
    "investment.record": "登记线上投资",
    "investment.confirm": "确认投资记录",
    "investment.object": "对投资记录提出异议",
    "investment.correct": "更正投资记录",
    "investment.void": "作废投资记录",
    "investment.done": "投资进入项目库",
    "investment.ask": "对投资记录提问",
    "investment.answer": "答复投资记录疑问",
    "investment.solved": "解决投资记录疑问",
    "roadshow.publish": "发布路演",
    "roadshow.change": "变更路演",
    "roadshow.cancel": "取消路演",
    "roadshow.register": "路演报名",
    "roadshow.withdraw": "取消路演报名",
    "roadshow.attend": "登记路演签到",
    "roadshow.summary": "填写路演小结",
    "payment.batch": "编制拨付批次",
    "payment.export": "导出拨付批次",
    "payment.remove": "移出拨付批次",
    "payment.void": "作废拨付批次",
    "payment.result": "导入拨付结果",
    "policy.arrange": "调整政策办理安排",
    "policy.confirm": "确认公示无异议",
    "policy.takeback": "取消奖补",
    "policy.copy": "复制政策",
    "policy.discard": "删除政策草稿",
    "policy.dismissed": "认定异议不成立",
    "policy.give_back": "退回待领政策申请",
    "policy.hand_over": "转交政策申请",
    "policy.objection": "登记公示异议",
    "policy.publicity": "发布奖补公示",
    "policy.publish": "发布政策",
    "policy.stop": "停止受理政策",
    "policy.take": "领取政策申请",
    "policy.template": "上传政策材料模板",
    "policy.trail": "导出来龙去脉",
    "policy.upheld": "认定异议成立",
    "product.delist": "下架产品",
    "product.relist": "重新上架",
    "disbursement.end": "结束放款",
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
    "record.reveal": "查看完整联系电话",
    "review.DISCARD": "删除草稿",
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


def unused_id(session: Session, model: Any, action: str, name: str) -> int | None:
    """Return the id of a new row, None where the database gives none away twice; `action` noted what was deleted.

    SQLite gives the highest id again once its row is deleted: a page, a link or a notice of what is gone would then
    speak of something else.
    """
    if session.get_bind().dialect.name != "sqlite":
        return None
    number = cast(func.substr(AuditEntry.subject, len(name) + 2), Integer)
    gone = select(func.max(number)).where(AuditEntry.action == action)
    gone = gone.where(col(AuditEntry.subject).startswith(f"{name}:", autoescape=True))
    highest = select(func.max(model.id))
    return max(session.exec(query).one() or 0 for query in (highest, gone)) + 1
