"""Trains softmax variants alike, with several seeds, and reports how they compare.

python apps/compare.py --softmax softmax gumbel hierarchical --seeds 5
"""

import argparse
import shlex
import sys
from pathlib import Path

import command_line
import recipe_options
import train_cnn
import train_efficientnet
import train_vit

MODELS = {app.family: app for app in (train_cnn.APP, train_efficientnet.APP, train_vit.APP)}
VARIANTS = ("softmax", "log_softmax", "gumbel", "hierarchical")
CONFIDENCE = 0.95
EPILOG = """\
examples:
  python apps/compare.py --model cnn --softmax softmax log_softmax gumbel hierarchical --seeds 5
  python apps/compare.py --softmax softmax gumbel:temperature=0.5 sampled:num_sampled=25
  python apps/compare.py --report-only runs/compare/cnn-quick

The same command goes on after an interruption; more variants and seeds may be added later.
"""


def parser() -> argparse.ArgumentParser:
    parser = command_line.Parser(
        description="Train softmax variants alike, by turns, and report how they compare.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_study(parser)
    names = dict.fromkeys(name for app in MODELS.values() for name in app.recipes)
    recipe_options.add_recipe(
        parser,
        f"{', '.join(names)} (not every model has all), or auto (default): standard or best on an "
        "accelerator, else quick",
    )
    recipe_options.add_data(parser)
    add = parser.add_argument
    add("--backend", metavar="NAME", help="tensorflow, jax or torch (default: Keras's choice)")
    add(
        "--output-dir",
        metavar="DIR",
        help="the study's folder (default runs/compare/MODEL-RECIPE); what is there stays",
    )
    add("--report-only", metavar="DIR", help="write the report of that folder again, and stop")
    return parser


def _add_study(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--model",
        type=command_line.one_of(MODELS),
        default="cnn",
        metavar="NAME",
        help=f"{', '.join(MODELS)} (default cnn)",
    )
    add("--backbone", metavar="NAME", help="another network of the model (default: the recipe's)")
    add(
        "--softmax",
        nargs="+",
        default=list(VARIANTS),
        metavar="NAME",
        help=f"names, or NAME:OPTION=VALUE,... (default {' '.join(VARIANTS)})",
    )
    add(
        "--seeds",
        type=command_line.seeds,
        default=command_line.seeds("3"),
        metavar="N",
        help="how many, from 0 on (default 3), or which: 0,3,4",
    )
    add("--baseline", metavar="NAME", help="default: softmax, or else the first named")
    add(
        "--confidence",
        type=_confidence,
        default=CONFIDENCE,
        metavar="X",
        help=f"of the intervals (default {CONFIDENCE})",
    )


def _confidence(text: str) -> float:
    try:
        confidence = float(text)
    except ValueError:
        confidence = 0.0
    if not 0 < confidence < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number between 0 and 1")
    return confidence


def main(argv: list[str] | None = None) -> None:
    options = parser().parse_args(argv)
    if options.report_only is not None:  # only how it is compared may be asked for
        how = ("--baseline", "--confidence", "--backend")
        command_line.refuse_beside("--report-only", "every setting from the study", how, argv)
    backend = command_line.choose_backend(options.backend)
    command_line.show_warnings_as_lines()
    with command_line.one_line_errors():
        _report(options, options.report_only or _train(options, backend))


def _train(options: argparse.Namespace, backend: str) -> Path:
    """Trains what is missing; gives the folder."""
    from kerasoft import training

    variants = [training.Variant.parse(text) for text in options.softmax]
    app = MODELS[options.model]
    recipe = recipe_options.chosen_recipe(options, app.family, app.backbones, {}, backend)
    folder = Path(options.output_dir or f"runs/compare/{options.model}-{recipe.name}")
    before = training.read_study(folder)[1] if (folder / "study.json").exists() else []
    known = list(dict.fromkeys([*(one.variant for one in before), *variants]))
    recipe = _alike(recipe, known, options.set)
    training.choose_baseline(known, options.baseline)  # a wrong one must not wait
    training.keep_compiled_programs()
    try:
        training.run_study(
            recipe,
            variants=variants,
            seeds=options.seeds,
            folder=folder,
            dataset=options.dataset,
            labels=options.labels,
            validation=not options.no_validation,
            data_dir=options.data_dir,
        )
    except KeyboardInterrupt:
        print(f"\nInterrupted. The same command goes on:  {shlex.join(['python', *sys.argv])}")
        report = ["python", sys.argv[0], "--report-only", str(folder)]
        if options.baseline is not None:
            report += ["--baseline", options.baseline]
        if options.confidence != CONFIDENCE:
            report += ["--confidence", str(options.confidence)]
        print(f"What there is so far:  {shlex.join(report)}")
        raise SystemExit(130) from None
    return folder


def _alike(recipe, variants, settings: list[str]):
    """The recipe with which all variants can train, unless the user decides otherwise."""
    from kerasoft import heads

    without = [one.label for one in variants if heads.kind(one.softmax) is not heads.SoftmaxHead]
    decided = any(setting.startswith("label_smoothing=") for setting in settings)
    if decided or not without or not recipe.label_smoothing:
        return recipe
    print(
        f"label smoothing of {recipe.label_smoothing:g} is left out, for all alike: it is for "
        f"heads that score every class, which {'; '.join(without)} is not "
        "(--set label_smoothing=X keeps it for the others)"
    )
    return recipe.with_changes(label_smoothing=0.0)


def _report(options: argparse.Namespace, folder: str | Path) -> None:
    """Writes the report; prints a table, what is not there, and where the report is."""
    from kerasoft import training
    from kerasoft.evaluation.study import study_text

    study = training.write_study_report(
        folder, baseline=options.baseline, confidence=options.confidence
    )
    print()
    if study.runs:
        print(study_text(study, options.confidence), end="\n\n")
    for one in study.absent:
        print(f"{one.variant}, seed {one.seed}: {one.failure or 'not there yet'}")
    print(f"report  {Path(folder, 'report.html')}  report.md")
    if not study.runs and any(one.failure for one in study.absent):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
