"""What a score layer costs, as text that tables and docstrings can show."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Complexity:
    """Costs of one row in the number of classes C, each as O(...) text.

    Attributes:
        forward_time: of the probabilities or log-probabilities.
        forward_memory: of what is computed on the way, and kept for the gradient.
        backward_time: of the gradient of the scores.
        backward_memory: of what is computed on the way.
    """

    forward_time: str = "O(C)"
    forward_memory: str = "O(C)"
    backward_time: str = "O(C)"
    backward_memory: str = "O(C)"
