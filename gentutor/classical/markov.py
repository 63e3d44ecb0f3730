"""A Markov chain over characters: the next one given the last few, by counting."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor._modes import plain_modes
from gentutor.objectives.classical import bits_per_symbol


@dataclass(frozen=True)
class MarkovChain:
    """p(next character | the last ``order`` characters), from counts, ``smoothing`` added to each.

    A run of characters is one integer, its places in the alphabet read as digits to the base V. Only
    runs that occurred are stored, in ascending order with their counts.

    Args:
        alphabet: the V characters that the chain knows, in ascending order.
        order: how many characters it looks back, 0 or more.
        smoothing: a >= 0, added to each count; at 0, what never occurred has probability 0.
        contexts: (C,), int64, the runs of ``order`` characters that something followed.
        context_counts: (C,), int64, how often each occurred.
        runs: (R,), int64, the runs of ``order`` + 1 characters.
        run_counts: (R,), int64, how often each occurred.

    >>> chain = MarkovChain.fit("abababac", order=1, smoothing=0.0)
    >>> chain.log_probs("ab").exp()  # after four a's: b three times, c once
    tensor([0.7500], dtype=torch.float64)
    >>> chain.bits_per_character("abc")  # c never followed b
    inf
    """

    alphabet: str
    order: int
    smoothing: float
    contexts: Tensor
    context_counts: Tensor
    runs: Tensor
    run_counts: Tensor

    @classmethod
    @plain_modes()
    def fit(cls, text: str, order: int, smoothing: float, alphabet: str | None = None) -> "MarkovChain":
        """Count every run of ``order`` + 1 characters.

        Args:
            text: more than ``order`` characters.
            order: 0 or more.
            smoothing: a >= 0.
            alphabet: the characters the chain is to know; None: those of the text. Give more if it is
                to read other texts.

        Raises:
            ValueError: text is too short or has characters outside the alphabet, or runs of that length do
                not fit an int64.
        """
        check.integer(order=order)
        if order < 0 or not 0 <= smoothing < float("inf"):
            raise ValueError(f"order and smoothing must be at least 0, got {order} and {smoothing}")
        _expect_text(text)
        known = "".join(sorted(set(text if alphabet is None else alphabet)))
        if len(known) ** (order + 1) > torch.iinfo(torch.int64).max:
            raise ValueError(f"order {order} is too high for {len(known)} characters: use a lower one")
        runs = _runs(_places(text, known), order, len(known))
        unique, counts = runs.unique(return_counts=True)
        contexts, inverse = (unique // len(known)).unique_consecutive(return_inverse=True)
        context_counts = torch.zeros_like(contexts).index_add_(0, inverse, counts)
        return cls(known, order, smoothing, contexts, context_counts, unique, counts)

    @plain_modes()
    def log_probs(self, text: str) -> Tensor:
        """The log-probability of each character but the first ``order``: (len(text) - order,), nats, float64.

        At smoothing 0 it is -inf for a character that never followed its context, and after a context
        that never occurred.

        Raises:
            ValueError: text is too short, or has characters outside the alphabet.
        """
        _expect_text(text)
        runs = _runs(_places(text, self.alphabet), self.order, len(self.alphabet))
        count = _look_up(self.runs, self.run_counts, runs) + self.smoothing
        total = _look_up(self.contexts, self.context_counts, runs // len(self.alphabet))
        return count.log() - (total + self.smoothing * len(self.alphabet)).clamp(min=1e-300).log()

    def bits_per_character(self, text: str) -> float:
        """The cross-entropy of a text under the chain, in bits per character; inf if it is impossible."""
        return float(bits_per_symbol(self.log_probs(text)))

    @plain_modes()
    def sample(self, n: int, generator: torch.Generator | None = None, start: str | None = None) -> str:
        """n characters that go on from ``start``, which is not repeated.

        Args:
            n: at least 1.
            generator: of the draws; PyTorch's global one if None.
            start: ``order`` characters or more. None: a context drawn as often as it occurred in the text.

        Raises:
            ValueError: start has characters outside the alphabet; or the chain, without smoothing, reaches a
                context that nothing followed.
        """
        check.count(n=n)
        v = len(self.alphabet)
        if start is None:
            code = int(self.contexts[_draw(self.context_counts.double(), generator)])
        else:
            code = self._code(start)
        places = []
        for _ in range(n):
            begin, end = torch.searchsorted(self.runs, torch.tensor([code * v, (code + 1) * v])).tolist()
            weights = torch.full((v,), self.smoothing, dtype=torch.float64)
            weights[self.runs[begin:end] % v] += self.run_counts[begin:end]
            if not bool(weights.any()):
                raise ValueError("nothing ever followed this context: use smoothing, or another start")
            places.append(_draw(weights, generator))
            code = (code * v + places[-1]) % v**self.order
        return "".join(self.alphabet[place] for place in places)

    def _code(self, start: str) -> int:
        if len(start) < self.order:
            raise ValueError(f"start must have at least {self.order} characters, got {len(start)}")
        code = 0
        for place in _places(start[len(start) - self.order :], self.alphabet).tolist():
            code = code * len(self.alphabet) + place
        return code


def _places(text: str, alphabet: str) -> Tensor:
    """The place of each character in the (sorted) alphabet: (len(text),), int64."""
    points, known = _code_points(text), _code_points(alphabet)
    places = torch.searchsorted(known, points)
    unknown = ~torch.isin(points, known)
    if bool(unknown.any()):
        strangers = "".join(chr(point) for point in points[unknown].unique()[:10].tolist())
        raise ValueError(f"characters outside the chain's alphabet: {strangers!r}; fit it with alphabet=...")
    return places


def _code_points(text: str) -> Tensor:
    if not text:
        return torch.empty(0, dtype=torch.int32)
    return torch.frombuffer(bytearray(text.encode("utf-32-le")), dtype=torch.int32)


def _runs(places: Tensor, order: int, v: int) -> Tensor:
    """The runs of ``order`` + 1 places as integers: (N - order,)."""
    n = len(places) - order
    if n < 1:
        raise ValueError(f"order {order} needs a text of more than {order} characters, got {len(places)}")
    codes = torch.zeros(n, dtype=torch.int64)
    for back in range(order + 1):
        codes = codes * v + places[back : back + n]
    return codes


def _look_up(keys: Tensor, counts: Tensor, wanted: Tensor) -> Tensor:
    """The counts of the wanted keys, 0 where there is none: float64, in the order of ``wanted``."""
    at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return counts[at].double() * (keys[at] == wanted)


def _draw(weights: Tensor, generator: torch.Generator | None) -> int:
    """An index, with probabilities in proportion to the weights."""
    bound = weights.cumsum(dim=0)
    at = torch.rand((), dtype=torch.float64, generator=generator) * bound[-1]
    return int(torch.searchsorted(bound, at, right=True).clamp(max=len(weights) - 1))


def _expect_text(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}")
