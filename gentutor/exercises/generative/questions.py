"""Questions on generative and discriminative models whose answer is a number or a letter."""

from math import erf, sqrt

from gentutor.exercises._values import choose, number

FLAGGED = 0.01 * 0.99 + 0.99 * 0.05
A_SHARE = "As a probability, please, between 0 and 1."
BASE_RATE = number(
    0.01 * 0.99 / FLAGGED,
    "one in six: digits are so many that their 5 % outnumber the rest.",
    (0.99, "That is p(flagged | no digit). Bayes' rule turns it round, and needs how rare such images are."),
    (0.95, "That is p(not flagged | digit). How many of the flagged images are digits all the same?"),
    (0.05, "That is p(flagged | digit); asked for is p(no digit | flagged)."),
    (0.0099, "That is the joint probability p(flagged, no digit), about the prior: divide it by p(flagged)."),
    (FLAGGED, "That is p(flagged), the denominator: divide p(flagged, no digit) by it."),
    (0.99 * 0.05 / FLAGGED, "That is p(digit | flagged); asked for is the other part."),
    (0.01 * 0.99 / (0.99 * 0.05),
     "Those are the odds, p(no digit, flagged) to p(digit, flagged). The probability divides by their sum."),
    (0.99 / 1.04, "The prior is forgotten: only one image in a hundred is no digit."),
    (100 / 6, A_SHARE),
    (16.7, A_SHARE),
    (17, A_SHARE),
)  # fmt: skip

MODE_SEEKING = choose(
    "b",
    "KL(p ‖ q) covers every mode, KL(q ‖ p) seeks one: each avoids what its expectation sees.",
    ("a", "That is right for KL(p ‖ q). But a wide q puts much of its mass into the valley, where p is "
          "nearly 0: what does KL(q ‖ p) say to that?"),
    ("c", "It is the other way round. The expectation is over the first argument: KL(p ‖ q) is large where p "
          "has mass and q has none, KL(q ‖ p) where q has mass and p has none."),
    ("d", "That is right for KL(q ‖ p). But a q on one peak gives almost no mass to the other, where p has "
          "half of its own: what does KL(p ‖ q) say to that?"),
)  # fmt: skip

SMALL_DATA = choose(
    "a",
    "an assumption that holds is worth many images; a little smoothing keeps single pixels modest.",
    ("b", "In ten images a pixel of probability 0.1 is never lit with a chance of 35 %. Nearly unsmoothed, "
          "it then counts as impossible in that class, and one such pixel outvotes many."),
    ("c", "A thousand extra counts bring all probabilities next to 1/2, so that a dark pixel, the usual "
          "case, says as much as a lit one: the many dark ones shift the boundary by their noise."),
    ("d", "It would win with endless data, if the pixels were dependent. Here the assumption of naive Bayes "
          "is true, and with 20 images for 41 parameters logistic regression fits the noise."),
)  # fmt: skip

SPOT_THE_BUG = choose(
    "b",
    "784 factors below 1 multiply to 0 in float32, for every class, and argmax returns the first; add "
    "logarithms instead.",
    ("a", "A pixel with ink has the probability θ, an empty one 1 - θ: this is right."),
    ("c", "p(x, y) = p(y) p(x | y): this is right, as long as the likelihood is not 0."),
    ("d", "The class with the largest joint probability also has the largest posterior: this is right. But "
          "what does argmax return if all are 0?"),
)  # fmt: skip

BETWEEN = erf(1 / sqrt(2))  # the mass of a Gaussian within one standard deviation
TOTAL_VARIATION = number(
    BETWEEN,
    "even the best judge is wrong about one point in six, as far as the two densities overlap.",
    ((1 - BETWEEN) / 2, "That is the error, Φ(-1). It is (1 - TV) / 2: solve for TV."),
    (1 - BETWEEN, "That is the overlap, the integral of min(p, q), twice the error: TV is 1 minus it."),
    (BETWEEN / 2, "That is half of it: the error is (1 - TV) / 2, so TV = 1 - 2 · error."),
    ((1 + BETWEEN) / 2, "That is the share that is right, 1 - error; TV = 1 - 2 · error."),
    (2 * BETWEEN, "That is the integral of |p - q|; TV is half of it, and at most 1."),
    (erf(sqrt(2)), "The boundary is 0: each mean is 1 away from it, not 2."),
    (0.070, "That is the error where one class is nine times as frequent as the other."),
    (0.860, "The error is (1 - TV) / 2 for equal priors only."),
    tolerance=0.001,
)  # fmt: skip
