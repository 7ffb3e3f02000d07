"""The HTML page in a real browser: what it looks like, loads and does.

KERASOFT_TEST_BROWSER names the executable of a Chromium or Chrome.
"""

import os

import pytest
from chromium import chromium
from document_samples import sample

from kerasoft.evaluation.document import write_document
from kerasoft.evaluation.plots.themed import DARK

EXECUTABLE = os.environ.get("KERASOFT_TEST_BROWSER")
if not EXECUTABLE:
    pytest.skip("KERASOFT_TEST_BROWSER names no browser", allow_module_level=True)

WHITE = "rgb(255, 255, 255)"
DARK_GREY = "rgb({}, {}, {})".format(*bytes.fromhex(DARK[1:]))
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
SHOWN = """[...document.querySelectorAll("img")].filter(one => one.checkVisibility())
    .map(one => one.className)"""
FIRST_COLUMN = """[...document.querySelector("tbody").rows].map(row => row.cells[0].textContent)"""
SORTED = """[...document.querySelectorAll("table:first-of-type thead th")].slice(0, 3)
    .map(head => head.getAttribute("aria-sort"))"""
BUTTON = 'document.querySelectorAll("thead button")'
AS_WRITTEN = ["softmax", "gumbel", "entmax15", "sparsemax", "pseudo", "taylor"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(EXECUTABLE, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("document")
    write_document(sample(), folder)
    return (folder / "report.html").as_uri()


@pytest.fixture
def page(browser, address):
    """The page, opened anew as `page(width, scheme, script)`."""

    def open_page(width=1200, scheme="light", script=True):
        browser.send(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.send("Emulation.setEmulatedMedia", media="", features=features)
        browser.send("Emulation.setScriptExecutionDisabled", value=not script)
        browser.open(address)
        return browser

    return open_page


def test_nothing_is_loaded_and_nothing_goes_wrong(page, address):
    events = page().events
    requests = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    loaded = {one["request"]["url"] for one in requests}
    assert {one for one in loaded if not one.startswith("data:")} == {address}
    wrong = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    assert [event for event in events if event["method"] in wrong] == []


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_never_scrolls_sideways_but_what_is_wide_does(page, width):
    wide = page(width).run(
        """[document.documentElement, ...document.querySelectorAll("[role=group]")]
            .map(one => one.scrollWidth - one.clientWidth)"""
    )
    assert wide[0] == 0
    assert wide[1] == 0 or width == 360
    assert wide[2] > 100
    assert (wide[3] > 100) == (width == 360)
    assert page(width).run("innerWidth") == width


def test_the_first_column_stays_in_sight(page):
    left = "document.querySelectorAll('tbody')[1].rows[0].cells[0].getBoundingClientRect().left"
    browser = page(360)
    before = browser.run(left)
    browser.run('document.querySelectorAll("[role=group]")[1].scrollLeft = 300')
    assert browser.run(left) == before


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        (0, [2, 1, 4, 0, 3, 5], [5, 3, 0, 4, 1, 2]),
        (1, [1, 5, 0, 3, 2, 4], [2, 3, 0, 1, 5, 4]),
        (2, [1, 4, 0, 2, 3, 5], [3, 5, 0, 2, 1, 4]),
    ],
)
def test_a_click_sorts_stably_and_what_has_no_value_stays_last(page, column, ascending, descending):
    browser = page()
    assert browser.run(FIRST_COLUMN) == AS_WRITTEN
    for order, said in ((ascending, "ascending"), (descending, "descending")):
        browser.run(f"{BUTTON}[{column}].click()")
        assert browser.run(FIRST_COLUMN) == [AS_WRITTEN[place] for place in order]
        assert browser.run(SORTED) == [said if one == column else None for one in range(3)]


def test_a_key_sorts(page):
    browser = page()
    browser.run(f"{BUTTON}[1].focus()")
    browser.press("Enter", 13)
    assert browser.run(FIRST_COLUMN)[0] == "gumbel"


@pytest.mark.parametrize(
    ("scheme", "colour", "figure", "button"),
    [
        ("light", WHITE, "light", "Dark colours"),
        ("dark", DARK_GREY, "dark", "Light colours"),
    ],
)
def test_the_colours_are_the_systems_until_the_button_is_pressed(
    page, scheme, colour, figure, button
):
    browser = page(scheme=scheme)
    name = 'document.querySelector("header button").textContent'
    first = [colour, [figure, "wide"], button]
    seen = []
    for _ in range(3):
        seen.append([browser.run(one) for one in (BACKGROUND, SHOWN, name)])
        browser.run('document.querySelector("header button").click()')
    assert seen[0] == seen[2] == first
    assert all(a != b for a, b in zip(seen[1], first, strict=True))


def test_paper_is_white(page):
    browser = page(scheme="dark")
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.send("Emulation.setEmulatedMedia", media="print", features=features)
    assert browser.run(BACKGROUND) == WHITE
    assert browser.run(SHOWN) == ["light", "wide"]


def test_without_scripts_only_the_buttons_are_missing(page):
    browser = page(scheme="dark", script=False)
    assert browser.run(BACKGROUND) == DARK_GREY
    assert browser.run(SHOWN) == ["dark", "wide"]
    assert browser.run('document.querySelector("header button").checkVisibility()') is False
    assert browser.run(f"{BUTTON}.length") == 0
    assert browser.run(FIRST_COLUMN) == AS_WRITTEN
