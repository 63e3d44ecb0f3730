"""Questions on generation under a condition; they stand in the chapter, the judges of their answers here."""

import math

from gentutor.exercises._values import choose, number

LOGIT_GAP = number(
    3.0,
    "the difference is 2x: linear in x, as a projection v_y · φ(x) with φ(x) = x is.",
    (1.5, "The difference of the two squares is ((x + 1)² - (x - 1)²) / 2 = 2x, not x."),
    (-3.0, "The sign is turned: at x = 1.5 the class y = 1 fits better."),
    (0.0, "The generator ignores the label, but the data do not: real pairs (1.5, +1) are more frequent than "
          "real pairs (1.5, −1)."),
    (6.0, "The exponents of the Gaussians carry a factor 1/2."),
    (0.953, "That is p(y = 1 | x), the sigmoid of the answer."),
    (20.086, "That is the ratio of the densities; the difference of logits is its logarithm."),
    (-0.125, "That is the exponent of p(x | y = 1) alone; subtract that of p(x | y = −1)."),
    (3.125, "That is minus the exponent of p(x | y = −1); the other class has an exponent, too."),
)  # fmt: skip

UNTOLD = choose(
    "b",
    "at the optimum q(x) = p(x): any use of the label that leaves the mixture as it is, or none, is equally "
    "good.",
    ("a", "What would teach the generator which label means which digit? Its loss knows no labels."),
    ("c", "The discriminator still sees a lack of variety, as in any GAN; what it does not see is whether "
          "label and image fit."),
    ("d", "Nothing in the shapes notices: the discriminator takes images alone, as it always did."),
)  # fmt: skip

SPOT_THE_BUG = choose(
    "b",
    "the generator is told labels of which nobody else knows: the label under which it is judged is "
    "independent of the one that it was told, so obeying gains nothing. generator(z, y).",
    ("a", "Noise from N(0, I), a row for each image: this is right."),
    ("c", "Real images stand under their own labels. The fakes stand under y, which would be right if they "
          "had been made for y."),
    ("d", "The fakes are judged under y, as in the discriminator's loss: this is right, if they were made "
          "for y."),
)  # fmt: skip

TWO_INPUTS = choose(
    "c",
    "one input of 64 + 10 columns; whatever makes c belongs to the optimiser's parameters, too.",
    ("a", "nn.Sequential hands one input from layer to layer: this is a TypeError."),
    ("b", "The tuple arrives at nn.Linear as it is, which wants a tensor: this is a TypeError."),
    ("d", "Along dimension 0 the rows are stacked, but 64 and 10 columns do not fit on each other, and a "
          "batch would be twice as long."),
)  # fmt: skip

LABEL_IS_WORTH = number(
    2.303,
    "log p(x|y) = log p(x) + log p(y|x) - log p(y): what remains is H(y) = log 10.",
    (0.0, "The label tells something about x, so x is less surprising once y is known."),
    (3.322, "That is in bits: log2 10. In nats it is ln 10."),
    (10.0, "Ten classes carry the logarithm of ten."),
    (1.0, "log10 of 10: in nats it is the natural logarithm."),
    (-2.303, "That is log p(y). It is -log p(x|y) that lies below, so the answer is positive."),
    (0.1, "That is p(y); a surprise is minus its logarithm."),
)  # fmt: skip

H_ERROR = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
ACCURACY_90 = number(
    math.log(10) - H_ERROR - 0.1 * math.log(9),
    "1.758 of 2.303 nats: one error in ten costs a quarter of the control.",
    (math.log(10), "That is the ceiling, reached if the condition always shows."),
    (0.9 * math.log(10), "The information is not the ceiling times the accuracy: an error destroys more than "
                         "its own share, since you do not know where it happened."),
    (math.log(10) - H_ERROR, "Knowing whether there was an error is not enough: in the 10 % that are wrong, "
                             "one of nine classes is still to be named, 0.1 · log 9 nats."),
    (math.log(10) - 0.1 * math.log(9),
     "What is missing: which samples are wrong is not known either, and costs the entropy of a coin with 0.9 "
     "and 0.1."),
    (H_ERROR + 0.1 * math.log(9), "That is what remains unknown, H(y|ŷ); subtract it from log 10."),
    ((math.log(10) - H_ERROR - 0.1 * math.log(9)) / math.log(2), "That is in bits, not nats."),
    (0.9, "That is the accuracy."),
    (0.0, "It would be 0 at an accuracy of 10 %, if every class were seen equally often."),
    (math.log(10) - H_ERROR - 0.1 * math.log(10),
     "A wrong sample shows one of nine classes, not of ten: 0.1 · log 9."),
    tolerance=0.001,
)  # fmt: skip

UNKNOWN_WORD = choose(
    "c",
    "the code is that of the empty bag, for 'ghost' as for 'yarn': nothing of the name is left.",
    ("a", "The word becomes token 0, and the sum of no vectors is a vector of zeros: nothing fails."),
    ("b", "The decoder maps every code to a picture, and its z is drawn as always. Zero lies in the middle "
          "of the codes that it has seen."),
    ("d", "Letters are not looked at: a word is a row of a table, or it is unknown."),
)  # fmt: skip

WORD_ORDER = choose(
    "b",
    "the same four words, in another order: the code is the same, and so are the pictures drawn.",
    ("a", "One bag has a word more: the sums differ by the vector of 'red'."),
    ("c", "'woman' and 'man' are two words, with a vector each, however alike they look as letters."),
    ("d", "They share 'twelve' alone: 'o' and 'clock' are other words than 'thirty'."),
)  # fmt: skip
