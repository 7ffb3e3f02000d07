"""Anchors as GitHub makes them."""

from kerasoft.evaluation.document.anchors import anchors


def test_anchors():
    assert anchors(["How it was run?", "top-5 & <b>", "Été_1"]) == [
        "how-it-was-run",
        "top-5--b",
        "été_1",
    ]


def test_one_that_is_taken():
    assert anchors(["A", "a", "A-1", "a", "?", "!"]) == [
        *("a", "a-1", "a-1-1", "a-2", "section", "section-1"),
    ]
