"""Changes of colour."""
from __future__ import annotations

import cv2
import numpy as np

#: Weights of red, green and blue in the luma (ITU-R BT.601).
LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def jitter_colour(image: np.ndarray, brightness: float = 1.0, contrast: float = 1.0, saturation: float = 1.0,
                  hue: float = 0.0) -> np.ndarray:
    """Change an RGB image in this order; each step is clipped to 0..255.

    Args:
        image: (H, W, 3) float32 of 0..255.
        brightness: Factor.
        contrast: Factor on the distance from the image's mean luma.
        saturation: Factor on the distance from the pixel's luma.
        hue: Shift, as a share of the colour circle.

    Returns:
        A new array (H, W, 3) float32.
    """
    image = (image * np.float32(brightness)).clip(0, 255)
    mean = (image @ LUMA).mean()
    image = (mean + (image - mean) * np.float32(contrast)).clip(0, 255)
    luma = (image @ LUMA)[..., None]
    image = (luma + (image - luma) * np.float32(saturation)).clip(0, 255)
    if not hue:
        return image
    hsv = cv2.cvtColor(image / 255, cv2.COLOR_RGB2HSV)  # for float32 the hue is in degrees
    hsv[..., 0] = (hsv[..., 0] + 360 * hue) % 360
    return (cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255).clip(0, 255)
