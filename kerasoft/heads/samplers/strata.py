"""Stratified draws of distinct classes: who lies where, worked out once in NumPy."""

from dataclasses import dataclass

import numpy as np

UNIT = 2**23  # steps that float32 draws between 0 and 1 come in, on every backend


@dataclass(frozen=True)
class Strata:
    """Classes as intervals side by side, cut into S strata of length 1.

    Class k is pi_k = min(1, c q_k) long, with c such that the lengths add up to S. One uniform
    point in each stratum hits S classes, a class that straddles two strata possibly twice. With a
    and b of its length in the two it is hit with probability a + b - a b. All lengths are whole
    numbers of the steps that uniform draws come in, so that this is exact, however many classes
    there are.

    Attributes:
        bounds: int32 (2, S): the first class of each stratum, and one past its last.
        starts: float32 (C,): where in its stratum each class starts, in [0, 1).
        log_inclusion: float32 (C,): log of the probability that the class is hit.
        halvings: how often a stratum's classes must be halved to find one.

    References:
        Madow, "On the theory of systematic sampling, II", Annals of Mathematical Statistics 1949.
    """

    bounds: np.ndarray
    starts: np.ndarray
    log_inclusion: np.ndarray
    halvings: int


def strata(weights: np.ndarray, num_sampled: int) -> Strata:
    """Lays out classes with these positive weights. O(C log C).

    Args:
        weights: float64 (C,).
        num_sampled: number of strata S, from C / `UNIT` to C.
    """
    lengths = _lengths(weights, num_sampled)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    edges = UNIT * np.arange(num_sampled + 1, dtype="int64")
    first = np.searchsorted(begins, edges[:-1], side="right") - 1
    stop = np.searchsorted(begins, edges[1:], side="left")
    a = np.minimum(lengths, UNIT - begins % UNIT) / UNIT
    b = lengths / UNIT - a
    return Strata(
        bounds=np.stack([first, stop]).astype("int32"),
        starts=(begins % UNIT / UNIT).astype("float32"),
        log_inclusion=np.log(a + b - a * b).astype("float32"),
        halvings=int((stop - first).max() - 1).bit_length(),
    )


def _lengths(weights: np.ndarray, num_sampled: int) -> np.ndarray:
    """min(1, c weights) in steps: whole numbers from 1 to `UNIT` that add up to S `UNIT`."""
    spare = num_sampled * UNIT - len(weights)  # every class has one step in advance
    lengths = 1 + np.floor(_capped(weights, spare, UNIT - 1)).astype("int64")
    missing = int(num_sampled * UNIT - lengths.sum())
    while missing:  # what rounding down lost: below one step a class
        step = 1 if missing > 0 else -1
        room = lengths < UNIT if missing > 0 else lengths > 1
        lengths[np.flatnonzero(room)[: abs(missing)]] += step
        missing = int(num_sampled * UNIT - lengths.sum())
    return lengths


def _capped(weights: np.ndarray, total: float, cap: float) -> np.ndarray:
    """min(cap, c weights), with c such that they add up to the total."""
    falling = np.sort(weights)[::-1]
    rest = np.cumsum(falling[::-1])[::-1]  # of this class and all smaller ones
    left = total - cap * np.arange(len(weights), dtype="float64")
    fits = falling * left <= cap * rest  # as soon as the larger ones are capped
    at = int(np.argmax(fits))
    return np.minimum(cap, weights * (left[at] / rest[at]))
