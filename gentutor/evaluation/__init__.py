"""How good is a model? Distances between samples and data, and log-likelihoods.

Distances between sets of digits are taken between the 64 features of the stored classifier, not those of a
network trained on photographs: compare them with each other, never with published values.

Samples and data may have any floating-point type. Within ``torch.autocast`` nothing is computed otherwise.
"""

from gentutor.evaluation.classes import (
    NEIGHBOURS,
    class_frechet_distance,
    class_metrics,
    confusion,
    wilson_interval,
    within_class_variance,
)
from gentutor.evaluation.distances import (
    frechet_distance,
    kernel_distance,
    nearest_neighbours,
    precision_recall,
)
from gentutor.evaluation.estimates import expected_calibration_error, monte_carlo, reliability
from gentutor.evaluation.features import digit_features, digit_logits, glyph_features
from gentutor.evaluation.likelihood import (
    active_units,
    conditional_log_likelihood,
    latent_information,
    log_likelihood,
)
from gentutor.evaluation.measures.completion import completion_metrics
from gentutor.evaluation.modes import mode_count, mode_hits
from gentutor.evaluation.neighbours import density_coverage, neighbour_radii
from gentutor.evaluation.proposals import effective_sample_size, importance_sampling, refit, widened
from gentutor.evaluation.retrieval import retrieval_ranks

__all__ = [
    "glyph_features",
    "digit_logits",
    "digit_features",
    "confusion",
    "completion_metrics",
    "class_metrics",
    "NEIGHBOURS",
    "active_units",
    "class_frechet_distance",
    "conditional_log_likelihood",
    "density_coverage",
    "effective_sample_size",
    "expected_calibration_error",
    "frechet_distance",
    "importance_sampling",
    "kernel_distance",
    "latent_information",
    "log_likelihood",
    "mode_count",
    "mode_hits",
    "monte_carlo",
    "nearest_neighbours",
    "neighbour_radii",
    "precision_recall",
    "refit",
    "reliability",
    "retrieval_ranks",
    "widened",
    "wilson_interval",
    "within_class_variance",
]
