"""What a report of a study says, case by case."""

import dataclasses
import re
from html import escape

import pytest
from study_samples import NASTY, report, run, seeds, study

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import plots
from kerasoft.evaluation.document import Heading, Items, Paragraph, Table, write_document
from kerasoft.evaluation.document.inline import visible
from kerasoft.evaluation.study import Absent, study_document, study_text


def words(document):
    """All text outside of tables, as a reader sees it."""
    texts = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    texts += [text for block in document.blocks if isinstance(block, Items) for text in block.texts]
    return "\n".join(map(visible, texts))


def headings(document):
    return [block.text for block in document.blocks if isinstance(block, Heading)]


def find(document, *columns):
    """The first table with these columns."""
    tables = (block for block in document.blocks if isinstance(block, Table))
    return next(one for one in tables if set(columns) <= set(one.header))


def table(document, column):
    """The first table with this column, as pairs of what a reader sees in the first and in it."""
    found = find(document, column)
    place = list(found.header).index(column)
    return [(visible(row[0].text), visible(row[place].text)) for row in found.cells]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Figures are made, but no pixels."""
    png = b"\x89PNG\r\n\x1a\n" + bytes(24)
    monkeypatch.setattr("kerasoft.evaluation.plots.themed", lambda figure: (png, png))


@pytest.fixture(scope="module")
def usual():
    """Two variants that differ clearly, one that does not, one that failed, one not there yet."""
    runs = (
        seeds("softmax", 4)
        + seeds("gumbel", 4, strength=1.0)
        + seeds("pseudo", 3, epoch_seconds=4.0)
    )
    absent = (Absent("sparsemax", 0, "RuntimeError: out of *memory*"), Absent("pseudo", 3))
    return study(
        *runs,
        variants=("softmax", "gumbel", "pseudo", "sparsemax"),
        absent=absent,
        recipe={"epochs": 3, "nesterov": False, "backbone_options": {"width": 96}},
        settings={"gumbel": {"temperature": 0.5}},
    )


def test_it_says_what_was_compared(usual):
    text = words(study_document(usual))
    assert (
        "4 variants of the softmax, trained alike: softmax, gumbel, pseudo and sparsemax." in text
    )
    assert "cnn by the recipe quick on cifar100; all settings." in text
    assert "4 seeds (0 to 3), variants by turns" in text
    assert "(pseudo has 3 of the runs and sparsemax has 0 of the runs)" in text
    assert "scored once on the 120 images of the test split" in text
    assert "Where: a GPU, jax 0.1, commit 012345678." in text


def test_the_answer_follows_from_the_numbers(usual):
    text = words(study_document(usual))
    assert re.search(r"softmax has a test accuracy of \d\d\.\d\d% ± \d+\.\d\d \(mean and 95%", text)
    assert re.search(
        r"These differ from it: gumbel −\d\d\.\d\d points "
        r"\(−\d\d\.\d\d to −\d+\.\d\d; p (=|<) 0\.0\d+\)\.",
        text,
    )
    assert "The same accuracy seed by seed: pseudo." in text
    assert "Holm's correction for 2 comparisons, which decides." in text
    assert "softmax takes 2.15 s an epoch; gumbel 1.00 times that (1.00 to 1.00); pseudo" in text
    assert "1,234,567 trained parameters each" in text


def test_scores_are_means_with_intervals_and_sort_by_the_mean(usual):
    document = study_document(usual)
    found = dict(table(document, "accuracy"))
    assert list(found) == ["softmax", "gumbel", "pseudo"]
    row = find(document, "n").cells[1]
    accuracies = [one.report.accuracy for one in usual.runs_of("gumbel")]
    assert row[1].text == "4"
    assert row[2].value == pytest.approx(sum(accuracies) / 4)
    assert row[2].text == found["gumbel"]


def test_runs_that_are_not_there_have_their_reason(usual):
    document = study_document(usual)
    assert "Of 13 runs, 1 failed and 1 did not end yet: which." in words(document)
    assert "Runs that are not there" in headings(document)
    assert table(document, "why") == [
        ("sparsemax", "RuntimeError: out of *memory*"),
        ("pseudo", "not there yet"),
    ]


def test_settings_and_every_run_are_told(usual):
    document = study_document(usual)
    assert ("gumbel", "0.5") in table(document, "temperature")
    facts = table(document, "value")
    assert ("nesterov", "no") in facts and ("backbone_options", "width: 96") in facts
    assert len(table(document, "seed")) == 2  # those that are not there
    runs = find(document, "seed", "accuracy")
    assert len(runs.rows) == 11


def test_one_seed_has_no_interval_and_says_so():
    text = words(study_document(study(*seeds("softmax", 1), *seeds("gumbel", 1, strength=1.0))))
    assert re.search(
        r"softmax has a test accuracy of \d\d\.\d\d%\. One seed alone, which may be", text
    )
    assert "±" not in text and "interval" not in text.split("A faint dot")[0]
    assert "1 seed (0)" in text and "Holm" not in text


def test_the_same_difference_in_every_seed_is_not_tested():
    runs = [
        run(name, seed, report=dataclasses.replace(report(), accuracy=accuracy))
        for name, accuracies in {"softmax": (0.50, 0.54), "gumbel": (0.52, 0.56)}.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    text = words(study_document(study(*runs)))
    start = "The same difference in every seed, without variation to judge it by: "
    assert f"{start}gumbel +2.00 points." in text
    assert "These differ" not in text and "Not told apart" not in text


def test_relative_seconds_are_geometric_means_seed_by_seed():
    times = {"softmax": (1.0, 4.0, 2.0), "gumbel": (2.0, 2.0)}
    runs = [
        run(name, seed, epoch_seconds=seconds)
        for name, own in times.items()
        for seed, seconds in enumerate(own)
    ]
    row = find(study_document(study(*runs)), "relative").cells[1]
    assert row[2].value == pytest.approx(1.0)
    low, high = (float(end) for end in re.findall(r"\d+\.\d+", row[2].text)[1:])
    assert low == 0.0 and high > 1000  # two seeds that disagree say nothing


def test_seconds_are_compared_on_the_same_device_alone(monkeypatch):
    drawn, draw = [], plots.draw_dots
    monkeypatch.setattr(plots, "draw_dots", lambda panels: drawn.extend(panels) or draw(panels))
    elsewhere = {"environment": {"device": "another GPU"}}
    runs = [*seeds("softmax", 2), run("gumbel", 0), run("gumbel", 1, epoch_seconds=9, **elsewhere)]
    document = study_document(study(*runs, run("sparsemax", 0, epoch_seconds=9, **elsewhere)))
    _, gumbel, sparsemax = find(document, "relative").cells
    assert gumbel[2].text == "1.00" and sparsemax[2].text == "–"
    assert gumbel[1].value == 2.0 and sparsemax[1].value == 9.0
    assert "an epoch; gumbel 1.00 times that. Compilation" in words(document)
    assert list(drawn[-1].values.values()) == [[2.0, 2.1], [2.0], [9.0]]


def test_one_variant():
    document = study_document(study(*seeds("softmax", 2)))
    assert "There is no other variant to compare it with." in words(document)
    assert not any("Differences" in text for text in headings(document))
    assert not any("differences" in one.name for one in document.figures)


def test_an_infinite_likelihood_is_said_to_be_one():
    runs = [*seeds("softmax", 2), run("sparsemax", 0, infinite=True), run("sparsemax", 1)]
    document = study_document(study(*runs))
    assert "sparsemax infinite" in words(document)
    assert "Infinite where a true class has probability 0: of 0.42% with sparsemax" in words(
        document
    )
    likelihoods = dict(table(document, "negative log-likelihood ↓"))
    assert likelihoods["sparsemax"] == "infinite (1 of 2 runs)"
    assert "infinite" in study_text(study(*runs))


def test_without_runs_it_says_why():
    absent = (Absent("softmax", 0, "RuntimeError: no"), Absent("gumbel", 0))
    document = study_document(study(variants=("softmax", "gumbel"), absent=absent))
    assert "1 failed and 1 did not end yet" in words(document)
    assert table(document, "why")[0] == ("softmax", "RuntimeError: no")
    assert not document.figures


def test_a_baseline_without_a_run_is_replaced_and_that_is_said():
    absent = (Absent("softmax", 0, "RuntimeError: no"),)
    runs = [*seeds("gumbel", 2), *seeds("pseudo", 2)]
    document = study_document(study(*runs, variants=("softmax", "gumbel", "pseudo"), absent=absent))
    assert "softmax, has no complete run: all differences are from gumbel." in words(document)
    assert "Differences from gumbel" in headings(document)


@pytest.mark.parametrize(
    "fact, text",
    [
        ({"environment": {"device": "another"}}, "differ in device (a GPU and another)"),
        ({"environment": {"backend": "torch"}}, "differ in backend (jax and torch)"),
        (
            {"environment": {"commit": 40 * "a" + "-dirty"}},
            "differ in commit (012345678 and aaaaaaaaa-dirty)",
        ),
        ({"data": {"fingerprint (SHA-256)": "e"}}, "differ in data"),
    ],
)
def test_runs_that_are_not_alike_are_pointed_at(fact, text):
    document = study_document(study(run("softmax", 0), run("gumbel", 0, **fact)))
    assert f"The runs are not alike: they {text}" in words(document)


def test_no_validation_split():
    document = study_document(study(*seeds("softmax", 2, validation=False)))
    assert "curves" in [one.name for one in document.figures]


def test_losses_within_epochs_have_a_figure():
    steps = {"epoch": [1, 1], "step": [500, 1000], "loss": [3.0, 2.0], "accuracy": [0.1, 0.2]}
    document = study_document(study(run("softmax", 0, step_history=steps), run("gumbel", 0)))
    (figure,) = (one for one in document.figures if one.name == "steps")
    assert "within epochs" in figure.alt and "`logging_steps`" in figure.caption
    assert "steps" not in [one.name for one in study_document(study(run("gumbel", 0))).figures]


@pytest.mark.parametrize(
    "classes, groups, figures",
    [
        (6, 0, ["confusions", "confusion-differences"]),
        (6, 3, ["confusions", "confusion-differences", "confusion-1", "confusion-2"]),
        (40, 0, ["confusion-1", "confusion-2"]),
        (40, 4, ["confusions", "confusion-differences", "confusion-1", "confusion-2"]),
    ],
)
def test_confusions(classes, groups, figures):
    shape = {"classes": classes, "groups": groups}
    document = study_document(study(run("softmax", 0, **shape), run("gumbel", 0, **shape)))
    assert [one.name for one in document.figures if "confusion" in one.name] == figures
    has_groups = "superclass accuracy" in find(document, "n").header
    assert has_groups == bool(groups)


def test_most_confused_pairs_are_of_all_seeds():
    document = study_document(study(*seeds("softmax", 2), *seeds("gumbel", 2)))
    pairs = find(document, "true class")
    assert pairs.header[2:] == ["softmax", "gumbel"]
    confusion = report(0).confusion + report(1).confusion
    true, predicted, share, _ = pairs.cells[0]
    true, predicted = (int(one.text.split()[-1]) for one in (true, predicted))
    assert share.value == pytest.approx(confusion[true, predicted] / confusion[true].sum())


def test_names_with_markup_are_shown_as_they_are(tmp_path, monkeypatch):
    monkeypatch.undo()  # all pixels, whatever Matplotlib thinks of the names
    document = study_document(
        study(*seeds(NASTY, 2), *seeds("$2", 2), settings={NASTY: {"a|b": "*"}})
    )
    assert dict(table(document, "n")) == {NASTY: "2", "$2": "2"}
    assert NASTY in words(document)
    write_document(document, tmp_path)
    html = (tmp_path / "report.html").read_text()
    assert escape(NASTY) in html and NASTY not in html
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.md", "report.html", *(f"{one.name}.png" for one in document.figures)}


def test_the_terminal_gets_a_line_a_variant(usual):
    *lines, legend = study_text(usual).splitlines()
    assert legend == "* a difference after Holm's correction (p at most 0.05)"
    assert [line.split()[0] for line in lines] == ["n", "softmax", "gumbel", "pseudo"]
    assert len(set(map(len, lines))) == 1
    assert lines[2].split("(")[1].split(")")[1].split()[0] == "*" and "*" not in lines[3]


def test_the_same_runs_in_another_order_give_the_same_report(usual):
    again = study_document(
        study(*usual.runs[::-1], variants=usual.variants, absent=usual.absent,
              recipe=usual.recipe, settings=usual.settings)
    )  # fmt: skip
    assert again == study_document(usual)


@pytest.mark.parametrize("confidence", [0, 1, 1.5])
def test_bad_confidence(usual, confidence):
    with pytest.raises(InvalidArgumentError, match="`confidence`"):
        study_document(usual, confidence)


@pytest.mark.parametrize(
    "changes",
    [
        {"variants": ("gumbel",)},
        {"variants": ("softmax", "softmax")},
        {"baseline": "gumbel"},
        {"settings": {"gumbel": {}}},
        {"absent": (Absent("softmax", 0),)},
        {"absent": (Absent("gumbel", 0),)},
    ],
)
def test_bad_studies(changes):
    with pytest.raises(InvalidArgumentError, match="Received"):
        study(run("softmax", 0), **changes)
