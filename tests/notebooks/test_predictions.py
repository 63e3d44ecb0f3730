"""Predictions: what happened stays folded until the reader asks for it."""

import re

import pytest

from tests.notebooks.chapter import looks_closer, read
from tools import build

names = pytest.mark.parametrize("notebook", build.notebooks(), ids=build.page_name)
PREDICTION = re.compile(r"\*\*Predict[^*]*\*\*")
ANSWER = '<details class="answer"><summary>'


@names
def test_every_prediction_has_a_folded_answer_below_it(notebook):
    """Two predictions may wait for one answer, but none stands without one."""
    waiting, answered = None, 0
    for number, cell in enumerate(read(notebook)["cells"]):
        if cell["cell_type"] == "markdown":
            for part in re.split(rf"({re.escape(ANSWER)})", cell["source"]):
                if part == ANSWER:
                    answered += waiting is not None
                    waiting = None
                elif PREDICTION.search(part):
                    waiting = number
    assert waiting is None, f"the prediction of cell {waiting} has no answer in a fold"
    assert answered or looks_closer(notebook)


@names
def test_folds_are_closed(notebook):
    for cell in read(notebook)["cells"]:
        if cell["cell_type"] == "markdown":
            assert cell["source"].count("<details") == cell["source"].count("</details>"), cell["source"]
            assert re.search(r"<summary>[^<]+</summary>(?!\n\n)", cell["source"]) is None, cell["source"]
