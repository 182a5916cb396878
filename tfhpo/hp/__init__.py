"""Ready parameters with the ranges that the field recommends, each with its source.

Each function takes KerasTuner's hyperparameters and declares parameters in them:
`learning_rate = tfhpo.hp.learning_rate(hp, "adam")`.
"""

from tfhpo.declaring import Role, roles
from tfhpo.hp.advice import AdviceWarning, advise
from tfhpo.hp.batches import batch_size
from tfhpo.hp.decay import weight_decay
from tfhpo.hp.dropping import dropout
from tfhpo.hp.elastic import ElasticNet, elastic_net
from tfhpo.hp.kernels import KERNELS, convolution, kernel_size
from tfhpo.hp.losses import auxiliary_loss_weight
from tfhpo.hp.momenta import beta_1, beta_2, epsilon, momentum
from tfhpo.hp.optimizers import DEFAULT_OPTIMIZERS, OPTIMIZERS, optimizer
from tfhpo.hp.rates import RATES, learning_rate

__all__ = [
    "DEFAULT_OPTIMIZERS",
    "KERNELS",
    "OPTIMIZERS",
    "RATES",
    "AdviceWarning",
    "ElasticNet",
    "Role",
    "advise",
    "auxiliary_loss_weight",
    "batch_size",
    "beta_1",
    "beta_2",
    "convolution",
    "dropout",
    "elastic_net",
    "epsilon",
    "kernel_size",
    "learning_rate",
    "momentum",
    "optimizer",
    "roles",
    "weight_decay",
]
