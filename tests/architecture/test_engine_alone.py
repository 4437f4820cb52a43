"""The engine reads packs and plans with NumPy, Arrow and a YAML reader, and nothing else.

A city that embeds only the rules must not have to install what draws reports.
"""

import subprocess
import sys

import pytest

BLOCKED = (
    "click",
    "django",
    "duckdb",
    "jinja2",
    "openpyxl",
    "pandas",
    "pyspark",
    "python_calamine",
    "rich",
    "typst",
    "xlsxwriter",
)
ALLOWED = {"zhikun", "numpy", "pyarrow", "yaml", "_yaml"}
CODE = """
import importlib, importlib.abc, sys, sysconfig

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} must not be needed here")

sys.meta_path.insert(0, Blocker())
importlib.import_module({module!r})
site = sysconfig.get_paths()["purelib"]
for name, module in sorted(sys.modules.items()):
    if "." not in name and (getattr(module, "__file__", None) or "").startswith(site):
        print(name)
"""
ROOMS = ["zhikun.wording", "zhikun.engine.packs", "zhikun.engine.formulas", "zhikun.engine.plan"]


@pytest.mark.parametrize("module", ROOMS)
def test_the_room_imports_without_what_it_does_not_need(module):
    code = CODE.format(blocked=BLOCKED, module=module)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    strangers = {name for name in ran.stdout.split() if not name.startswith("_")} - ALLOWED
    assert not strangers, f"{module} needs {strangers}"
