"""What CIFAR-100 and CIFAR-10 are: sizes, names, and how their published archives are laid out."""

from dataclasses import dataclass

from kerasoft.cifar100 import CLASS_TO_SUPERCLASS
from kerasoft.data import cifar_names

IMAGE_SHAPE = (32, 32, 3)


@dataclass(frozen=True)
class Archive:
    """The published Python archive: pickled dictionaries in one folder.

    Attributes:
        folder: name of the folder in the archive.
        train_files, test_files: the pickles of each part, in order.
        meta_file: the pickle that holds the label names.
        fine_key, coarse_key: keys of the labels; `coarse_key` is `None` without superclasses.
        fine_names_key, coarse_names_key: keys of the label names in `meta_file`.
        tar_name: name of the archive itself.
        keras_name: folder that `keras.datasets` extracts the archive to, in its own cache.
        url: where TFDS downloads from; only asked whether it answers.
    """

    folder: str
    train_files: tuple[str, ...]
    test_files: tuple[str, ...]
    meta_file: str
    fine_key: str
    coarse_key: str | None
    fine_names_key: str
    coarse_names_key: str | None
    tar_name: str
    keras_name: str
    url: str

    @property
    def files(self) -> tuple[str, ...]:
        """The files without which nothing can be read; the label names are known without."""
        return self.train_files + self.test_files


@dataclass(frozen=True)
class Spec:
    """One data set: what is checked on every source, and the names that the labels stand for.

    Attributes:
        name: as `load` and TFDS call it; title: as people do.
        class_names, superclass_names, class_to_superclass: as in `Splits`.
        train_per_class, test_per_class: exact number of images of each class.
        fingerprint: that of the published data in canonical order; `None` where not known.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    superclass_names: tuple[str, ...]
    class_to_superclass: tuple[int, ...]
    train_per_class: int
    test_per_class: int
    fingerprint: str | None
    archive: Archive

    @property
    def num_classes(self) -> int:
        """Number of fine classes."""
        return len(self.class_names)

    @property
    def chosen_per_class(self) -> int:
        """Images of each class that stay in `train` when a validation split is cut off: 70 %."""
        return self.train_per_class * 7 // 10

    @property
    def chosen(self) -> int:
        """Rows of `train` when a validation split is cut off."""
        return self.num_classes * self.chosen_per_class

    def per_class(self, part: str) -> int:
        """Images of each class in the published `"train"` or `"test"` part."""
        return self.train_per_class if part == "train" else self.test_per_class

    def count(self, part: str) -> int:
        """Images in the published `"train"` or `"test"` part."""
        return self.num_classes * self.per_class(part)


CIFAR100 = Spec(
    name="cifar100",
    title="CIFAR-100",
    class_names=cifar_names.CIFAR100_CLASSES,
    superclass_names=cifar_names.CIFAR100_SUPERCLASSES,
    class_to_superclass=CLASS_TO_SUPERCLASS,
    train_per_class=500,
    test_per_class=100,
    fingerprint="69491ce10be840e31678fe491eeef4521e69866f824b441a847620d5b249b5ec",
    archive=Archive(
        folder="cifar-100-python",
        train_files=("train",),
        test_files=("test",),
        meta_file="meta",
        fine_key="fine_labels",
        coarse_key="coarse_labels",
        fine_names_key="fine_label_names",
        coarse_names_key="coarse_label_names",
        tar_name="cifar-100-python.tar.gz",
        keras_name="cifar-100-python-target",
        url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    ),
)

CIFAR10 = Spec(
    name="cifar10",
    title="CIFAR-10",
    class_names=cifar_names.CIFAR10_CLASSES,
    superclass_names=(),
    class_to_superclass=(),
    train_per_class=5_000,
    test_per_class=1_000,
    fingerprint=None,
    archive=Archive(
        folder="cifar-10-batches-py",
        train_files=tuple(f"data_batch_{i}" for i in range(1, 6)),
        test_files=("test_batch",),
        meta_file="batches.meta",
        fine_key="labels",
        coarse_key=None,
        fine_names_key="label_names",
        coarse_names_key=None,
        tar_name="cifar-10-python.tar.gz",
        keras_name="cifar-10-batches-py-target",
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    ),
)

SPECS = {spec.name: spec for spec in (CIFAR100, CIFAR10)}
