"""The environment is checked at start: every fault at once, in words, with the way out; and the reference page agrees."""

import re
import stat
from pathlib import Path

import pytest
from django.conf import settings

from zhikun.web.environment import VARIABLES, EnvironmentFaults, read, uploads

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "platform.md"


@pytest.fixture
def good(tmp_path):
    return {"ZHIKUN_DATA": str(tmp_path / "data"), "ZHIKUN_KEYS": str(tmp_path / "keys" / "keys.json")}


def fault(variables):
    with pytest.raises(EnvironmentFaults) as caught:
        read(variables)
    assert len(caught.value.faults) == 1, caught.value.faults
    return caught.value.faults[0]


def test_nothing_but_folders_is_needed(good, tmp_path):
    found = read(good)
    assert found.database == {"kind": "sqlite", "path": tmp_path / "data" / "zhikun.sqlite3"}
    assert found.hosts == ["localhost", "127.0.0.1", "[::1]"]
    assert (found.https, found.debug, found.idle_minutes, found.cipher) == (False, False, 20, "aes-256-gcm")
    assert read(good).secret == found.secret, "the secret is made once"


def test_the_secret_of_sessions_is_readable_to_its_owner_alone(good, tmp_path):
    read(good)
    assert stat.S_IMODE((tmp_path / "keys" / "web-secret").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ZHIKUN_DATABASE", "mysql://u:pw@h/d", "“mysql”不是数据库地址"),
        ("ZHIKUN_DATABASE", "postgresql://u:geheim@h", "不是数据库地址"),
        ("ZHIKUN_DATABASE", "postgresql://u:geheim@h:port/d", "不是数据库地址"),
        ("ZHIKUN_HTTPS", "ja", "应为 1（是）或 0（否）"),
        ("ZHIKUN_DEBUG", "2", "应为 1（是）或 0（否）"),
        ("ZHIKUN_PLATFORM_PACK", "../x", "应为政策包的名字"),
        ("ZHIKUN_ORIGINS", "zhikun.example.cn", "https://主机名"),
        ("ZHIKUN_ORIGINS", "https://zhikun.example.cn/", "后面不带斜杠"),
        ("ZHIKUN_PROXIES", "127.0.0.1,proxy", "“proxy”不是网络地址"),
        ("ZHIKUN_IDLE_MINUTES", "4", "5 到 480"),
        ("ZHIKUN_IDLE_MINUTES", "481", "5 到 480"),
        ("ZHIKUN_IDLE_MINUTES", "半小时", "5 到 480"),
        ("ZHIKUN_CIPHER", "rot13", "aes-256-gcm、sm4-gcm"),
        ("ZHIKUN_METRICS_TOKEN", "x" * 15, "至少 16 个字符"),
        ("ZHIKUN_LOG", "/proc/none/log", "写不了日志文件"),
        ("ZHIKUN_DATA", "/proc/none", "请换一个有权限写的位置"),
    ],
)
def test_each_value_that_cannot_be_used_is_named_with_the_way_out(good, name, value, said):
    text = fault(good | {name: value})
    assert text.startswith(f"{name}：")
    assert said in text
    assert "geheim" not in text, "an address with a password is not repeated"


@pytest.mark.parametrize(
    ("name", "value"),
    [("ZHIKUN_IDLE_MINUTES", "5"), ("ZHIKUN_IDLE_MINUTES", "480"), ("ZHIKUN_METRICS_TOKEN", "x" * 16)],
)
def test_values_at_the_limit_are_taken(good, name, value):
    read(good | {name: value})


def test_all_faults_are_said_at_once(good):
    with pytest.raises(EnvironmentFaults) as caught:
        read(good | {"ZHIKUN_HTTPS": "ja", "ZHIKUN_CIPHER": "x", "ZHIKUN_HTPS": "1"})
    assert len(caught.value.faults) == 3
    assert "3 处" in str(caught.value)


def test_a_slip_in_a_name_is_no_silence(good):
    text = fault(good | {"ZHIKUN_HTPS": "1"})
    assert "ZHIKUN_HTPS：没有这个环境变量" in text
    assert "您是不是想写“ZHIKUN_HTTPS”" in text


def test_keys_inside_the_data_folder_would_travel_with_each_backup(good, tmp_path):
    assert "在数据文件夹里面" in fault(good | {"ZHIKUN_KEYS": str(tmp_path / "data" / "keys.json")})


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe", b"g" * 64])
def test_a_damaged_secret_is_named(good, tmp_path, content):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "web-secret").write_bytes(content)
    assert "web-secret" in fault(good)


def test_addresses_of_databases_are_read_with_their_escapes(good):
    found = read(good | {"ZHIKUN_DATABASE": "postgresql://civil%40office:p%2Fw@db.local:6543/%E7%9F%A5"}).database
    assert found == {
        "kind": "postgresql", "name": "知", "user": "civil@office", "password": "p/w", "host": "db.local", "port": "6543",
    }  # fmt: skip


def test_the_reference_page_lists_exactly_these_variables():
    rows = re.findall(
        r"^\| `(ZHIKUN_[A-Z_]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(one.name, one.what, one.otherwise) for one in VARIABLES]


def test_uploads_under_way_lie_where_only_the_platform_reads(tmp_path):
    (tmp_path / "uploads").mkdir(mode=0o755)
    assert uploads(tmp_path).stat().st_mode & 0o777 == 0o700
    assert Path(settings.FILE_UPLOAD_TEMP_DIR).is_relative_to(settings.ZHIKUN_DATA)
