"""The examples on these pages print what they say, on every backend."""

import doctest
import re
from pathlib import Path

import pytest

from kerasoft import layers

ROOT = Path(__file__).parent.parent
FENCED = re.compile(r"^```(?:pycon|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def sessions(text):
    """The page with everything but its `>>>` sessions made blank: line numbers stay."""
    kept, end = "", 0
    for block in FENCED.finditer(text):
        if ">>> " in block[1]:
            kept += re.sub(r".+", "", text[end : block.start(1)]) + block[1]
            end = block.end(1)
    return kept


@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/variants.md", "docs/heads.md", "docs/networks.md", "docs/training.md"],
)
def test_sessions_print_what_they_say(page):
    found = doctest.DocTestParser().get_doctest(sessions(read(page)), {}, page, page, 0)
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(found, out=said.append)
    assert found.examples
    assert not said, "".join(said)


@pytest.mark.parametrize("name", layers.names())
def test_pages_have_every_variant(name):
    cost = layers.get(name).complexity
    assert f"| `{name}` | `{type(layers.get(name)).__name__}` |" in read("README.md")
    row = f"| `{name}` | {cost.forward_time} | {cost.backward_time} |"
    assert row in read("docs/variants.md")
    assert cost.forward_memory == cost.backward_memory == "O(C)"  # as the page says of all
