"""What the registry keeps."""

from zhikun.registry.models.document import Document
from zhikun.registry.models.exporting import Export
from zhikun.registry.models.household import CategoryHeld, Help, Household, HouseholdFacts, Membership, Residence
from zhikun.registry.models.importing import ImportBatch, ImportRow
from zhikun.registry.models.numbering import NumberSeries
from zhikun.registry.models.person import KeyKind, NameKey, Person
from zhikun.registry.models.recording import Contradiction, HouseholdEvent, Recording
from zhikun.registry.models.unmasking import Unmasking

__all__ = [
    "CategoryHeld",
    "Contradiction",
    "Document",
    "Export",
    "Help",
    "Household",
    "HouseholdEvent",
    "HouseholdFacts",
    "ImportBatch",
    "ImportRow",
    "KeyKind",
    "Membership",
    "NameKey",
    "NumberSeries",
    "Person",
    "Recording",
    "Residence",
    "Unmasking",
]
