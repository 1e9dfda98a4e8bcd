"""scikit-learn: MLPClassifier and MLPRegressor, one batch per partial_fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from peers import Workload

HIDDEN = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}


def step(work: Workload) -> Callable[[], object]:
    """One step on the whole batch."""
    options = {
        "hidden_layer_sizes": (work.start[0].shape[1],),
        "activation": HIDDEN[work.hidden],
        "solver": "adam" if work.optimizer == "adam" else "sgd",
        "alpha": 0.0,
        "batch_size": len(work.x),
        "learning_rate_init": work.rate,
        "momentum": 0.0,
        "nesterovs_momentum": False,
        "shuffle": False,
    }
    if work.loss == "squared_error":
        regressor = MLPRegressor(**options)
        return lambda: regressor.partial_fit(work.x, work.target)
    classifier = MLPClassifier(**options)
    many = work.target.shape[1] > 1
    classes = work.target.argmax(axis=1) if many else (work.target[:, 0] > 0.5).astype(int)
    known = np.unique(classes)
    return lambda: classifier.partial_fit(work.x, classes, classes=known)
