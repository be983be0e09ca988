"""Changes of colour, by torchvision."""
from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F


def jitter_colour(image: np.ndarray, brightness: float = 1.0, contrast: float = 1.0, saturation: float = 1.0,
                  hue: float = 0.0) -> np.ndarray:
    """Change an RGB image in this order; each step is clipped to 0..255.

    Args:
        image: (H, W, 3) float32 of 0..255.
        brightness: Factor.
        contrast: Factor on the distance from the image's mean luma.
        saturation: Factor on the distance from the pixel's luma.
        hue: Shift, as a share of the colour circle, -0.5..0.5.

    Returns:
        A new array (H, W, 3) float32.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(image / np.float32(255))).permute(2, 0, 1)
    pixels = F.adjust_saturation(F.adjust_contrast(F.adjust_brightness(pixels, brightness), contrast), saturation)
    if hue:
        pixels = F.adjust_hue(pixels, hue)
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy() * np.float32(255))
