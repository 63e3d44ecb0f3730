"""Generative models that are fitted in closed form (or by EM): Gaussians, naive Bayes, Markov chains.

An argument of another type than stated raises ``TypeError``, and one that is empty, of another shape, out
of its range or not finite raises ``ValueError``. Where a matrix is decomposed, only float32 and float64
are taken.
"""

from gentutor.classical.gaussian import GaussianClassifier
from gentutor.classical.markov import MarkovChain
from gentutor.classical.minimize import minimize
from gentutor.classical.naive_bayes import BernoulliNaiveBayes, expectation_maximization
from gentutor.classical.ppca import ProbabilisticPCA

__all__ = [
    "BernoulliNaiveBayes",
    "GaussianClassifier",
    "MarkovChain",
    "ProbabilisticPCA",
    "expectation_maximization",
    "minimize",
]
