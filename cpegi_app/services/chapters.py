"""Importing this module registers every flow: the queue, the files and the laws go over all of them."""

from cpegi_app.services import (
    application,
    disbursement,
    equity_project,
    investment,
    offline_loan,
    policy_application,
    policy_claim,
    policy_trail_files,
    product,
    report,
    verification,
)

# Says who opens files beyond those who take part.
FURTHER = (policy_trail_files,)
CHAPTERS = (
    verification,
    product,
    application,
    disbursement,
    offline_loan,
    report,
    equity_project,
    investment,
    policy_application,
    policy_claim,
)
