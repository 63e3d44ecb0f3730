"""Questions on generative and discriminative models whose answer is a number or a letter."""

from math import erf, sqrt

from gentutor.exercises._values import Choice, Number
from gentutor.exercises._verdict import Exercise

FLAGGED = 0.01 * 0.99 + 0.99 * 0.05
BASE_RATE = Exercise(
    judge=Number(
        0.01 * 0.99 / FLAGGED,
        {
            0.99: (
                "That is p(flagged | no digit). Bayes' rule turns it round, and needs how rare such images "
                "are."
            ),
            0.95: "That is p(not flagged | digit). How many of the flagged images are digits all the same?",
            0.05: "That is p(flagged | digit); asked for is p(no digit | flagged).",
            0.0099: (
                "That is the joint probability p(flagged, no digit), about the prior: divide it by "
                "p(flagged)."
            ),
            FLAGGED: "That is p(flagged), the denominator: divide p(flagged, no digit) by it.",
            0.99 * 0.05 / FLAGGED: "That is p(digit | flagged); asked for is the other part.",
            0.01 * 0.99 / (0.99 * 0.05): (
                "Those are the odds, p(no digit, flagged) to p(digit, flagged). The probability divides by "
                "their sum."
            ),
            0.99 / 1.04: "The prior is forgotten: only one image in a hundred is no digit.",
            **dict.fromkeys((100 / 6, 16.7, 17), "As a probability, please, between 0 and 1."),
        },
    ),
    solution=1 / 6,
    praise="one in six: digits are so many that their 5 % outnumber the rest.",
    hints=(
        "Imagine 10,000 images. How many are no digits, and how many of those are flagged?",
        "Of the 9,900 digits 5 % are flagged, too: 495.",
        "99 / (99 + 495)",
    ),
)

MODE_SEEKING = Exercise(
    judge=Choice(
        "b",
        {
            "a": (
                "That is right for KL(p ‖ q). But a wide q puts much of its mass into the valley, where p is "
                "nearly 0: what does KL(q ‖ p) say to that?"
            ),
            "c": (
                "It is the other way round. The expectation is over the first argument: KL(p ‖ q) is large "
                "where p has mass and q has none, KL(q ‖ p) where q has mass and p has none."
            ),
            "d": (
                "That is right for KL(q ‖ p). But a q on one peak gives almost no mass to the other, where p "
                "has half of its own: what does KL(p ‖ q) say to that?"
            ),
        },
    ),
    solution="b",
    praise="KL(p ‖ q) covers every mode, KL(q ‖ p) seeks one: each avoids what its expectation sees.",
    hints=(
        "KL(p ‖ q) is an expectation over p: where must q not be near 0?",
        "KL(q ‖ p) is an expectation over q: where must q have no mass?",
        "p is nearly 0 in the valley around 0. Which of the two may put mass there?",
    ),
)

SMALL_DATA = Exercise(
    judge=Choice(
        "a",
        {
            "b": (
                "In ten images a pixel of probability 0.1 is never lit with a chance of 35 %. Nearly "
                "unsmoothed, it then counts as impossible in that class, and one such pixel outvotes many."
            ),
            "c": (
                "A thousand extra counts bring all probabilities next to 1/2, so that a dark pixel, the "
                "usual case, says as much as a lit one: the many dark ones shift the boundary by their noise."
            ),
            "d": (
                "It would win with endless data, if the pixels were dependent. Here the assumption of naive "
                "Bayes is true, and with 20 images for 41 parameters logistic regression fits the noise."
            ),
        },
    ),
    solution="a",
    praise="an assumption that holds is worth many images; a little smoothing keeps single pixels modest.",
    hints=(
        "Whose assumptions are true here? They need not be learned from the data.",
        "How often is a pixel of probability 0.1 never lit in ten images? 0.9 to the power of 10.",
        "Smoothing should be small beside the counts, but not so small that a 0 stays nearly a 0.",
    ),
)

SPOT_THE_BUG = Exercise(
    judge=Choice(
        "b",
        {
            "a": "A pixel with ink has the probability θ, an empty one 1 - θ: this is right.",
            "c": "p(x, y) = p(y) p(x | y): this is right, as long as the likelihood is not 0.",
            "d": (
                "The class with the largest joint probability also has the largest posterior: this is right. "
                "But what does argmax return if all are 0?"
            ),
        },
    ),
    solution="b",
    praise=(
        "784 factors below 1 multiply to 0 in float32, for every class, and argmax returns the first; add "
        "logarithms instead."
    ),
    hints=(
        "Try it with 10 pixels: it works. What changes with 784?",
        "The smallest positive number in float32 is about 1e-45.",
        "0.8 to the power of 784 is 1e-76.",
    ),
)

BETWEEN = erf(1 / sqrt(2))  # the mass of a Gaussian within one standard deviation
TOTAL_VARIATION = Exercise(
    judge=Number(
        BETWEEN,
        {
            (1 - BETWEEN) / 2: "That is the error, Φ(-1). It is (1 - TV) / 2: solve for TV.",
            1 - BETWEEN: "That is the overlap, the integral of min(p, q), twice the error: TV is 1 minus it.",
            BETWEEN / 2: "That is half of it: the error is (1 - TV) / 2, so TV = 1 - 2 · error.",
            (1 + BETWEEN) / 2: "That is the share that is right, 1 - error; TV = 1 - 2 · error.",
            2 * BETWEEN: "That is the integral of |p - q|; TV is half of it, and at most 1.",
            erf(sqrt(2)): "The boundary is 0: each mean is 1 away from it, not 2.",
            0.070: "That is the error where one class is nine times as frequent as the other.",
            0.860: "The error is (1 - TV) / 2 for equal priors only.",
        },
        tolerance=0.001,
    ),
    solution=BETWEEN,
    praise="even the best judge is wrong about one point in six, as far as the two densities overlap.",
    hints=(
        "By symmetry the boundary is 0. What share of N(1, 1) lies below it?",
        "Φ(-1) = 0.159 is the error, and the smallest error is (1 - TV) / 2.",
        "1 - 2 * torch.special.ndtr(torch.tensor(-1.0))",
    ),
)

EXERCISES = {
    "base_rate": BASE_RATE,
    "mode_seeking": MODE_SEEKING,
    "small_data": SMALL_DATA,
    "spot_the_bug": SPOT_THE_BUG,
    "total_variation": TOTAL_VARIATION,
}
