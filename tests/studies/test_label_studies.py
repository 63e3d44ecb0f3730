"""The studies of what labels share, and of what takes no learning: made small, and as they are stored."""

import math

import pytest
import torch

from gentutor import data, studies
from gentutor.evaluation.measures.completion import questions
from gentutor.running.checkpoint import read_card
from gentutor.studies.conditional import styles
from gentutor.studies.conditional.halves import shorter_regression
from gentutor.studies.conditional.labels import digit_baselines


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def few(monkeypatch):
    whole = data.mnist
    monkeypatch.setattr(data, "mnist", lambda split: data.Images(*(part[:1500] for part in whole(split))))


def by_variant(name):
    groups = {}
    for row in studies.load(name)["rows"]:
        groups.setdefault(row["variant"], []).append(row)
    return groups


def test_every_kind_of_sharing_trains_and_is_measured(few):
    result = styles.shared_networks(seeds=(0,), steps=2, samples=1000, draws=1)
    assert [row["variant"] for row in result["rows"]] == list(styles.VARIANTS)
    for row in result["rows"]:
        assert row["negative_elbo"] == pytest.approx(row["distortion"] + row["kl"], abs=1e-3)
        assert row["nll"] > 0 and row["worth"] <= math.log(10)
        assert all(
            -1 <= row[f"{style}{end}"] <= 1 for style in ("ink", "slant") for end in ("", "_kept", "_chance")
        )


@pytest.mark.parametrize("name", styles.VARIANTS)
def test_a_step_on_one_label_changes_the_others_only_through_what_is_shared(name):
    encoder, decoder, told = styles.VARIANTS[name]
    model = styles.small_cvae(encoder, decoder, told)
    x, z, y, other = (
        torch.rand(6, 1, 28, 28).round(),
        torch.randn(6, 8),
        torch.full((6,), 3),
        torch.full((6,), 5),
    )
    before = model.encode(x, other)[0].detach(), model.decode(z, other).detach()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    (model.encode(x, y)[0].square().mean() + model.decode(z, y).square().mean()).backward()
    optimizer.step()
    after = model.encode(x, other)[0], model.decode(z, other)
    assert torch.equal(before[0], after[0]) == (encoder == "own")
    assert torch.equal(before[1], after[1]) == (decoder == "own")
    assert torch.equal(model.decode(z, y), model.decode(z, other)) == (not told)


def test_each_example_goes_through_the_network_of_its_label():
    net = styles.OneForEachLabel(4, 3, 2)
    h, y = torch.randn(7, 4), torch.tensor([0, 9, 9, 4, 0, 1, 4])
    out = net(torch.cat([h, torch.eye(10)[y]], dim=1))
    torch.testing.assert_close(
        out, torch.stack([net.networks[label](part) for label, part in zip(y, h, strict=True)])
    )


def test_baselines_of_digits(few):
    mean, mixed = digit_baselines(seeds=(0,), samples=1000)["rows"]
    assert mean["variance"] == pytest.approx(0, abs=1e-6) and mean["recall"] == 0 and mean["accuracy"] > 0.7
    assert mixed["accuracy"] < 0.2 and mixed["variance"] > 1.1 and mixed["recall"] > 0.5
    assert mixed["frechet"] < mean["frechet"] < mean["class_frechet"] < mixed["class_frechet"]


def test_the_shorter_regression_begins_at_the_mean():
    """After two steps it still answers with about the mean of all halves."""
    row = shorter_regression(seeds=(0,), steps=2, samples=200)["rows"][0]
    visible, hidden, *_ = questions(200, 0)
    assert row["variety"] == 0 and row["error"] == row["error_mean"] == row["error_best"]
    spread = (hidden - hidden.mean(dim=0)).square().sum(dim=(1, 2, 3)).mean().item()
    assert row["error"] == pytest.approx(spread, rel=0.1)
    assert 90 < row["nll"] < 392 * 0.7 and len(visible) == 200


@pytest.mark.parametrize("name", ["label-styles", "digit-baselines"])
def test_stored_studies_are_whole(name):
    study, groups = studies.load(name), by_variant(name)
    for variant, rows in groups.items():
        assert [row["seed"] for row in rows] == (
            [0] if variant == "the class mean" else study["settings"]["seeds"]
        )


def test_a_label_cannot_be_worth_more_than_its_entropy():
    """To a model with even labels, by Bayes' rule; between two trained models it may."""
    for rows in by_variant("label-styles").values():
        assert all(row["worth"] <= math.log(10) for row in rows)
    told, untold = by_variant("label-styles")["both shared"], by_variant("label-styles")["label not told"]
    assert all(other["nll"] - row["nll"] > math.log(10) for row, other in zip(told, untold, strict=True))


def test_styles_are_lost_where_labels_share_nothing():
    stored = by_variant("label-styles")
    for style in ("ink", "slant"):
        assert max(abs(row[style]) for row in stored["nothing shared"]) < 0.2
        assert min(row[style] for row in stored["own decoders"]) > 0.7
        assert min(row[f"{style}_kept"] for row in stored["nothing shared"]) > 0.9


def test_the_stored_regression_stopped_in_time():
    study, whole = studies.load("half-regression"), read_card("regression-completion")
    assert [row["seed"] for row in study["rows"]] == study["settings"]["seeds"]
    assert study["settings"]["steps"] == whole.steps // 10
    assert max(row["nll"] for row in study["rows"]) < whole.metrics["nll"]
