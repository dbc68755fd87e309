"""django-import-export with the same checks: `plain` as it comes, `tuned` with bulk writes and no diff; own environment."""

import json
import sys
import time
from datetime import date
from decimal import Decimal

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "import_export"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django-bench.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.core.exceptions import ValidationError  # noqa: E402
from django.db import connection, models  # noqa: E402
from import_export import resources  # noqa: E402
from import_export.formats.base_formats import XLSX  # noqa: E402

CHARSET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
TEXTS = "name code industry scale contract iou guarantee guarantor repayment purpose is_first five contact phone remark"


def credit_code(value):
    """Check the code's last character."""
    total = sum(CHARSET.index(c) * pow(3, i, 31) for i, c in enumerate(value[:17]))
    if len(value) != 18 or CHARSET[(31 - total % 31) % 31] != value[17]:
        raise ValidationError("统一社会信用代码校验位不符")


class Loan(models.Model):
    """The 22 columns."""

    for _name in TEXTS.split():
        # What rows are looked up by is indexed, as it would be in earnest.
        locals()[_name] = models.CharField(max_length=500, blank=True, default="", db_index=_name == "iou")
    del _name
    contract_amount = models.DecimalField(max_digits=12, decimal_places=2)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    lent_on = models.DateField()
    due_on = models.DateField()
    rate = models.DecimalField(max_digits=6, decimal_places=2)
    fee = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    balance = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)

    class Meta:
        """The table."""

        app_label = "import_export"

    def clean(self):
        """Check what the platform checks of a row."""
        credit_code(self.code)
        if self.lent_on > date.today() or self.due_on <= self.lent_on:
            raise ValidationError("日期")
        if self.amount > self.contract_amount or not Decimal(0) <= self.rate <= 36:
            raise ValidationError("金额")


ORDER = (
    *(
        "name",
        "code",
        "industry",
        "scale",
        "contract",
        "iou",
        "contract_amount",
        "amount",
        "lent_on",
        "due_on",
    ),
    *(
        "rate",
        "guarantee",
        "guarantor",
        "fee",
        "repayment",
        "purpose",
        "is_first",
        "balance",
        "five",
        "contact",
    ),
    *("phone", "remark"),
)


def resource_of(tuned):
    """Return the resource, as it comes or tuned."""

    class LoanResource(resources.ModelResource):
        class Meta:
            model = Loan
            import_id_fields = ("iou",)
            fields = ORDER
            clean_model_instances = True
            use_bulk = tuned
            batch_size = 1000
            skip_diff = tuned
            skip_unchanged = False
            force_init_instance = tuned
            use_transactions = True

    return LoanResource()


def main():
    """Read, try (dry run), import; print the seconds."""
    path, tuned = sys.argv[1], sys.argv[2] == "tuned"
    with connection.schema_editor() as editor:
        if Loan._meta.db_table in connection.introspection.table_names():
            editor.delete_model(Loan)
        editor.create_model(Loan)
    start = time.perf_counter()
    with open(path, "rb") as file:
        rows = XLSX().create_dataset(file.read())
    rows.headers = ORDER
    resource = resource_of(tuned)
    tried = resource.import_data(rows, dry_run=True, raise_errors=False)
    assert not tried.has_errors() and not tried.has_validation_errors(), tried.row_errors()[:2]
    resource.import_data(rows, dry_run=False)
    assert Loan.objects.count() == len(rows)
    print(json.dumps({"seconds": time.perf_counter() - start}))


main()
