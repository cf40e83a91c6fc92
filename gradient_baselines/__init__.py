"""Rivals trained by gradient descent; see `gradient_baselines.base` for the contract."""
