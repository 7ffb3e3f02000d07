"""A published study as data: what was reported, and how to run it here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.document import Block
from kerasoft.published.claims import Claim
from kerasoft.published.quantities import ACCURACY, Quantity
from kerasoft.training import Recipe, Variant

SCALES = ("quick", "full")


@dataclass(frozen=True)
class Reported:
    """One published number.

    Attributes:
        variant: The label of a variant.
        quantity: What it is a number of.
        value: The number.
    """

    variant: str
    quantity: Quantity
    value: float


@dataclass(frozen=True)
class Part:
    """One network of a study, trained with one recipe.

    Attributes:
        name: Of its folder.
        title: One line.
        recipe: At full scale.
        variants: What is compared.
        known: Names of the recipe's attributes that were reported (and "images", where the split
            was); the others were not, and are plain choices made here.
        quick: What the recipe has instead at quick scale; None where the part is left out there.
        quick_images: Images to train on at quick scale.
        labels: "fine" or "coarse".
        validation: Whether validation images are held out.
        reported: Published numbers of this part.
        quantities: What the table of this part shows.
        note: What else to know, in sentences; why it is left out at quick scale.
    """

    name: str
    title: str
    recipe: Recipe
    variants: tuple[Variant, ...]
    known: frozenset[str]
    quick: Mapping[str, object] | None
    quick_images: int = 2_000
    labels: str = "fine"
    validation: bool = False
    reported: tuple[Reported, ...] = ()
    quantities: tuple[Quantity, ...] = (ACCURACY,)
    note: str = ""

    def runs_at(self, scale: str) -> bool:
        """Whether the part is run at a scale."""
        return scale == "full" or self.quick is not None

    def recipe_at(self, scale: str) -> Recipe:
        """The recipe of a scale at which the part is run."""
        return self.recipe if scale == "full" else self.recipe.with_changes(**self.quick)

    def dataset_at(self, scale: str, dataset: str) -> str:
        """The data's name at a scale."""
        return dataset if scale == "full" else f"{dataset}:{self.quick_images}"


@dataclass(frozen=True)
class Study:
    """What was claimed, and the trainings that test it.

    Attributes:
        name: On the command line.
        title: One line.
        published: What was published, in sentences.
        question: What is asked of it here, one sentence.
        parts: What is trained.
        claims: What was claimed, and what is said here in explanation.
        errors: What is known to be wrong with the study, a paragraph each.
        unknown: What was not reported and matters, a sentence each.
        dataset: What was trained on.
        check: More to show that needs no training.

    Raises:
        InvalidArgumentError: If a claim or a number is of a part or a variant that is none.
    """

    name: str
    title: str
    published: str
    question: str
    parts: tuple[Part, ...]
    claims: tuple[Claim, ...]
    errors: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    dataset: str = "cifar100"
    check: Callable[[], list[Block]] | None = field(default=None, compare=False)

    def __post_init__(self):
        cells = {(part.name, one.label) for part in self.parts for one in part.variants}
        named = {(part.name, one.variant) for part in self.parts for one in part.reported}
        for claim in self.claims:
            names = (getattr(claim, name, None) for name in ("variant", "than"))
            named |= {(claim.part, name) for name in names if name is not None}
        if unknown := named - cells:
            raise InvalidArgumentError("A claim must be of a variant.", unknown=sorted(unknown))
