"""The check of the exchange with the past accepts any order of writing it, and names every usual mistake."""

import pytest
import torch

from gentutor.exercises.cyclegan.pool import exchange
from gentutor.models.cyclegan import HistoryPool

ID = "cyclegan.history_pool"


def by_loop(fake, past, swap, place):
    shown, past = [], past.clone()
    for image, s, p in zip(fake.detach(), swap, place, strict=True):
        if s:
            shown.append(past[p].clone())
            past[p] = image
        else:
            shown.append(image)
    return torch.stack(shown), past


def by_where(fake, past, swap, place):
    fake = fake.detach()
    s = swap.view(-1, *[1] * (fake.dim() - 1))
    return torch.where(s, past[place], fake), past.index_copy(0, place[swap], fake[swap])


def without_detach(fake, past, swap, place):
    shown = fake.clone()
    shown[swap] = past[place[swap]]
    return shown, past.index_copy(0, place[swap], fake[swap].detach())


def stored_with_graph(fake, past, swap, place):
    return by_where(fake, past, swap, place)[0], past.index_copy(0, place[swap], fake[swap])


def in_place(fake, past, swap, place):
    shown = fake.detach().clone()
    shown[swap] = past[place[swap]]
    past[place[swap]] = fake.detach()[swap]
    return shown, past


def write_first(fake, past, swap, place):
    fake, past = fake.detach(), past.clone()
    past[place[swap]] = fake[swap]
    return torch.where(swap.view(-1, *[1] * (fake.dim() - 1)), past[place], fake), past


def columns_only(fake, past, swap, place):
    fake = fake.detach()
    return torch.where(swap[:, None], past[place], fake), past.index_copy(0, place[swap], fake[swap])


def broadcast(fake, past, swap, place):
    fake = fake.detach()
    return torch.where(swap, past[place], fake), past.index_copy(0, place[swap], fake[swap])


@pytest.mark.parametrize("answer", [exchange, by_loop, by_where, lambda *x: list(exchange(*x))])
def test_right_answers(answer, accepts):
    accepts(ID, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (write_first, "before you write"),
        (lambda f, p, s, i: exchange(f, p, ~s, i), "You swap where swap is False"),
        (lambda f, p, s, i: (exchange(f, p, ~s, i)[0], exchange(f, p, s, i)[1]), "for what is shown"),
        (lambda f, p, s, i: (exchange(f, p, s, i)[0], exchange(f, p, ~s, i)[1]), "turned round for the past"),
        (lambda f, p, s, i: (exchange(f, p, s, i)[0], p), "past does not change"),
        (lambda f, p, s, i: (exchange(f, p, s, i)[0], p.index_copy(0, i, f.detach())), "every new image"),
        (lambda f, p, s, i: (p[i], p.index_copy(0, i, f.detach())), "show only old ones"),
        (lambda f, p, s, i: (p[i], exchange(f, p, s, i)[1]), "Only old images are shown"),
        (lambda f, p, s, i: (f.detach(), exchange(f, p, s, i)[1]), "Only new images are shown"),
        (lambda f, p, s, i: (torch.cat([f[~s].detach(), p[i[s]]]), exchange(f, p, s, i)[1]), "order is lost"),
        (lambda f, p, s, i: exchange(f, p, s, torch.arange(len(f))), "place is not used"),
        (without_detach, "detach the fakes first"),
        (stored_with_graph, "detach the fakes first"),
        (in_place, "changes past"),
        (columns_only, "must be given its dimensions"),
        (broadcast, "must be given its dimensions"),
        (lambda f, p, s, i: exchange(f, p, s, i)[0], "Two tensors are expected"),
        (lambda f, p, s, i: None, "returns nothing"),
        (lambda f, p, s, i: ("shown", p), "one of yours is a str"),
        (lambda f, p, s, i: exchange(f, p, s if s.any() else ~s, i), "a swap of every image are possible"),
        (lambda f, p, s: (f, p), "with 4 arguments by position"),
        (lambda f, p, s, i: (f.detach() + 1, p), "Follow one swapped image"),
    ],
)
def test_wrong_answers(answer, phrase, rejects):
    rejects(ID, answer, phrase)


def test_the_exchange_is_what_the_pool_does_once_it_is_full():
    torch.manual_seed(0)
    pool = HistoryPool(capacity=6)
    pool(torch.randn(6, 2))
    past, fake = pool.images.clone(), torch.randn(5, 2)
    torch.manual_seed(1)
    swap = torch.rand(5) < 0.5
    place = torch.rand(1, 6).argsort(dim=1)[0, :5]
    assert swap.any() and not swap.all()
    torch.manual_seed(1)
    shown, after = exchange(fake, past, swap, place)
    assert torch.equal(pool(fake), shown) and torch.equal(pool.images, after)
