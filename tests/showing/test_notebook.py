"""What the chapters' cells use."""

import ast

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from gentutor.models.cyclegan import Generators, ResnetGenerator
from gentutor.models.gan import MLPGenerator
from gentutor.showing import notebook


@pytest.fixture(autouse=True)
def shell():
    """The displays of a notebook need IPython's shell."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def displayed(function, *arguments, **keywords):
    with capture_output() as captured:
        function(*arguments, **keywords)
    return captured


def test_setup_seeds_and_says_where_it_runs(monkeypatch):
    monkeypatch.setenv("GENTUTOR_PROFILE", "ci")
    text = displayed(notebook.setup, seed=3).stdout
    first = torch.rand(2)
    notebook.setup(seed=3)
    assert torch.equal(first, torch.rand(2))
    assert "profile ci" in text and torch.__version__ in text


def test_setup_refuses_an_unknown_profile(monkeypatch):
    monkeypatch.setenv("GENTUTOR_PROFILE", "fast")
    with pytest.raises(ValueError, match="ci, cpu, gpu"):
        notebook.setup()


@pytest.mark.parametrize("value", ["3,000", "0.40", "1e3", "(a)", "it's 2 %", "−1", 1.25])
def test_glue_keeps_a_value_for_the_text_and_shows_nothing(value):
    (output,) = displayed(notebook.glue, "loss", value).outputs
    (text,) = output.data.values()
    assert output.data == {"application/papermill.record/text/plain": text}
    assert ast.literal_eval(text) == str(value)  # as the page reads it
    assert output.metadata["scrapbook"]["name"] == "loss"


def test_show_source_shows_the_whole_function():
    (output,) = displayed(notebook.show_source, displayed).outputs
    assert output.data["text/markdown"].startswith("```python\ndef displayed(")
    assert output.data["text/markdown"].endswith("return captured\n```")


def test_table_has_a_header_and_a_line_per_row():
    (output,) = displayed(notebook.table, ["name", "value"], [["a", 1], ["b", 2]]).outputs
    lines = output.data["text/markdown"].splitlines()
    assert lines == ["| name | value |", "| --- | ---: |", "| a | 1 |", "| b | 2 |"]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (["0.31 ± 0.02", "**12,000**", "−3", "-4", "+5", "", "–", 7], "---:"),
        (["one network", "an exact density"], "---"),
        (["12", "never"], "---"),
        (["**text**", "3"], "---"),
    ],
)
def test_table_aligns_numbers_right_and_text_left(cells, rule):
    (output,) = displayed(notebook.table, ["name", "value"], [["a", cell] for cell in cells]).outputs
    assert output.data["text/markdown"].splitlines()[1] == f"| --- | {rule} |"


def test_table_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="2 cells"):
        notebook.table(["name", "value"], [["a"]])


def test_live_grid_shows_the_same_noise_at_every_report():
    generator = MLPGenerator(latent_dim=3, hidden=(4,))
    with capture_output():
        grid = notebook.LiveGrid(generator, rows=2, columns=3)
        first = grid.samples()
        grid(1, {"generator": 0.5})
    assert first.shape == (6, 1, 28, 28)
    assert torch.equal(first, grid.samples())


def test_live_translations_follow_the_same_images():
    model = Generators(*[ResnetGenerator(width=2, blocks=1, kernel=3) for _ in range(2)])
    a, b = torch.rand(2, 3, 1, 16, 16)
    with capture_output():
        grid = notebook.LiveTranslations(model, a, b)
        grid(1, {"cycle": 0.5})
    rows = grid.samples().split(3)
    torch.testing.assert_close(rows[0], a / 2 + 0.5)
    torch.testing.assert_close(rows[2], b / 2 + 0.5)
    torch.testing.assert_close(rows[1], model.eval().G(a).detach() / 2 + 0.5)


def test_minutes_of_a_chapter_are_shown_and_missing_ones_named(monkeypatch, capsys):
    entry = {"minutes": 4.07, "device": "a laptop, 2 threads", "torch": "2.6"}
    noted = entry | {"note": "two at once"}
    monkeypatch.setattr(
        notebook.studies, "load", lambda name: {"ch09": {"cpu": entry}, "ch11": {"gpu": noted}}
    )
    notebook.show_times("ch09")
    notebook.show_times("ch10")
    notebook.show_times("ch11")
    assert capsys.readouterr().out.splitlines() == [
        "profile cpu: 4.1 minutes for the whole chapter on a laptop, 2 threads",
        "profile gpu: not timed yet",
        "profile cpu: not timed yet",
        "profile gpu: not timed yet",
        "profile cpu: not timed yet",
        "profile gpu: 4.1 minutes for the whole chapter on a laptop, 2 threads",
        "  (two at once)",
    ]
