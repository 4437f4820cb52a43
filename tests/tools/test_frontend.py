"""What browsers load besides our own files: copied by an allow-list, whole, and leading nowhere else."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def frontend(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import frontend

    return frontend


def test_lock_files_name_no_host():
    """A lock file that names the registry it was written with would send every other machine there."""
    for lock in sorted((ROOT / "tools").glob("*/package-lock.json")):
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?:|\.(?:org|com|io)\b", text), lock
        packages = json.loads(text)["packages"]
        assert all("integrity" in entry for name, entry in packages.items() if name), f"{lock}: checksums"


def test_survey_and_its_drawing_are_of_one_version():
    """survey-core moves on before survey-js-ui does; two versions break in the browser, not at set-up."""
    wanted = json.loads((ROOT / "tools/frontend/package.json").read_text(encoding="utf-8"))["dependencies"]
    assert wanted["survey-core"] == wanted["survey-js-ui"]


def test_styles_are_copied_with_what_they_refer_to_and_without_source_maps(frontend, tmp_path):
    package = tmp_path / "package"
    (package / "css").mkdir(parents=True)
    (package / "fonts").mkdir()
    (package / "fonts" / "a.woff2").write_bytes(b"font")
    (package / "css" / "b.css").write_text("b{}", encoding="utf-8")
    (package / "css" / "a.css").write_text(
        "@font-face{src:url('../fonts/a.woff2?v=1')}i{background:url(data:image/svg+xml;utf8,x)}u{fill:url(#p)}"
        '@import url("b.css");/*# sourceMappingURL=a.css.map */',
        encoding="utf-8",
    )
    frontend.place(package, {"css/a.css": "v/css/a.css"}, tmp_path / "served")
    served = tmp_path / "served" / "v"
    assert (served / "fonts" / "a.woff2").read_bytes() == b"font"
    assert (served / "css" / "b.css").exists()
    assert "sourceMappingURL" not in (served / "css" / "a.css").read_text(encoding="utf-8")


def test_scripts_lose_the_comment_that_leads_to_a_file_nobody_copied(frontend, tmp_path):
    source = tmp_path / "a.js"
    source.write_text('var a="//# sourceMapping";\n//# sourceMappingURL=a.js.map\n', encoding="utf-8")
    frontend.copy(source, tmp_path / "out" / "a.js")
    assert (tmp_path / "out" / "a.js").read_text(encoding="utf-8") == 'var a="//# sourceMapping";\n\n'


def test_the_sprite_holds_each_icon_under_its_name_and_an_unknown_icon_is_an_error(frontend, tmp_path):
    (tmp_path / "home.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path stroke="none" d="M0 0h24"/><path d="M5 12"/></svg>',
        encoding="utf-8",
    )
    drawn = frontend.sprite(tmp_path, ["home"])
    assert drawn.count("<path") == 1, "the invisible square around each icon is left out"
    assert 'id="home"' in drawn
    with pytest.raises(FileNotFoundError):
        frontend.sprite(tmp_path, ["hoem"])


def test_icons_are_listed_once_and_in_order(frontend):
    names = frontend.ICONS.read_text(encoding="utf-8").split()
    assert names == sorted(set(names))


def test_without_a_registry_the_set_up_goes_on_says_why_and_leaves_no_stamp(frontend, tmp_path, monkeypatch, capsys):
    def unreachable(lock, folder):
        raise subprocess.CalledProcessError(1, ["npm", "ci"])

    monkeypatch.setattr(frontend.node_packages, "fetch", unreachable)
    monkeypatch.setattr("sys.argv", ["frontend.py", "--stamp", str(tmp_path / "stamp")])
    frontend.main()
    said = capsys.readouterr().err
    assert "没有取到网页样式" in said
    assert "退出码 1" in said
    assert "补救：" in said
    assert not (tmp_path / "stamp").exists(), "the next make tries again"
