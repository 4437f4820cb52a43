"""A household registered by form on a phone, and a photo of the visit seen before it is sent."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import person, sits_down
from tests.browser.looking import is_sound
from tests.registry.test_documents import photo

from zhikun.accounts.roles import Role
from zhikun.registry.models import Document, Household

pytestmark = [pytest.mark.browser, pytest.mark.frontend]


def test_a_household_is_registered_on_a_phone_with_a_photo_of_the_visit(phone, live_server):
    sits_down(phone, person(Role.VILLAGE_ASSISTANT, "村协理", factories.VILLAGE), live_server.url)
    phone.goto(reverse("registry:search"))
    phone.get_by_role("link", name="登记家庭").click()
    is_sound(phone, "register")
    phone.locator("[name=area]").select_option(str(factories.VILLAGE))
    phone.locator("[name=address]").fill("示例路9号")
    phone.locator("[name=observed_on]").fill("2026-11-02")
    phone.locator("[name=m-0-name_of]").fill("马试一")
    phone.locator("[name=m-0-id_number]").fill("640402196805120011")
    phone.get_by_role("button", name="增加一位成员").click()
    assert phone.locator("[name=m-0-name_of]").input_value() == "马试一"
    phone.locator("[name=m-1-name_of]").fill("苏试二")
    phone.locator("[name=m-1-relation]").select_option("10")
    phone.get_by_role("button", name="建立档案", exact=True).last.click()
    expect(phone.get_by_text("校验位不对")).to_be_visible()
    assert Household.objects.count() == 0
    is_sound(phone, "register-wrong", "X")
    phone.locator("[name=m-0-id_number]").fill(factories.id_number(21))
    phone.get_by_role("button", name="建立档案", exact=True).last.click()
    made = Household.objects.get()
    expect(phone.get_by_text(f"已建立 {made.number} 号档案。")).to_be_visible()
    assert (made.people, made.address) == (2, "示例路9号")

    phone.locator("#documents").get_by_role("link", name="上传").click()
    phone.locator("[name=kind]").select_option("visit_photo")
    shown = phone.locator("img.zk-preview")
    expect(shown).to_have_count(0)
    phone.locator("[name=file]").set_input_files(
        {"name": "入户.jpg", "mimeType": "image/jpeg", "buffer": photo(size=(600, 400))}
    )
    expect(shown).to_be_visible()
    assert shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 600
    is_sound(phone, "document-preview", "webp")
    phone.locator("[name=file]").set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
    expect(shown).to_have_count(0)
    phone.locator("[name=file]").set_input_files(
        {"name": "入户.jpg", "mimeType": "image/jpeg", "buffer": photo(size=(600, 400))}
    )
    phone.get_by_role("button", name="上传").click()
    expect(phone.get_by_text("照片里的位置和时间已登记")).to_be_visible()
    stored = phone.locator("#documents img")
    stored.scroll_into_view_if_needed()
    expect(stored).to_be_visible()
    assert stored.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    assert float(Document.objects.get().latitude) == 36.01
    is_sound(phone, "household-new")
