"""What an institution states of a payment (manual §4.3)."""

from __future__ import annotations

from datetime import date

from pydantic import field_validator

from cpegi_app.services import identifiers
from cpegi_app.services.forms import Amount, Day, Form, Number, Text, Widget, input_field, not_in_future
from cpegi_app.vocabulary import GuaranteeMode, RepaymentMode, YesNo

CONTRACT, LOAN = "合同信息", "放款信息"
F, W = input_field, Widget


class DisbursementForm(Form):
    """One disbursement (domain.md §7); amounts in 万元, rate in per cent a year."""

    contract_no: Text = F("合同编号", CONTRACT, max_len=60)
    contract_amount: Amount = F("合同金额", CONTRACT, widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    iou_no: Text = F("借据编号", LOAN, max_len=60, help="同一机构的借据编号不能重复")
    amount: Amount = F("放款金额", LOAN, widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    lent_on: Day = F("放款日期", LOAN, widget=W.DATE)
    due_on: Day = F("到期日", LOAN, widget=W.DATE)
    rate: Number = F("执行年利率", LOAN, widget=W.NUMBER, unit="%", low=0, high=36)
    guarantee: Text = F("担保方式", LOAN, widget=W.SELECT, options=GuaranteeMode)
    repayment: Text = F("还款方式", LOAN, widget=W.SELECT, options=RepaymentMode)
    is_first: Text = F("是否首贷", LOAN, widget=W.SELECT, options=YesNo)

    @field_validator("contract_no", "iou_no", mode="after")
    @classmethod
    def _number(cls, value: str) -> str:
        return identifiers.document_no(value)

    @field_validator("lent_on", mode="after")
    @classmethod
    def _lent(cls, value: date) -> date:
        if why := not_in_future(value, "放款日期"):
            raise ValueError(why)
        return value
