"""How often the promise of an alarm rule is kept on scores that it was not made for.

Simulated scores of normal sound; the rule from 3 or 10.5 h of clips of 10 s, for the longest mean time that they
support; then three times that time is replayed. Kept: no more alarms than three. Printed: trials kept, how many times
as far as the sound heard the promise reaches, and the threshold, medians.

``python benchmarks/alarms.py [--trials N]``
"""

import argparse

import numpy as np
from scipy.signal import lfilter

from auscult.detect import AlarmBudget, fit_alarm_rule
from auscult.detect.alarm_rule import p_values
from auscult.detect.evidence import excursion_peaks, gains

INTERVAL_S = 10.0
HOUR = 360
SIZES = (3 * HOUR, round(10.5 * HOUR))
N_PERIODS = 3


def resembling(rng: np.random.Generator, n: int, rho: float) -> np.ndarray:
    """Autoregressive scores, of deviation 1, with this correlation of neighbours."""
    drawn = np.sqrt(1 - rho**2) * rng.standard_normal(n + 5000)
    return lfilter([1], [1, -rho], drawn)[5000:]


def disturbed(rng: np.random.Generator, n: int, *, every: int, shortest: int, longest: int, by: float) -> np.ndarray:
    """Scores that some minutes of something raise now and then."""
    scores = resembling(rng, n, 0.3)
    for start in rng.integers(n, size=rng.poisson(n / every)):
        scores[start : start + rng.integers(shortest, longest)] += by
    return scores


NORMAL = {
    "autoregressive, 0.5": lambda rng, n: resembling(rng, n, 0.5),
    "autoregressive, 0.8": lambda rng, n: resembling(rng, n, 0.8),
    "autoregressive, 0.95": lambda rng, n: resembling(rng, n, 0.95),
    "disturbed once an hour, 2-5 min": lambda rng, n: disturbed(rng, n, every=HOUR, shortest=12, longest=30, by=2),
    "disturbed once in 2 hours": lambda rng, n: disturbed(rng, n, every=2 * HOUR, shortest=12, longest=30, by=2),
    "once in 4 hours, more, 3-7 min": lambda rng, n: disturbed(rng, n, every=4 * HOUR, shortest=18, longest=42, by=3),
    "a tenth drifts over an hour": lambda rng, n: (
        np.sqrt(0.9) * rng.standard_normal(n) + np.sqrt(0.1) * resembling(rng, n, 1 - 1 / HOUR)
    ),
    "calm and restless half hours": lambda rng, n: (
        rng.standard_normal(n) * np.exp(0.5 * resembling(rng, n, 1 - 2 / HOUR))
    ),
}


def trial(name: str, n: int, seed: int) -> tuple[bool, float, float]:
    """Whether the promise is kept, its reach, and the threshold."""
    rng = np.random.default_rng(seed)
    heard, sessions = NORMAL[name](rng, n), np.zeros(n, int)
    supported_s = fit_alarm_rule(heard, sessions, interval_s=INTERVAL_S, budget=AlarmBudget.parse("1/week")).supported_s
    rule = fit_alarm_rule(heard, sessions, interval_s=INTERVAL_S, budget=AlarmBudget(1, supported_s))
    later = NORMAL[name](rng, int(N_PERIODS * supported_s / INTERVAL_S) + 1)
    n_alarms = (excursion_peaks(gains(p_values(later, np.sort(heard)))) >= rule.threshold).sum()
    return bool(n_alarms <= N_PERIODS), supported_s / rule.heard_s, rule.threshold


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100)
    n_trials = parser.parse_args().trials
    print(f"{'simulated normal scores':<34}" + "".join(f"{n * INTERVAL_S / 3600:>30g} h" for n in SIZES))
    for name in NORMAL:
        cells = []
        for n in SIZES:
            kept, reaches, thresholds = zip(*(trial(name, n, 5000 + seed) for seed in range(n_trials)), strict=True)
            reach, threshold = np.median(reaches), np.median(thresholds)
            cells.append(f"{sum(kept)} of {n_trials}, {reach:.1f} x, at {threshold:.0f}")
        print(f"{name:<34}" + "".join(f"{cell:>32}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
