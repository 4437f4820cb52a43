"""What keeps entries as they are: triggers in the database, which refuse to change, delete or empty them.

There is no procedure that removes entries: 网络安全法 Art. 21 asks for six months at least, and all are kept. Who owns the
database can still take a trigger down; then the chain shows what was changed, and `verify` says that the trigger is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_REFUSAL = "留痕记录只能追加，不能修改、删除或清空"
_POSTGRESQL_FUNCTIONS = (
    f"""
    CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION audit_onward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.number < OLD.number THEN
        RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
)
_POSTGRESQL = {
    "audit_entry_kept": "BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "audit_entry_not_emptied": "BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "audit_head_kept": "BEFORE DELETE ON audit_chainhead FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "audit_head_not_emptied": "BEFORE TRUNCATE ON audit_chainhead FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "audit_head_onward": "BEFORE UPDATE ON audit_chainhead FOR EACH ROW EXECUTE FUNCTION audit_onward()",
}
_ABORT = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
_SQLITE = {
    "audit_entry_no_update": f"BEFORE UPDATE ON audit_entry {_ABORT}",
    "audit_entry_no_delete": f"BEFORE DELETE ON audit_entry {_ABORT}",
    "audit_head_no_delete": f"BEFORE DELETE ON audit_chainhead {_ABORT}",
    "audit_head_onward": f"BEFORE UPDATE ON audit_chainhead WHEN NEW.number < OLD.number {_ABORT}",
}


def put_up(connection: Any) -> None:
    """Make the triggers, those that stand already too. A rebuilt table of SQLite loses its own: see AuditConfig."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for text in _POSTGRESQL_FUNCTIONS:
                cursor.execute(text)
            for name, text in _POSTGRESQL.items():
                cursor.execute(f"CREATE OR REPLACE TRIGGER {name} {text}")
        else:
            for name, text in _SQLITE.items():
                cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {text}")


def take_down(connection: Any) -> None:
    """Remove the triggers: only for undoing the migration, and for tests that empty their database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, text in _POSTGRESQL.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {text.split(' ON ')[1].split()[0]}")
        else:
            for name in _SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def missing(connection: Any) -> list[str]:
    """The triggers that do not stand, or are switched off."""
    if connection.vendor == "postgresql":
        query, wanted = "SELECT tgname FROM pg_trigger WHERE tgenabled = 'O'", set(_POSTGRESQL)
    else:
        query, wanted = "SELECT name FROM sqlite_master WHERE type = 'trigger'", set(_SQLITE)
    with connection.cursor() as cursor:
        cursor.execute(query)
        return sorted(wanted - {row[0] for row in cursor.fetchall()})


@contextmanager
def lifted(connection: Any) -> Iterator[None]:
    """Without the triggers inside, with them again afterwards. For the tests' own emptying of tables."""
    take_down(connection)
    try:
        yield
    finally:
        put_up(connection)
