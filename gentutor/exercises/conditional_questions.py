"""Questions on generation under a condition whose answer is a number or a letter."""

from gentutor.exercises._values import choice, number
from gentutor.exercises._verdict import Exercise

# The question: two classes, equally frequent, x | y = -1 ~ N(-1, 1) and x | y = 1 ~ N(1, 1). A generator
# ignores the label: q(x|y) is the same density for both. The discriminator of (x, y) is at its optimum.
# What is the difference of its logits l(x, 1) - l(x, -1) at x = 1.5?
LOGIT_GAP = Exercise(
    judge=number(
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

# The question: in a conditional GAN the generator is told the label, but the discriminator is not: it
# judges x alone. Otherwise nothing is changed, and training goes well. What do you see?
# (a) Samples of the right class, only a little less sharp.
# (b) Good samples, whose class has nothing to do with the label asked for: with ten classes about 10 %
#     are right.
# (c) The generator makes the same image for every label: without a judge it collapses.
# (d) An error, because the shapes do not fit.
UNTOLD = Exercise(
    judge=choice(
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
    praise="the game's optimum is p(x) = q(x): any use of the label, or none, is equally good.",
    hints=(
        "What does the generator's loss depend on?",
        "Exchange the labels of two classes in the generator: does the discriminator's view change?",
        "I(y; x) of the samples is not constrained at all.",
    ),
)

# The question: this step of a conditional GAN runs, and its samples look real. But only a tenth of them
# are of the class asked for. One of the marked lines is wrong. Which?
#
#     def step(real, y, generator, discriminator, g_optimizer, d_optimizer):
# (a)     z = torch.randn(len(real), generator.latent_dim)
# (b)     fake = generator(z, torch.randint(10, (len(real),)))
# (c)     d_loss = discriminator_loss(discriminator(real, y), discriminator(fake.detach(), y))
#         d_optimizer.zero_grad(); d_loss.backward(); d_optimizer.step()
# (d)     g_loss = generator_loss(discriminator(fake, y))
#         g_optimizer.zero_grad(); g_loss.backward(); g_optimizer.step()
SPOT_THE_BUG = Exercise(
    judge=choice(
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

# The question: net = nn.Sequential(nn.Linear(74, 256), nn.ReLU(), nn.Linear(256, 784)) is to map noise z
# (B, 64) and one-hot labels c (B, 10) to images. What of these works?
# (a) net(z, c)
# (b) net((z, c))
# (c) net(torch.cat([z, c], dim=1))
# (d) net(torch.cat([z, c], dim=0))
TWO_INPUTS = Exercise(
    judge=choice(
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

# The question: a VAE was trained without labels on ten equally frequent digits, perfectly: p(x) is the
# data's, and q(z|x) the posterior. Now encoder and decoder are told the label as well, and the conditional
# VAE is trained to perfection, too. By how many nats does -log p(x|y), averaged over the data, lie below
# -log p(x)? (The label is a function of the image: H(y|x) = 0.)
LABEL_IS_WORTH = Exercise(
    judge=number(
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

EXERCISES = {
    "logit_gap": LOGIT_GAP,
    "untold": UNTOLD,
    "spot_the_bug": SPOT_THE_BUG,
    "two_inputs": TWO_INPUTS,
    "label_is_worth": LABEL_IS_WORTH,
}
