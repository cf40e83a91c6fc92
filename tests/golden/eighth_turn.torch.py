"""EighthTurn: 2 real inputs, 4 outputs.

9 real operations: 5 additions, 4 multiplications.
Written by evosynth.
"""

import torch

CONSTANTS = (
    0.7071067811865476,  # c[0] = sqrt(2)/2
    0.1234567890123,  # c[1]
)


class EighthTurn(torch.nn.Module):
    """Multiplies vectors, along the last dimension, by the 4 x 2 matrix.

    Takes floating-point and complex data on any device, and computes in their precision.

    Args:
        trainable: Make the constants a parameter, which starts at CONSTANTS. Training changes
            each constant wherever it is used; the operations stay as they are.
    """

    def __init__(self, trainable: bool = False) -> None:
        super().__init__()
        # Rounded to the precision of the data; on devices without float64 call .float() first.
        constants = torch.tensor(CONSTANTS, dtype=torch.float64)
        if trainable:
            self.constants = torch.nn.Parameter(constants)
        else:
            self.register_buffer("constants", constants)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a new tensor of shape (..., 4) for x of shape (..., 2)."""
        if x.shape[-1:] != (2,):
            raise ValueError(f"expected shape (..., 2), got {tuple(x.shape)}")
        if not (x.is_floating_point() or x.is_complex()):
            raise TypeError(f"expected floating-point or complex numbers, got {x.dtype}")
        c = self.constants.real.to(x.real.dtype).unbind()
        x = x.unbind(-1)
        y = [None] * 4
        y[1] = torch.zeros_like(x[0])
        t1 = c[0] * x[0]
        t2 = c[0] * x[1]
        t3 = t1 - t2
        y[3] = t3
        t1 = t1 + t2
        t2 = c[1] * t3
        t1 = t1 + t2
        t1 = c[0] * t1
        y[0] = t1
        t1 = t1 - t3
        y[2] = t1 + x[1]
        return torch.stack(y, -1)
