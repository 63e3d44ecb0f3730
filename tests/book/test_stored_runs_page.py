"""The page of stored runs: everything that is stored stands on it, with the numbers of its card."""

import json
import re

import numpy as np
import pytest
import stored_runs
from bs4 import BeautifulSoup
from docutils import nodes

from gentutor import studies
from gentutor.running import checkpoint
from gentutor.showing.samples import from_png
from tools import build

MODELS = checkpoint.stored()
STUDIES = sorted(path.stem for path in studies.FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def page(html):
    return BeautifulSoup((html / "book" / "stored_runs.html").read_text(encoding="utf-8"), "html.parser")


def described(section):
    """Name -> what stands beside it."""
    names, contents = section.select("dl.field-list > dt"), section.select("dl.field-list > dd")
    return {
        name.get_text(strip=True).rstrip(":"): content.get_text(" ", strip=True)
        for name, content in zip(names, contents, strict=True)
    }


def value(text):
    return float(text.replace("−", "-").replace(",", ""))


def test_every_stored_run_has_its_section_and_nothing_else_has(page):
    assert [title.get_text()[:-1] for title in page.select("#stored-models section > h3")] == MODELS
    assert [title.get_text()[:-1] for title in page.select("#stored-studies section > h3")] == STUDIES
    assert MODELS and STUDIES


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_shown_as_its_card_says(page, name):
    card = checkpoint.read_card(name)
    section = page.find(id=f"stored-{name}")
    about = described(section)
    assert about["Training"] == f"{card.steps:,} steps with batches of {card.recipe['batch_size']}"
    took, device = about["Time"].split(" on ", 1)
    amount, unit = took.split()
    assert float(amount) * {"seconds": 1, "minutes": 60}[unit] == pytest.approx(card.seconds, abs=31)
    assert device == card.device and about["PyTorch"] == card.versions["torch"]
    size, unit = about["File"].split(",")[0].split()
    on_disk = (checkpoint.FOLDER / f"{name}.safetensors").stat().st_size
    assert float(size) * {"kB": 1e3, "MB": 1e6}[unit] == pytest.approx(on_disk, rel=6e-3)
    words = about["Train it again"].split()
    assert words[:3] == ["gentutor", "train", name] and words[words.index("--seed") + 1] == str(card.seed)
    fold = section.find("details")
    rows = [[cell.get_text(strip=True) for cell in row.select("td")] for row in fold.select("tbody tr")]
    assert [row[0] for row in rows] == list(card.metrics)
    for metric, shown, *over_seeds in rows:
        assert value(shown) == pytest.approx(card.metrics[metric], rel=1e-4)
        assert len(over_seeds) == (2 if card.spread else 0)
    few = {text: number for text, number in about.items() if text in stored_runs.NAMES.values()}
    assert 1 <= len(few) <= 4
    keys = {text: key for key, text in stored_runs.NAMES.items()}
    assert all(
        value(shown) == pytest.approx(card.metrics[keys[text]], rel=1e-4) for text, shown in few.items()
    )


@pytest.mark.parametrize("name", MODELS)
def test_the_picture_is_the_last_of_the_card_and_described(page, html, name):
    card = checkpoint.read_card(name)
    images = page.find(id=f"stored-{name}").find_all("img")
    assert len(images) == (1 if card.grids else 0)
    for image in images:
        step, picture = card.grids[-1]
        content = (html / "book" / image["src"]).read_bytes()
        assert np.array_equal(from_png(content), picture)
        assert image["alt"].startswith(f"{name} after {step:,} steps: ")


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_shown_with_the_command_that_repeats_it(page, name):
    about = described(page.find(id=f"study-{name}"))
    result = studies.load(name)
    if name in studies.STUDIES:
        assert about["Run it again"] == f"gentutor study {name}"
        assert about["What it is"] and result["device"] in about["Time"]
        assert about.get("Seeds", "0") == str(len(result["settings"].get("seeds", [])))
    else:
        cells = {cell.get_text(strip=True) for cell in page.find(id=f"study-{name}").select("td")}
        assert set(result["recipes"] if name == "scaling" else result) <= cells


def card_with(**changes):
    made = json.loads((checkpoint.FOLDER / "digit-classifier.json").read_text(encoding="utf-8"))
    return {**made, **changes}


def texts(node, kind):
    return [found.astext() for found in node.findall(kind)]


def test_a_measured_spread_stands_beside_each_number(tmp_path):
    weights = tmp_path / "digit-classifier.safetensors"
    weights.write_bytes(b"x" * 20_000)
    card = card_with(
        metrics={"nll": -1.5}, spread={"nll": 0.25}, spread_mean={"nll": -1.25}, spread_seeds=[0, 7]
    )
    shown = stored_runs.model_section(weights, card)
    assert texts(shown, nodes.entry)[-4:] == ["nll", "−1.5", "−1.25", "0.25"]
    assert any("seeds [0, 7]" in text for text in texts(shown, nodes.paragraph))
    assert "20.0 kB, float16" in texts(shown, nodes.field_body)


def test_an_unknown_metric_is_shown_under_its_own_name():
    assert stored_runs.headlines({"a": 1.0, "b": 2.0}) == {"a": 1.0, "b": 2.0}
    assert stored_runs.headlines({"a": 1.0, "recall": 0.5}) == {"Recall": 0.5}
    assert len(stored_runs.headlines(dict.fromkeys(stored_runs.NAMES, 1.0))) == 4


def test_the_page_is_generated_and_not_typed():
    source = (build.ROOT / "book" / "stored_runs.md").read_text(encoding="utf-8")
    assert "```{stored-runs}" in source and not re.search(r"\d", source)
