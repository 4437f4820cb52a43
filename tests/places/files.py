"""Area files as offices write them, for tests."""

from pathlib import Path

from zhikun.places.services.areas import Source

COUNTY = """code,name,level,parent,valid_from,valid_until,source
64,宁夏回族自治区,省,,,,统计用区划代码
6404,固原市,,,,,
640402,原州区,县,,,,
640402103,官厅镇,,,,,
640402103221,石庄村委会,村,,,,
640402103200,官厅村委会,,,,,
640402100,三营镇,,,,,
640402100200,三营村委会,,,,,
"""
CHANGES = "old_code,old_name,new_code,kind,date,source\n"


def written(folder: Path, text: str, name: str = "区划.csv") -> Source:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Source(path)
