"""What a killed server left of photos goes in the night; what belongs to somebody never does."""

import os
import uuid

import pytest
from tests.surveys import factory

from zhikun.jobs import services
from zhikun.jobs.models import Job
from zhikun.jobs.worker import work_off
from zhikun.surveys.services import files

pytestmark = pytest.mark.django_db


def test_a_photo_whose_row_was_never_kept_goes_after_a_day_and_the_kept_ones_stay(settings, tmp_path):
    settings.ZHIKUN_DATA = tmp_path
    assignment = factory.assigned()
    kept = files.add_photo(assignment, uuid.uuid4(), factory.picture(), None, acting_officer=factory.surveyor())
    stray = kept.path.with_name(f"{uuid.uuid4()}.sealed")
    stray.write_bytes(kept.path.read_bytes())
    assert files.clear() == 0
    for path in (kept.path, stray):
        os.utime(path, (0, 0))
    assert files.clear() == 1
    assert kept.path.exists()
    assert not stray.exists()


def test_the_folder_of_another_database_is_left_alone_and_the_job_says_so(settings, tmp_path):
    settings.ZHIKUN_DATA = tmp_path
    folder = tmp_path / "surveys" / "ab"
    folder.mkdir(parents=True)
    for _each in range(21):
        path = folder / f"{uuid.uuid4()}.sealed"
        path.touch()
        os.utime(path, (0, 0))
    services.ask("surveys.clear")
    work_off()
    job = Job.objects.get(kind="surveys.clear")
    assert job.state == Job.State.FAILED
    assert "21 个文件" in job.error
    assert len(list(folder.iterdir())) == 21
