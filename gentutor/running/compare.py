"""Whether a recipe trained again ends where its stored run did, as far as chance allows.

Runs that differ in nothing but their seed differ in their metrics. The standard deviation over seeds, the
seed-to-seed spread, stands on a stored run's card (``gentutor spread NAME`` puts it there); a difference
is judged by it.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gentutor import recipes, settings
from gentutor._files import write_atomically
from gentutor.running import checkpoint
from gentutor.running.checkpoint import Card

DEVIATIONS = 3.0  # of the difference between two runs
ROUNDING = 5e-3  # of a value: what float16 weights and another processor's arithmetic may change
SMALLEST = 1e-4  # difference that counts: one in 10,000 samples


@dataclass(frozen=True)
class Row:
    """One metric, stored and now; ``spread`` is None where the card has none."""

    metric: str
    stored: float
    now: float
    spread: float | None

    @property
    def difference(self) -> float:
        """Now minus stored."""
        return self.now - self.stored

    @property
    def outside(self) -> bool:
        r"""Whether chance does not explain the difference; never without a spread.

        .. math::
            |m' - m| > 3 \sqrt 2 \, s

        Two independent runs whose metrics have the standard deviation s differ with :math:`\sqrt 2 s`.
        Whatever the spread, 0.5 % of the stored value and 0.0001 are allowed for other arithmetic.

        >>> Row("nll", 86.0, 87.0, 0.2).outside, Row("nll", 86.0, 87.0, 0.25).outside  # 0.849, 1.061
        (True, False)
        """
        if self.spread is None:
            return False
        allowed = max(DEVIATIONS * math.sqrt(2) * self.spread, ROUNDING * abs(self.stored), SMALLEST)
        return not abs(self.difference) <= allowed  # nan is outside


def compare(card: Card, now: dict[str, float]) -> list[Row]:
    """The metrics of a stored run beside those of a new one.

    Args:
        card: of the stored run.
        now: metrics of the new run, by name.

    Raises:
        ValueError: the two were not measured by the same metrics.
    """
    if card.metrics.keys() != now.keys():
        changed = ", ".join(sorted(card.metrics.keys() ^ now.keys()))
        raise ValueError(f"only one of the runs of {card.name!r} has the metrics {changed}; store it anew")
    return [Row(name, value, now[name], card.spread.get(name)) for name, value in card.metrics.items()]


def table(rows: Sequence[Row]) -> str:
    """The rows as text, a line each; those outside the spread are marked.

    >>> print(table([Row("nll", 86.0, 87.0, 0.2), Row("kl", 25.0, 25.5, None)]))
    metric                      stored         now  difference      spread
    nll                             86          87           1         0.2  outside
    kl                              25        25.5         0.5           -
    """
    lines = [f"{'metric':24}{'stored':>10}{'now':>12}{'difference':>12}{'spread':>12}"]
    for row in rows:
        spread = "-" if row.spread is None else f"{row.spread:.4g}"
        line = f"{row.metric:24}{row.stored:10.5g}{row.now:12.5g}{row.difference:12.4g}{spread:>12}"
        lines.append(line + ("  outside" if row.outside else ""))
    return "\n".join(lines)


def parse_seeds(text: str) -> list[int]:
    """Seeds from a text such as "0,1,2".

    Raises:
        ValueError: it holds something else, a seed twice or outside 0 to 2³² − 1, or fewer than two.
    """
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        seeds = []
    if len(seeds) < 2 or len(set(seeds)) < len(seeds) or not all(0 <= seed < 2**32 for seed in seeds):
        raise ValueError(
            f"expected at least two different seeds, 0 to 4294967295, with commas between them, got {text!r}"
        )
    return seeds


def measure_run(name: str, out: Path) -> dict[str, float]:
    """The metrics of a finished run in a folder, its weights rounded to float16 as if it were stored."""
    model, _ = recipes.pretrained(name, out)
    return recipes.get(name).measure(model.half().float().to(settings.device()))


def store_spread(name: str, metrics: dict[int, dict[str, float]], folder: Path) -> Card:
    """Write mean and standard deviation over seeds onto the card of a stored run.

    Args:
        name: of the recipe.
        metrics: seed -> metrics by name; of at least two runs of all the recipe's steps.
        folder: of the stored run.

    Returns:
        The card as written.

    Raises:
        ValueError: fewer than two seeds, or other metrics than the card's.
    """
    if len(metrics) < 2:
        raise ValueError(f"a spread needs at least two seeds, got {len(metrics)}")
    card = checkpoint.read_card(name, folder)
    for values in metrics.values():
        compare(card, values)
    over_seeds = {metric: [values[metric] for values in metrics.values()] for metric in card.metrics}
    card = replace(
        card,
        spread={metric: statistics.stdev(values) for metric, values in over_seeds.items()},
        spread_mean={metric: statistics.fmean(values) for metric, values in over_seeds.items()},
        spread_seeds=list(metrics),
    )
    write_atomically(folder / f"{name}.json", card.to_json().encode())
    return card


def verdict(card: checkpoint.Card, out: Path) -> tuple[list[str], bool]:
    """What a finished run's metrics say beside the stored run's, line by line, and whether they differ."""
    rows = compare(card, measure_run(card.name, out))
    lines = [table(rows)]
    steps = checkpoint.read_card(card.name, out).steps
    if steps != card.steps:
        lines.append(f"the stored run took {card.steps} steps, this one {steps}; see --profile full")
    outside = [row.metric for row in rows if row.outside]
    if not card.spread:
        return [*lines, f"no verdict: the card of {card.name} has no seed-to-seed spread yet"], False
    if outside:
        return [*lines, f"outside the spread over seeds: {', '.join(outside)}"], True
    return [*lines, "every metric is within the spread over seeds"], False
