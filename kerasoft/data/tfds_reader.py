"""Run as a script, in a process of its own: read a TFDS data set into an `.npz`.

    tfds_reader.py OUT --directory DIR                   where DIR holds dataset_info.json
    tfds_reader.py OUT --download NAME --data-dir DIR    prepares it below DIR, then reads

TensorFlow stays out of the process that trains: there it would take GPU memory, and clash with
PyTorch when imported second. The script therefore imports nothing of kerasoft. What fails is said
in one line, the last on stderr.
"""

import argparse
import re
import sys

import numpy as np

NOT_INSTALLED = 3  # exit status
_KINDS = {"image": "images", "label": "fine", "coarse_label": "coarse"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--directory")
    parser.add_argument("--download")
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    try:
        np.savez(options.out, **read(builder(options)))
    except ImportError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    except Exception as error:  # whatever TensorFlow raises, the parent shows one line of it
        graph_nodes = r"\{\{.*?\}\}|\[Op:.*"  # TensorFlow's own, and longer than the reason
        reason = re.sub(graph_nodes, "", " ".join(str(error).split()))
        sys.exit(f"{type(error).__name__}: {reason.strip()}")


def builder(options: argparse.Namespace) -> object:
    import tensorflow_datasets as tfds

    if options.directory:
        return tfds.builder_from_directory(options.directory)
    made = tfds.builder(options.download, data_dir=options.data_dir)
    made.download_and_prepare()
    return made


def read(made: object) -> dict[str, np.ndarray]:
    """All examples, in the order of the files, as `{train,test}_{images,fine,coarse}`."""
    import tensorflow_datasets as tfds

    arrays = {}
    for part in ("train", "test"):
        batches = list(tfds.as_numpy(made.as_dataset(split=part, batch_size=1000)))
        for feature, kind in _KINDS.items():
            if feature in batches[0]:
                arrays[f"{part}_{kind}"] = np.concatenate([batch[feature] for batch in batches])
    return arrays


if __name__ == "__main__":
    main()
