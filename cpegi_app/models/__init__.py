"""Tables only; importing the package registers every one of them."""

from cpegi_app.models.account import Attempt, LoginSession, LoginTicket, SmsCode, SmsOutbox, User
from cpegi_app.models.application import Application
from cpegi_app.models.audit import AuditEntry
from cpegi_app.models.disbursement import Disbursement, Loan
from cpegi_app.models.export import ExportFile
from cpegi_app.models.file import StoredFile
from cpegi_app.models.live import LiveChange
from cpegi_app.models.matching import MatchFact, ProductLimit, ProductPush, PushRun
from cpegi_app.models.notice import Notice
from cpegi_app.models.offline_loan import FilingBatch, FilingImport, OfflineLoan
from cpegi_app.models.organisation import Organisation, ProfileChange, Verification
from cpegi_app.models.policy import Policy, PolicyBudget, PolicyFile, PolicyTally, PolicyVersion
from cpegi_app.models.policy_application import (
    PolicyAmount,
    PolicyApplication,
    PolicyAssignment,
    PolicyGrant,
    PolicyMark,
    PolicyRecord,
)
from cpegi_app.models.policy_claim import (
    Objection,
    Payment,
    PaymentBatch,
    PaymentImport,
    PolicyClaim,
    Publicity,
    PublicityEntry,
)
from cpegi_app.models.product import Product, ProductRevision
from cpegi_app.models.report import Report, ReportDuty, ReportReminder
from cpegi_app.models.review import IdempotencyKey, Reviewable, ReviewEvent

__all__ = [
    "Application",
    "Attempt",
    "AuditEntry",
    "Disbursement",
    "ExportFile",
    "FilingBatch",
    "FilingImport",
    "IdempotencyKey",
    "LiveChange",
    "Loan",
    "LoginSession",
    "LoginTicket",
    "MatchFact",
    "Notice",
    "Objection",
    "OfflineLoan",
    "Organisation",
    "Payment",
    "PaymentBatch",
    "PaymentImport",
    "Policy",
    "PolicyAmount",
    "PolicyApplication",
    "PolicyAssignment",
    "PolicyBudget",
    "PolicyClaim",
    "PolicyFile",
    "PolicyGrant",
    "PolicyMark",
    "PolicyRecord",
    "PolicyTally",
    "PolicyVersion",
    "Product",
    "ProductLimit",
    "ProductPush",
    "ProductRevision",
    "ProfileChange",
    "Publicity",
    "PublicityEntry",
    "PushRun",
    "Report",
    "ReportDuty",
    "ReportReminder",
    "ReviewEvent",
    "Reviewable",
    "SmsCode",
    "SmsOutbox",
    "StoredFile",
    "User",
    "Verification",
]
