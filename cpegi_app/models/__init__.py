"""Tables only; importing the package registers every one of them."""

from cpegi_app.models.account import Attempt, LoginSession, LoginTicket, SmsCode, SmsOutbox, User
from cpegi_app.models.application import Application
from cpegi_app.models.audit import AuditEntry
from cpegi_app.models.disbursement import Disbursement, DisbursementEnd, Loan
from cpegi_app.models.equity_lead import EquityLead, LeadEvent
from cpegi_app.models.equity_project import (
    EquityProject,
    EquityProjectRevision,
    InvestPreference,
    PlanOpening,
    ProjectFavourite,
    ProjectRecommendation,
    ProjectView,
)
from cpegi_app.models.export import ExportFile
from cpegi_app.models.file import StoredFile
from cpegi_app.models.investment import (
    Investment,
    InvestmentClaim,
    InvestmentQuestion,
    InvestmentRecord,
    OnlineInvestment,
    QuestionMessage,
)
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
from cpegi_app.models.roadshow import (
    Roadshow,
    RoadshowChange,
    RoadshowInvitation,
    RoadshowProject,
    RoadshowRegistration,
)

__all__ = [
    "Application",
    "Attempt",
    "AuditEntry",
    "Disbursement",
    "DisbursementEnd",
    "EquityLead",
    "EquityProject",
    "EquityProjectRevision",
    "ExportFile",
    "FilingBatch",
    "FilingImport",
    "IdempotencyKey",
    "InvestPreference",
    "Investment",
    "InvestmentClaim",
    "InvestmentQuestion",
    "InvestmentRecord",
    "LeadEvent",
    "LiveChange",
    "Loan",
    "LoginSession",
    "LoginTicket",
    "MatchFact",
    "Notice",
    "Objection",
    "OfflineLoan",
    "OnlineInvestment",
    "Organisation",
    "Payment",
    "PaymentBatch",
    "PaymentImport",
    "PlanOpening",
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
    "ProjectFavourite",
    "ProjectRecommendation",
    "ProjectView",
    "Publicity",
    "PublicityEntry",
    "PushRun",
    "QuestionMessage",
    "Report",
    "ReportDuty",
    "ReportReminder",
    "ReviewEvent",
    "Reviewable",
    "Roadshow",
    "RoadshowChange",
    "RoadshowInvitation",
    "RoadshowProject",
    "RoadshowRegistration",
    "SmsCode",
    "SmsOutbox",
    "StoredFile",
    "User",
    "Verification",
]
