"""Questions on CycleGAN; they stand in the chapter, the judges of their answers here."""

from gentutor.exercises._values import choose, number

RECEPTIVE_FIELD = number(
    34,
    "1 + 3 · (1 + 2 + 4 + 4) = 34: at 32 pixels the middle scores see nearly the whole picture.",
    (33.0, "Start from the one output pixel itself: the 1 in front of the sum is missing."),
    (13.0, "That is without strides: after a stride of 2, neighbours are two input pixels apart."),
    (70.0, "That is with three halvings, strides 2, 2, 2, 1, 1: the published discriminator."),
    (22.0, "One convolution is missing: the last, with one channel, counts as well."),
    (10.0, "These are the two strided convolutions; each of the other two widens the patch by 3 · 4."),
    (43.0, "A layer's own stride does not widen its patch: multiply the strides before it."),
    (45.0, "Each layer adds k - 1 = 3, not 4, times the strides before it."),
    (44.0, "Each layer adds k - 1 = 3, not 4, times the strides before it; and the start is 1."),
    (16.0, "Four layers of 4 pixels do not add up to 16: each begins where the one before it ends."),
    (256.0, "Kernels do not multiply: each layer adds (k - 1) times the strides before it."),
    (6.0, "That is the side of the map of scores for an image of 32 pixels."),
    (1156.0, "That is the number of pixels in the patch; its side is asked for."),
    (32.0, "The patch may be larger than the image (then it sees the padding, too)."),
)  # fmt: skip

WHICH_MAPS = choose(
    "b",
    "map 2 is wrong for every a but 0, and neither loss can see it.",
    ("a", "-a is uniform on [-1, 1], too, and F(G(a)) = -(-a) = a. Nothing in the two losses knows about "
          "partners."),
    ("c", "2|a| - 1 is uniform on [-1, 1], so the discriminator is content; but a and -a are sent to the "
          "same b, and no F can tell which of the two it was."),
    ("d", "a / 2 comes back, but it is uniform on [-1/2, 1/2]: a discriminator sees at once that the larger "
          "values are missing."),
)  # fmt: skip

FOLDED = number(
    0.5,
    "E|a| = 1/2, for F(b) = 0 as for any F between the two candidates.",
    (0.0, "G sends a and -a to the same b. Whatever F(b) is, it is wrong for at least one of them."),
    (1.0, "Too large: F(b) = 0 already gives E|a|, which is less."),
    (1 / 3, "That is E[a²], the squared error of F(b) = 0; the loss is an absolute one."),
    (0.25, "If F returns one of the two, it is right half of the time, and otherwise off by 2|a|, not |a|."),
    (2 / 3, "That is the mean distance of two independent draws; F knows |a|, only not its sign."),
    tolerance=0.004,
)  # fmt: skip

POOL_AGE = number(
    100,
    "1 / (1/2 · 1/50) = 100: the discriminator is reminded of what the generator did 100 images ago.",
    (50.0, "Only at every second step is a stored image handed out; otherwise the new one is."),
    (25.0, "The chance per step is 1/2 · 1/50; the mean waiting time is 1 over that."),
    (200.0, "At each step the chance that something is swapped is 1/2, not 1/4."),
    (0.01, "That is the chance per step; the mean waiting time is 1 over that."),
    (69.0, "That is the median: after 69 steps half of them are gone. The mean is larger."),
    (2.0, "Every second step some stored image is handed out, but it is one of 50."),
    (99.0, "That is the number of steps in between; the waiting time of a chance p per step is 1/p."),
    tolerance=0.4,
)  # fmt: skip

SPOT_THE_BUG = choose(
    "d",
    "the identity loss is for images that are already in the target domain, G(b) and F(a). As it stands "
    "here, it forbids the translation: colours and strokes stay what they were.",
    ("a", "G takes images of A, F those of B: this is right."),
    ("b", "D_B judges what G makes, D_A what F makes. (The gradients that this leaves in the discriminators "
          "are wiped out by d_optimizer.zero_grad(); freezing them saves the work.)"),
    ("c", "a goes to B and back, b to A and back: this is right."),
    ("e", "Each discriminator sees real images of its domain and fakes of it, and a pool detaches what it is "
          "given: this is right."),
)  # fmt: skip

HIDDEN = choose(
    "b",
    "a many-to-one translation cannot be undone, so the cycle-consistency loss rewards hiding what is lost "
    "(Chu et al. 2017).",
    ("a", "Usual colours are a property of the visible lines, and these have not changed. They would also be "
          "wrong for a picture with unusual ones, so the loss would not be nearly 0."),
    ("c", "Two pictures that differ in colour alone have the same lines: no amount of data tells F which of "
          "them it was. It must have been told."),
    ("d", "D_A sees pictures with good colours, and has nothing against them. Nor does it ever see which "
          "drawing they came from."),
)  # fmt: skip
