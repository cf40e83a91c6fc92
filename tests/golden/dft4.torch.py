"""Dft4: 4 complex inputs, 4 outputs.

16 real operations: 16 additions, 0 multiplications.
Written by evosynth.
"""

import torch


class Dft4(torch.nn.Module):
    """Multiplies vectors, along the last dimension, by the 4 x 4 matrix.

    Takes floating-point and complex data on any device, and computes in their precision.

    Args:
        trainable: Without effect, since there are no constants.
    """

    def __init__(self, trainable: bool = False) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a new complex tensor of shape (..., 4) for x of shape (..., 4)."""
        if x.shape[-1:] != (4,):
            raise ValueError(f"expected shape (..., 4), got {tuple(x.shape)}")
        if not (x.is_floating_point() or x.is_complex()):
            raise TypeError(f"expected floating-point or complex numbers, got {x.dtype}")
        x_re = x.real.unbind(-1)
        x_im = (x.imag if x.is_complex() else torch.zeros_like(x)).unbind(-1)
        y_re, y_im = [None] * 4, [None] * 4
        t1 = x_re[0] + x_re[2]
        t2 = x_re[0] - x_re[2]
        t3 = x_im[0] + x_im[2]
        t4 = x_im[0] - x_im[2]
        t5 = x_re[1] + x_re[3]
        t6 = x_re[1] - x_re[3]
        y_im[1] = t4 - t6
        y_im[3] = t4 + t6
        y_re[0] = t1 + t5
        y_re[2] = t1 - t5
        t1 = x_im[1] + x_im[3]
        t4 = x_im[1] - x_im[3]
        y_re[1] = t2 + t4
        y_re[3] = t2 - t4
        y_im[0] = t3 + t1
        y_im[2] = t3 - t1
        return torch.complex(torch.stack(y_re, -1), torch.stack(y_im, -1))
