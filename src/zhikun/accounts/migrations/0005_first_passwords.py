from django.db import migrations
from django.db.models import Q

#: The acts after which an administrator knows somebody's password, as they stand in the record.
GAVE = ("accounts.officer_added", "accounts.officer_reopened", "accounts.password_reset")


def given_by(apps, schema_editor):
    """Whoever gave a password before it was kept who did: the record knows, and the other half takes another hand for them too.

    An account in use with a second factor and a password of its owner's is left alone: it is the owner's.
    """
    officers = apps.get_model("accounts", "Officer").objects
    entries = apps.get_model("audit", "Entry").objects.filter(event__in=GAVE).order_by("number")
    last = dict(entries.values_list("subject", "officer_id"))  # None: a command on the server
    known = set(officers.values_list("pk", flat=True))
    owed = Q(second_factor_since__isnull=True) | Q(must_change_password=True)
    for officer in officers.filter(owed, password_from__isnull=True):
        giver = last.get(officer.username)
        if giver in known and giver != officer.pk:
            officer.password_from_id = giver
            officer.save(update_fields=["password_from"])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_two_hands'),
        ('audit', '0002_kept'),
    ]

    operations = [migrations.RunPython(given_by, migrations.RunPython.noop)]
