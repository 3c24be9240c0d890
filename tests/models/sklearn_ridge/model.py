# scikit-learn as its users write it: an estimator under the name Predictor.
from sklearn.linear_model import Ridge

about = {"name": "sklearn_ridge", "version": "1.0", "licence": "BSD-3-Clause",
         "description": "Ridge of scikit-learn", "hyperparameters": {"alpha": [1.0, 10.0]}}

Predictor = Ridge
