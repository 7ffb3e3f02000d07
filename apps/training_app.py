"""The command that every training app is: options in, a run folder and a table out."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import command_line
import recipe_options

SOFTMAX_OPTIONS = ("temperature", "alpha", "tree", "cutoffs", "num_sampled")
SAVED_MODELS = Path(__file__).resolve().parent.parent / "saved_models"


@dataclass(frozen=True)
class App:
    """What one training app has of its own.

    Attributes:
        description: one line.
        family: of networks, a key of `kerasoft.training.recipes`.
        recipes: names of that family's recipes, by rising cost.
        backbones: names of the networks.
        examples: commands for the end of the help.
        backbone_options: options of the backbone by name, as `argparse` takes them.
    """

    description: str
    family: str
    recipes: tuple[str, ...]
    backbones: tuple[str, ...]
    examples: str
    backbone_options: dict[str, dict] = field(default_factory=dict)


def parser(app: App) -> argparse.ArgumentParser:
    """The options of a training app."""
    parser = command_line.Parser(
        description=app.description,
        epilog=f"examples:\n{app.examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_softmax(parser)
    _add_training(parser, app)
    _add_run(parser)
    return parser


def _add_softmax(parser: argparse.ArgumentParser) -> None:
    add, cutoffs = parser.add_argument, command_line.list_of(command_line.whole_number(1))
    add(
        "--softmax",
        default="gumbel",
        metavar="NAME",
        help="softmax, log_softmax, pseudo, taylor, gumbel (default), log_gumbel, sparsemax, "
        "entmax15, entmax, hierarchical, adaptive or sampled",
    )
    only_if_given = {"default": argparse.SUPPRESS}
    add(
        "--temperature",
        type=float,
        metavar="X",
        help="of gumbel and log_gumbel (default 1)",
        **only_if_given,
    )
    add("--alpha", type=float, metavar="X", help="of entmax (default 1.5)", **only_if_given)
    add(
        "--tree",
        **only_if_given,
        metavar="NAME",
        help="of hierarchical: balanced, huffman, superclasses (default, where the data have them)",
    )
    add(
        "--cutoffs",
        type=cutoffs,
        metavar="N,...",
        help="of adaptive (default: by a cost model)",
        **only_if_given,
    )
    add(
        "--num-sampled",
        **only_if_given,
        type=int,
        metavar="N",
        help="of sampled (default: a quarter of the classes, at most 1024)",
    )


def _add_training(parser: argparse.ArgumentParser, app: App) -> None:
    add = parser.add_argument
    on_a_gpu = "standard" if "standard" in app.recipes else "best"
    add("--backbone", metavar="NAME", help=f"{', '.join(app.backbones)} (default: the recipe's)")
    for name, settings in app.backbone_options.items():
        add("--" + name.replace("_", "-"), **settings, default=argparse.SUPPRESS)
    recipe_options.add_recipe(
        parser,
        f"{', '.join(app.recipes)}, or auto (default): {on_a_gpu} on an accelerator, else quick",
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    recipe_options.add_data(parser)
    add("--seed", type=int, default=0, metavar="N", help="default 0")
    add("--backend", metavar="NAME", help="tensorflow, jax or torch (default: Keras's choice)")
    add("--output-dir", default="runs", metavar="DIR", help="parent of run folders (default runs)")
    add("--save", metavar="NAME", help="also keep the model and its card in saved_models/")
    add("--resume", metavar="RUN", help="continue the interrupted run in this folder")


def main(app: App, argv: list[str] | None = None) -> None:
    """Parses, trains, prints."""
    options = parser(app).parse_args(argv)
    if options.resume is not None:  # only what does not change the result may be said
        others = ("--data-dir", "--save")
        command_line.refuse_beside("--resume", "every setting from the run", others, argv)
    asked = options.backend if options.resume is None else _begun_with(options.resume)
    backend = command_line.choose_backend(asked)
    command_line.show_warnings_as_lines()
    with command_line.one_line_errors():
        from kerasoft import training

        if options.save is not None:
            training.check_name(options.save, SAVED_MODELS)
        try:
            run = _train(options, backend, app)
        except training.RunInterrupted as interrupted:
            folder = shlex.quote(str(interrupted.run.folder))
            save = f" --save {options.save}" if options.save else ""
            print(f"\nInterrupted. Continue with:  python {sys.argv[0]} --resume {folder}{save}")
            raise SystemExit(130) from None
        model = run.model
        if options.save is not None:
            model = training.save_model(options.save, SAVED_MODELS, run)
    _show(run, model)


def _train(options: argparse.Namespace, backend: str, app: App):
    from kerasoft import training

    if options.resume is not None:
        training.keep_compiled_programs()
        return training.resume(options.resume, options.data_dir)
    training.keep_compiled_programs()
    own = _given(options, app.backbone_options)
    recipe = recipe_options.chosen_recipe(options, app.family, app.backbones, own, backend)
    settings = ("softmax", "dataset", "labels", "data_dir", "seed", "output_dir")
    return training.train(
        recipe,
        **{name: getattr(options, name) for name in settings},
        softmax_options=_given(options, SOFTMAX_OPTIONS),
        validation=not options.no_validation,
    )


def _given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


def _show(run, model: Path) -> None:
    table = run.report().table()
    width = len(table.splitlines()[0])
    print(f"\n{table}\n{'seconds an epoch':<24}{run.steady_epoch_seconds():>{width - 24}.2f}\n")
    print(f"report  {run.folder / 'report.md'}")
    print(f"plots   {run.folder / 'history.png'}  confusion.png  reliability.png")
    print(f"model   {model}\n")
    print(f"next:   python apps/evaluate.py {model}")


def _begun_with(run: str) -> str | None:
    """The backend of the run to resume; kerasoft itself says what is wrong with a bad folder."""
    try:
        return json.loads(Path(run, "config.json").read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
