"""Backup and restore while people work: the database in one moment, the files of the data folder, sums of everything.

    backup      a folder of its own with database, files and manifest; whole, or not there at all
    check       sums, counts, the chain of the record, and a sample of sealed values, in a database made for the check
    restore     into an empty database and a data folder that holds nothing else; can be run again after a kill

The key ring is never part of a backup: whoever holds both can read every name.
"""

from zhikun.web.backup.checking import Finding, check
from zhikun.web.backup.making import backup
from zhikun.web.backup.manifest import BackupRefused, Manifest
from zhikun.web.backup.restoring import restore

__all__ = ["BackupRefused", "Finding", "Manifest", "backup", "check", "restore"]
