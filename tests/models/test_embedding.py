"""The embedding of glyphs: points of length one, and what a step makes of them."""

import copy

import pytest
import torch

from gentutor.models.classifier import GlyphEmbedding
from gentutor.steps import embedding_step


def glyphs(n: int = 6, channels: int = 1, size: int = 16, seed: int = 0) -> torch.Tensor:
    return 2 * torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed)) - 1


@pytest.mark.parametrize(("channels", "dim", "size"), [(1, 64, 32), (3, 5, 16), (1, 2, 8)])
def test_points_have_length_one(channels, dim, size):
    points = GlyphEmbedding(channels, width=2, dim=dim, size=size)(glyphs(4, channels, size))
    assert points.shape == (4, dim)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(4))


def test_in_eval_mode_a_point_does_not_depend_on_the_others():
    net = GlyphEmbedding(width=2, dim=4, size=16).eval()
    x = glyphs()
    torch.testing.assert_close(net(x)[:2], net(x[:2]))


@pytest.mark.parametrize("shape", [(2, 3, 16, 16), (2, 1, 32, 32), (1, 16, 16)])
def test_other_images_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected images of shape \(B, 1, 16, 16\), got"):
        GlyphEmbedding(width=2, size=16)(torch.zeros(shape))


def test_a_step_is_the_loss_of_two_views_written_out():
    """Cross-entropy both ways on similarities over 0.07, plain gradient descent."""
    torch.manual_seed(0)
    net = GlyphEmbedding(width=2, dim=4, size=16).double()
    other, x = copy.deepcopy(net), glyphs().double()
    views = [x, x.roll(1, dims=3)]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    shown = iter(views)
    losses = embedding_step((x,), net, optimizer, view=lambda _: next(shown))

    u, v = other(views[0]), other(views[1])
    s = (u @ v.T) / 0.07
    log_p = s.log_softmax(dim=1).diagonal() + s.log_softmax(dim=0).diagonal()
    loss = -log_p.mean() / 2
    loss.backward()
    assert losses.keys() == {"contrastive"} and not losses["contrastive"].requires_grad
    torch.testing.assert_close(losses["contrastive"], loss.detach())
    for ours, theirs in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs - 0.1 * theirs.grad)


def test_steps_tell_glyphs_apart():
    torch.manual_seed(0)
    net, x = GlyphEmbedding(width=4, dim=8, size=16), glyphs(32)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)

    def view(images: torch.Tensor) -> torch.Tensor:
        return images + 0.5 * torch.randn_like(images)

    losses = [embedding_step((x,), net, optimizer, view)["contrastive"].item() for _ in range(40)]
    assert sum(losses[-5:]) < sum(losses[:5]) / 2
