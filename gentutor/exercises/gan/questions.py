"""Questions whose answer is a number or a letter."""

import math

from gentutor.exercises._values import choose, number

LOG_4 = number(
    math.log(4),
    "log 4 = 1.386 nats, for p = q of any kind.",
    (0.0, "A loss of 0 would need D = 1 on real and D = 0 on fake, but here they cannot be told apart."),
    (math.log(2), "One of the two terms (or their average) is log 2; the loss is their sum."),
    (-math.log(4), "The sign is turned: a logarithm of 1/2 is negative, and the loss is minus two of them."),
    (-math.log(2), "Each term is -log(1/2), which is positive, and there are two."),
    (1.0, "The probabilities D and 1 - D add up to 1; the loss is made of their logarithms."),
    (0.5, "That is D itself; the loss is -log D for real plus -log(1 - D) for fake."),
    (2.0, "That is in bits: with the natural logarithm it is in nats."),
)  # fmt: skip

NEAR_LOG_4 = choose(
    "c",
    "a judge that always says 1/2 is there against any generator, the best judge against a perfect one.",
    ("a", "It would also be log 4 if the discriminator were too weak to see the difference."),
    ("b", "It would also be log 4 if there were no difference left to see."),
    ("d", "It may have failed, or be done: a perfect generator has this loss, too."),
)  # fmt: skip
