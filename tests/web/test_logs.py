"""The log says what happened and where, and nothing of anybody."""

import json
import logging
import uuid

import pytest

from zhikun.web.logs import HIDDEN, Lines, masked


def line(message="x", *values, level=logging.INFO, name="zhikun.test", error=None, **extra):
    about = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, level, __file__, 1, message, values, about)
    record.__dict__.update(extra)
    text = Lines().format(record)
    assert "\n" not in text
    return json.loads(text)


@pytest.mark.parametrize(
    "number",
    ["640402199001011234", "64040219900101123X", "64040219900101123x", "640402900101123", "6404021990 0101 1234",
     "６４０４０２１９９００１０１１２３４", "13800138000", "138 0013 8000", "138-0013-8000", "6222021234567890123", "622202123456789"],
)  # fmt: skip
def test_numbers_of_persons_are_masked_wherever_they_stand(number):
    for text in (number, f"身份证{number}的人", f"id={number}&x", f"a{number}b"):
        left = masked(text)
        assert HIDDEN in left
        assert number[:6] not in left
        assert number[-4:] not in left


@pytest.mark.parametrize(
    "text",
    [
        "640402100000",
        "2026-11-22T16:17:04",
        "4803 户",
        "12345678901",
        "018f3d5e-1234-7abc-9def-013912345678",
        "10.0.0.1:8000",
    ],
)
def test_codes_of_areas_counts_times_and_our_own_ids_stay(text):
    assert masked(text) == text


def test_extra_values_are_kept_and_masked():
    one = uuid.uuid4()
    found = line(job=one, status=200, ms=1.5, done=True, note="电话13800138000", phone=13800138000, payload={"a": 1})
    assert (found["job"], found["status"], found["ms"], found["done"]) == (str(one), 200, 1.5, True)
    assert found["note"] == f"电话{HIDDEN}"
    assert found["phone"] == HIDDEN
    assert "payload" not in found, "whatever is no plain value stays out"


def test_values_put_into_messages_are_masked_too():
    assert line("bad number %s in row %d", "640402199001011234", 3)["what"] == f"bad number {HIDDEN} in row 3"


def fail():
    try:
        {}["张三 住演示村"]
    except KeyError as error:
        raise ValueError("name 张三") from error


def test_of_an_error_its_type_and_place_are_kept_never_its_words():
    with pytest.raises(ValueError) as caught:
        fail()
    found = line("job failed", error=caught.value)
    assert found["error"] == ["builtins.ValueError", "builtins.KeyError"]
    assert found["where"][-1].startswith("tests/web/test_logs.py:")
    assert "张三" not in json.dumps(found, ensure_ascii=False)


def test_django_quotes_no_path_of_a_failed_request():
    found = line("Internal Server Error: %s", "/households/?name=张三", name="django.request", level=logging.ERROR)
    assert "张三" not in json.dumps(found, ensure_ascii=False)
