"""Seconds of several contestants, taken in turns.

What a machine does beside the benchmark drifts over minutes. So nobody is measured in one go: all
take part in every round, and medians over the rounds are compared.
"""

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

SHORTEST_REPETITION = 0.04  # seconds: what is quicker than this is called again and averaged
PAUSE = 0.005  # seconds between contestants: the threads of the last one may still be spinning
SECONDS_A_ROUND = 0.5  # for a contestant, on average
ENOUGH = 5.0  # seconds: who needs so long for one call is not asked for another


@dataclass
class Timing:
    """What was measured of one contestant.

    Attributes:
        first_call_seconds: the first call, which compiles where the backend does.
        seconds: those of one call, an entry for each repetition; without the first call.
    """

    first_call_seconds: float
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def take_turns(
    contestants: Mapping[Hashable, Callable[[], object]],
    repetitions: int,
    look: Callable[[Hashable, object], None] = lambda key, result: None,
    seconds_a_round: float = SECONDS_A_ROUND,
) -> dict[Hashable, Timing]:
    """Measures functions that return when their result is ready.

    Args:
        contestants: the functions.
        repetitions: rounds. Slow contestants take part in fewer of them, but at least in the first
            and (unless one call takes longer than any patience) the last.
        look: is given the key and the result of every first call, outside of all measured time.
        seconds_a_round: who has used more on average sits out, so that the rest get on.
    """
    timings = {}
    for key, call in contestants.items():
        start = time.perf_counter()
        result = call()
        timings[key] = Timing(time.perf_counter() - start)
        look(key, result)
        del result
    spent = dict.fromkeys(contestants, 0.0)
    for turn in range(repetitions):
        # To and fro, so that nobody always follows the same predecessor.
        for key in list(contestants)[:: 1 if turn % 2 == 0 else -1]:
            if _takes_part(spent[key], turn, repetitions, seconds_a_round):
                elapsed, calls = _repeat(contestants[key])
                spent[key] += elapsed
                timings[key].seconds.append(elapsed / calls)
    return timings


def _takes_part(spent: float, turn: int, repetitions: int, seconds_a_round: float) -> bool:
    last = turn == repetitions - 1 and spent < ENOUGH
    return last or spent <= turn * seconds_a_round


def _repeat(call: Callable[[], object]) -> tuple[float, int]:
    """Calls until enough time for the clock has passed; gives the seconds and the calls."""
    time.sleep(PAUSE)
    calls, elapsed = 0, 0.0
    start = time.perf_counter()
    while elapsed < SHORTEST_REPETITION:
        call()
        calls += 1
        elapsed = time.perf_counter() - start
    return elapsed, calls
