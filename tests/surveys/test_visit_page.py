"""The review's page of a visit: its photos and its signatures each under their own heading."""

import re

import pytest
from django.urls import reverse
from tests.officers import signed_in
from tests.surveys import factory
from tests.surveys.test_household_page import photographed

from zhikun.surveys.services import visits
from zhikun.surveys.services.visits import Comment

pytestmark = pytest.mark.django_db


def parts(visit):
    """The page's two parts: photos and signatures."""
    page = signed_in(factory.reviewer()).get(reverse("surveys:visit", args=[visit.pk])).content.decode()
    return [
        re.search(f'<section[^>]* id="{name}">(.*?)</section>', page, re.DOTALL)[1] for name in ("photos", "signatures")
    ]


def test_photos_of_the_house_stand_apart_from_the_signatures():
    visit = photographed(factory.assigned(), 2)
    photos, signatures = parts(visit)
    assert "<h2>入户照片</h2>" in photos
    assert "<h2>签名</h2>" in signatures
    taken, signed = (visit.files.filter(kind=kind) for kind in ("photo", "surveyor"))
    assert all(str(one.pk) in photos and str(one.pk) not in signatures for one in taken)
    assert all(str(one.pk) in signatures and str(one.pk) not in photos for one in signed)
    assert photos.count("2026-11-20 14:03") == 2, "when each was taken"
    assert signatures.index("调查人员签名") < signatures.index("家庭成员签名"), "the household signs last"


def test_a_visit_that_went_back_says_where_its_photos_are():
    visit = photographed(factory.assigned())
    visits.give_back(visit, [Comment("请补拍")], acting_officer=factory.reviewer())
    photos, signatures = parts(visit)
    assert "交还小组" in photos
    assert "<img" not in photos
    assert signatures.count("<img") == 3
