"""A predictor in NumPy: ridge regression of the deltas on the features."""
import numpy as np


class Ridge:
    about = {
        "name": "ridge_py",
        "version": "1.0.0",
        "licence": "Apache-2.0",
        "hyperparameters": {"alpha": {"grid": [0.1, 1.0, 10.0, 100.0], "minimum": 0, "help": "weight of the penalty"}},
    }

    def __init__(self, alpha):
        self.alpha = alpha

    def fit(self, x, y):  # training rows x features, training rows x genes: views, not to be written to
        self.x_mean, self.y_mean = x.mean(axis=0), y.mean(axis=0)
        centred = x - self.x_mean
        gram = centred.T @ centred + self.alpha * np.eye(x.shape[1])
        self.weights = np.linalg.solve(gram, centred.T @ (y - self.y_mean))

    def predict(self, x):  # query rows x features -> query rows x genes
        return (x - self.x_mean) @ self.weights + self.y_mean
