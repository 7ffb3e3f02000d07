"""Texts and documents that are hard to write, and readers of what was written."""

import struct
import zlib
from html.parser import HTMLParser

from hypothesis import strategies as st

from kerasoft.evaluation.document import (
    Cell,
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
)

NASTY = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b \\| c \\\\| d",
    "`tick` ``ticks`` `",
    "**bold** *not* __this__ _nor_ that_one",
    "[x](javascript:alert(1)) ![y](http://example.com/y.png)",
    "&lt; &amp;amp; &#60; & <!-- ]]> -->",
    "1. - # + > ~~~ $x$ | --- |",
    "nul\x00 bell\x07 lone\ud800 line\nline\u2028line",
    "\\",
)
# Characters with a meaning somewhere, more often than others.
HARD_TEXT = st.lists(
    st.sampled_from(list("\\`*_[]()<>|~$&#;!+-.=:/\"' \n1ax")) | st.characters(), max_size=30
).map("".join)


def png(width=8, height=6, grey=200):
    """A plain picture's content."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\x00" + bytes([grey]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def sample():
    """Every kind of block, with names that try to break out."""
    names = [Cell(name, value) for value, name in enumerate(NASTY)]
    return Document(
        "A study of <softmax> & friends",
        [
            Paragraph(
                "**75.1%** of `--softmax` runs, see [the data](https://example.com/?a=1&b=2)."
            ),
            Heading("Results"),
            Items(NASTY),
            Table(
                ["variant", "loss", "note"],
                [
                    ["softmax", Cell("1.25", 1.25), "b"],
                    ["gumbel", Cell("0.5", 0.5), "a"],
                    ["entmax15", Cell("infinite", float("inf")), "b"],
                    ["sparsemax", Cell("10", 10.0), "c"],
                    ["pseudo", Cell("unknown", float("nan")), "a"],
                    ["taylor", Cell("0.50", 0.5), "c"],
                ],
                right=(1,),
                caption="Scores of **six** variants",
            ),
            Heading("By class", 3),
            Table(["name", *("a wide column " + str(i) for i in range(9))], [[*names[:10]]]),
            Heading("Figures"),
            Figure("curves", 'a "curve" & <more>', "Two of them", png(grey=250), png(grey=20)),
            Figure("matrix", "one for both", "", png(1700, 900)),
        ],
    )


class Page(HTMLParser):
    """What a page shows, element by element, and what it would load."""

    VOID = {"meta", "link", "img"}

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "attributes": dict(attributes), "text": ""}
        self.elements.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, *tags):
        return [element for element in self.elements if element["tag"] in tags]

    def texts(self, *tags):
        return [element["text"] for element in self.all(*tags)]

    def attributes(self, name):
        return [e["attributes"][name] for e in self.elements if name in e["attributes"]]
