"""What the platform keeps is readable to its own account alone, also where it was made more open before."""

import stat

import pytest


def rights(path):
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_folder_and_database_are_private_and_wider_ones_are_narrowed(installation):
    if installation.database:
        pytest.skip("of SQLite alone")
    base = installation.data / "zhikun.sqlite3"
    assert installation.run("migrate", code=None).returncode == 0
    assert (rights(installation.data), rights(base)) == ("0o700", "0o600")
    installation.data.chmod(0o755)
    base.chmod(0o644)
    assert installation.run("migrate", code=None).returncode == 0
    assert (rights(installation.data), rights(base)) == ("0o700", "0o600")


def test_a_restore_without_keys_asks_for_the_old_ones_and_offers_no_new_ones(installation, tmp_path):
    installation.keys.unlink(missing_ok=True)
    said = installation.run("restore", str(tmp_path), code=None)
    told = said.stdout + said.stderr
    assert said.returncode
    assert "请把备份的密钥文件放回来" in told
    assert "keys init" not in told
