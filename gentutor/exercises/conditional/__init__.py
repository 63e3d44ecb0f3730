"""The exercises of the chapter on generation under a condition, by the name after "conditional."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.conditional import (
    auxiliary,
    information,
    judge,
    labels,
    logits,
    questions,
    sample,
    words,
)

EXERCISES: dict[str, Exercise] = {
    "concat_condition": labels.CONCAT,
    "discriminator_loss": judge.LOSS,
    "projection_logits": logits.PROJECTION,
    "auxiliary_loss": auxiliary.AUXILIARY,
    "mutual_information": information.MUTUAL_INFORMATION,
    "separation": information.SEPARATION,
    "sample": sample.SAMPLE,
    "bag_of_words": words.BAG_OF_WORDS,
    "retrieval_ranks": words.RETRIEVAL_RANKS,
    "logit_gap": questions.LOGIT_GAP,
    "untold": questions.UNTOLD,
    "spot_the_bug": questions.SPOT_THE_BUG,
    "two_inputs": questions.TWO_INPUTS,
    "label_is_worth": questions.LABEL_IS_WORTH,
    "accuracy_90": questions.ACCURACY_90,
    "unknown_word": questions.UNKNOWN_WORD,
    "word_order": questions.WORD_ORDER,
}
