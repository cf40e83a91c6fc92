"""Readers of matrices: a file each for .npy, text and MATLAB; nobody has checked what they read."""
