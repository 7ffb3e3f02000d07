"""Repeats a published study of softmax variants, and says which of its claims hold.

python apps/reproduce.py simple-cnn --scale quick
"""

import argparse
import shlex
import sys
from pathlib import Path

import command_line

EPILOG = """\
studies:
  resnet12               softmax 8 %, log-softmax 60 %: a softmax applied twice
  tinyvgg                Gumbel noise from a normal distribution, and a tree
  simple-cnn             a temperature under the noise alone, F1 and seconds an epoch, a NaN
  cnn-efficientnet-vit   Gumbel noise worth 2.4 points; pretrained networks
  linear                 softmax and SVM on pixels, and the gradient (p - y) x^T

examples:
  python apps/reproduce.py simple-cnn                       # quick: minutes on a CPU
  python apps/reproduce.py resnet12 --scale full --seeds 5    # on a GPU
  python apps/reproduce.py --report-only runs/reproduce/resnet12-full
"""
SEEDS = {"quick": [0], "full": [0, 1, 2]}


def parser() -> argparse.ArgumentParser:
    parser = command_line.Parser(
        description="Repeat a published study of softmax variants.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("study", nargs="?", metavar="STUDY", help="one of those below")
    add("--list", action="store_true", help="list the studies with what they published, and stop")
    add(
        "--scale",
        type=command_line.one_of(tuple(SEEDS)),
        metavar="SCALE",
        help="quick (default): fewer images and epochs, minutes on a CPU; full: the published "
        "settings as far as they are known, for a GPU",
    )
    add(
        "--seeds",
        type=command_line.seeds,
        metavar="N",
        help="how many, from 0 on (default 1 at quick scale, 3 at full), or which: 0,3,4",
    )
    add(
        "--dataset",
        metavar="NAME",
        help="cifar100, cifar10, glyphs, or auto (default): CIFAR-100, else glyphs",
    )
    add("--data-dir", metavar="DIR", help="where CIFAR lies: TFDS, official archive or .npz")
    add(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="another setting of all recipes, such as precision=mixed_bfloat16",
    )
    add("--backend", metavar="NAME", help="tensorflow, jax or torch (default: Keras's choice)")
    add(
        "--output-dir",
        metavar="DIR",
        help="of this study (default runs/reproduce/STUDY-SCALE); what is there is kept, and the "
        "rest is trained",
    )
    add("--report-only", metavar="DIR", help="write the report of that folder again, and stop")
    return parser


def main(argv: list[str] | None = None) -> None:
    options = parser().parse_args(argv)
    if options.report_only is not None:
        everything = "everything from the folder"
        command_line.refuse_beside("--report-only", everything, ("--backend", "--list"), argv)
        if options.study is not None:
            command_line.fail(
                f"--report-only takes {everything}; leave the study out. "
                f"Received: {options.study!r}"
            )
    command_line.choose_backend(options.backend)
    command_line.show_warnings_as_lines()
    with command_line.one_line_errors():
        if options.list:
            _list()
        elif options.report_only is not None:
            _report(Path(options.report_only))
        elif options.study is None:
            command_line.fail("A STUDY is missing (--list lists them). Received: nothing")
        else:
            _reproduce(options)


def _list() -> None:
    from kerasoft import published

    for name in published.names():
        study = published.get(name)
        print(f"{name}\n    {study.title}\n    {study.published}\n")


def _reproduce(options: argparse.Namespace) -> None:
    from kerasoft import published, training

    scale = options.scale or "quick"
    study = published.get(options.study)
    folder = Path(options.output_dir or f"runs/reproduce/{study.name}-{scale}")
    training.keep_compiled_programs()
    try:
        published.reproduce(
            study,
            scale,
            seeds=options.seeds or SEEDS[scale],
            folder=folder,
            dataset=options.dataset or "auto",
            data_dir=options.data_dir,
            changes=options.set or (),
        )
    except training.RunInterrupted:
        command = shlex.join(["python", *sys.argv])
        print(f"\nInterrupted. The same command goes on:  {command}")
        raise SystemExit(130) from None
    _report(folder)


def _report(folder: Path) -> None:
    """Writes the reports, and prints the verdicts."""
    from kerasoft import published

    reproduction = published.write_reports(folder)
    results = reproduction.results
    print()
    for claim in reproduction.study.claims:
        verdict = claim.judge(results)
        print(f"{verdict.text:<17} {claim.text}\n{'':<18}reported  {claim.reported()}")
        print(f"{'':<18}measured  {verdict.measured}\n{'':<18}because   {verdict.reason}")
    print(f"\nreport  {folder / 'report.html'}  report.md")


if __name__ == "__main__":
    main()
