"""What a head costs, as text that tables and docstrings can show."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Complexity:
    """Costs in the number of classes C and features D, each as O(...) text.

    Attributes:
        training: time of one example's loss and gradients.
        inference: time of one example's full distribution.
        parameters: number of weights.
    """

    training: str
    inference: str
    parameters: str
