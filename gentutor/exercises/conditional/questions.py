"""Questions on generation under a condition; they stand in the chapter, the judges of their answers here."""

import math

from gentutor.exercises._values import Choice, Number
from gentutor.exercises._verdict import Exercise

LOGIT_GAP = Exercise(
    judge=Number(
        3.0,
        {
            1.5: "The difference of the two squares is ((x + 1)² - (x - 1)²) / 2 = 2x, not x.",
            -3.0: "The sign is turned: at x = 1.5 the class y = 1 fits better.",
            0.0: (
                "The generator ignores the label, but the data do not: real pairs (1.5, +1) are more "
                "frequent than real pairs (1.5, −1)."
            ),
            6.0: "The exponents of the Gaussians carry a factor 1/2.",
            0.953: "That is p(y = 1 | x), the sigmoid of the answer.",
            20.086: "That is the ratio of the densities; the difference of logits is its logarithm.",
            -0.125: "That is the exponent of p(x | y = 1) alone; subtract that of p(x | y = −1).",
            3.125: "That is minus the exponent of p(x | y = −1); the other class has an exponent, too.",
        },
    ),
    solution=3,
    praise=("the difference is 2x: linear in x, as a projection v_y · φ(x) with φ(x) = x is."),
    hints=(
        "At the optimum l(x, y) = log p(x, y) - log q(x, y).",
        "q(x, y) is the same for both labels, so it cancels in the difference.",
        "-(1.5 - 1)²/2 + (1.5 + 1)²/2",
    ),
)

UNTOLD = Exercise(
    judge=Choice(
        "b",
        {
            "a": "What would teach the generator which label means which digit? Its loss knows no labels.",
            "c": (
                "The discriminator still sees a lack of variety, as in any GAN; what it does not see is "
                "whether label and image fit."
            ),
            "d": "Nothing in the shapes notices: the discriminator takes images alone, as it always did.",
        },
    ),
    solution="b",
    praise=(
        "at the optimum q(x) = p(x): any use of the label that leaves the mixture as it is, or none, is "
        "equally good."
    ),
    hints=(
        "What does the generator's loss depend on?",
        "Exchange the labels of two equally frequent classes in the generator: does its loss change?",
        "I(y; x) of the samples is not constrained at all.",
    ),
)

SPOT_THE_BUG = Exercise(
    judge=Choice(
        "b",
        {
            "a": "Noise from N(0, I), a row for each image: this is right.",
            "c": (
                "Real images stand under their own labels. The fakes stand under y, which would be right if "
                "they had been made for y."
            ),
            "d": (
                "The fakes are judged under y, as in the discriminator's loss: this is right, if they were "
                "made for y."
            ),
        },
    ),
    solution="b",
    praise=(
        "the generator is told labels of which nobody else knows: the label under which it is judged is "
        "independent of the one that it was told, so obeying gains nothing. generator(z, y)."
    ),
    hints=(
        "Follow the labels: which ones was each image made for, or found with?",
        "Under which label is a fake judged, and which label was the generator told?",
        "Does the generator's loss change if it ignores the label that it is told?",
    ),
)

TWO_INPUTS = Exercise(
    judge=Choice(
        "c",
        {
            "a": "nn.Sequential hands one input from layer to layer: this is a TypeError.",
            "b": "The tuple arrives at nn.Linear as it is, which wants a tensor: this is a TypeError.",
            "d": (
                "Along dimension 0 the rows are stacked, but 64 and 10 columns do not fit on each other, and "
                "a batch would be twice as long."
            ),
        },
    ),
    solution="c",
    praise="one input of 64 + 10 columns; whatever makes c belongs to the optimiser's parameters, too.",
    hints=(
        "How many arguments does nn.Sequential's forward take?",
        "nn.Linear(74, 256) wants 74 columns in each row.",
        "64 + 10 = 74: append the columns.",
    ),
)

LABEL_IS_WORTH = Exercise(
    judge=Number(
        2.303,
        {
            0.0: "The label tells something about x, so x is less surprising once y is known.",
            3.322: "That is in bits: log2 10. In nats it is ln 10.",
            10.0: "Ten classes carry the logarithm of ten.",
            1.0: "log10 of 10: in nats it is the natural logarithm.",
            -2.303: "That is log p(y). It is -log p(x|y) that lies below, so the answer is positive.",
            0.1: "That is p(y); a surprise is minus its logarithm.",
        },
    ),
    solution=2.303,
    praise="log p(x|y) = log p(x) + log p(y|x) - log p(y): what remains is H(y) = log 10.",
    hints=(
        "Bayes' rule: log p(x|y) = log p(x) + log p(y|x) - log p(y).",
        "Average over the data: the middle term is -H(y|x) = 0.",
        "-log p(y) = log 10 for each of the ten classes.",
    ),
)  # fmt: skip

H_ERROR = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
ACCURACY_90 = Exercise(
    judge=Number(
        math.log(10) - H_ERROR - 0.1 * math.log(9),
        {
            math.log(10): "That is the ceiling, reached if the condition always shows.",
            0.9 * math.log(10): (
                "The information is not the ceiling times the accuracy: an error destroys more than its own "
                "share, since you do not know where it happened."
            ),
            math.log(10) - H_ERROR: (
                "Knowing whether there was an error is not enough: in the 10 % that are wrong, one of nine "
                "classes is still to be named, 0.1 · log 9 nats."
            ),
            math.log(10) - 0.1 * math.log(9): (
                "What is missing: which samples are wrong is not known either, and costs the entropy of a "
                "coin with 0.9 and 0.1."
            ),
            H_ERROR + 0.1 * math.log(9): "That is what remains unknown, H(y|ŷ); subtract it from log 10.",
            (math.log(10) - H_ERROR - 0.1 * math.log(9)) / math.log(2): "That is in bits, not nats.",
            0.9: "That is the accuracy.",
            0.0: "It would be 0 at an accuracy of 10 %, if every class were seen equally often.",
            math.log(10) - H_ERROR - 0.1 * math.log(10): (
                "A wrong sample shows one of nine classes, not of ten: 0.1 · log 9."
            ),
        },
        tolerance=0.001,
    ),
    solution=1.758,
    praise="1.758 of 2.303 nats: one error in ten costs a quarter of the control.",
    hints=(
        "I(y; ŷ) = H(y) - H(y|ŷ). By symmetry H(y|ŷ) is the same for every ŷ.",
        "Given ŷ, y is that class with probability 0.9, and each of nine others with 0.1 / 9.",
        "H(y|ŷ) = -0.9 log 0.9 - 0.1 log(0.1 / 9).",
    ),
)  # fmt: skip

UNKNOWN_WORD = Exercise(
    judge=Choice(
        "c",
        {
            "a": "The word becomes token 0, and the sum of no vectors is a vector of zeros: nothing fails.",
            "b": (
                "The decoder maps every code to a picture, and its z is drawn as always. Zero lies in the "
                "middle of the codes that it has seen."
            ),
            "d": "Letters are not looked at: a word is a row of a table, or it is unknown.",
        },
    ),
    solution="c",
    praise="the code is that of the empty bag, for 'ghost' as for 'yarn': nothing of the name is left.",
    hints=(
        "What are the tokens of a name of which no word is known?",
        "What is the sum of no vectors?",
        "Do two such names differ in anything that the decoder sees?",
    ),
)

WORD_ORDER = Exercise(
    judge=Choice(
        "b",
        {
            "a": "One bag has a word more: the sums differ by the vector of 'red'.",
            "c": "'woman' and 'man' are two words, with a vector each, however alike they look as letters.",
            "d": "They share 'twelve' alone: 'o' and 'clock' are other words than 'thirty'.",
        },
    ),
    solution="b",
    praise="the same four words, in another order: the code is the same, and so are the pictures drawn.",
    hints=(
        "Write down the words of both names, in alphabetical order.",
        "A sum does not change if its terms change places.",
        "Two bags are equal if every word occurs equally often in both.",
    ),
)

EXERCISES = {
    "logit_gap": LOGIT_GAP,
    "untold": UNTOLD,
    "spot_the_bug": SPOT_THE_BUG,
    "two_inputs": TWO_INPUTS,
    "label_is_worth": LABEL_IS_WORTH,
    "accuracy_90": ACCURACY_90,
    "unknown_word": UNKNOWN_WORD,
    "word_order": WORD_ORDER,
}
