"""Keeping what has been typed, so that nothing is lost when a telephone dies."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from zhikun.accounts.models import Officer
from zhikun.surveys.errors import DraftOlder
from zhikun.surveys.models import Assignment, Draft
from zhikun.surveys.services.assigning import locked_to_fill


@transaction.atomic
def save(
    assignment: Assignment, sequence: int, answers: dict[str, Any], questionnaire: str, *, acting_officer: Officer
) -> Draft:
    """Keep a draft. The same sequence again is the same draft; an older one never replaces a newer: DraftOlder."""
    held = locked_to_fill(assignment, acting_officer)
    text = json.dumps(answers, ensure_ascii=False, separators=(",", ":"))
    draft = Draft.objects.filter(assignment=held, officer=acting_officer).first()
    if draft is None:
        draft = Draft(assignment=held, officer=acting_officer, sequence=0)
    elif sequence == draft.sequence and text == draft.answers:
        return draft
    if sequence <= draft.sequence:
        raise DraftOlder(draft.sequence)
    draft.sequence, draft.questionnaire, draft.answers = sequence, questionnaire, text
    draft.save()
    if held.state == Assignment.State.ASSIGNED:
        held.state = Assignment.State.STARTED
        held.save(update_fields=["state", "changed_at"])
    return draft
