"""Scores a saved model on any backend, whichever backend saved it.

python apps/evaluate.py runs/20260101-120000-simple_cnn-gumbel-s0/model.keras
"""

import argparse
from pathlib import Path

import command_line


def parser() -> argparse.ArgumentParser:
    parser = command_line.Parser(description="Score a saved model and write its report.")
    add = parser.add_argument
    add("model", metavar="MODEL.keras")
    add("--split", default="test", help="test (default), validation or train")
    add("--dataset", metavar="NAME", help="default: the one that the model was trained on")
    add("--labels", metavar="KIND", help="fine or coarse (default: as trained)")
    add("--data-dir", metavar="DIR", help="where CIFAR lies: TFDS, official archive or .npz")
    add("--backend", metavar="NAME", help="tensorflow, jax or torch (default: Keras's choice)")
    add("--output-dir", default="runs", metavar="DIR", help="parent of the report's folder")
    return parser


def main(argv: list[str] | None = None) -> None:
    options = parser().parse_args(argv)
    command_line.choose_backend(options.backend)
    command_line.show_warnings_as_lines()
    with command_line.one_line_errors():
        from kerasoft import training

        report, folder = training.evaluate_saved(
            options.model,
            split=options.split,
            dataset=options.dataset,
            labels=options.labels,
            data_dir=options.data_dir,
            output_dir=options.output_dir,
        )
    print(f"\n{report.table()}\n\nreport  {Path(folder, 'report.md')}")


if __name__ == "__main__":
    main()
