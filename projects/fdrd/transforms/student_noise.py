"""Noise on the student's view of an image; the teacher keeps the clean one.

Source: FDRD, section "random noise": each kind is gated by an independent fair draw per image, anew every epoch. The
paper gives no amplitudes; the defaults are the unused constants at the top of the released noise code.
"""
from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import TRANSFORMS

SALT_PEPPER = dict(amount=0.001, salt_ratio=0.5, prob=0.5)
MEAN_SHIFT = dict(amplitude=5.0, mode='shift', per_channel=False, prob=0.5)
GAUSSIAN = dict(std=2.0, prob=0.5)


@TRANSFORMS.register_module()
class StudentNoise(BaseTransform):
    """Add noise to ``img`` and keep the untouched image as ``img_clean``.

    Place it after every geometric and photometric transform and before packing. Amplitudes are in grey levels of the
    0..255 scale; the sum is clipped to 0..255 and cast back to the image's dtype.

    Args:
        salt_pepper: ``amount`` (fraction of the pixel positions, all channels together, set to 255 or 0),
            ``salt_ratio`` (share of 255 among them) and ``prob`` (of the gate). Missing keys take the defaults; None
            switches it off.
        mean_shift: ``amplitude`` a (uniform draw from -a..a), ``mode`` ('shift': one draw per image; 'pixel': one per
            pixel), ``per_channel`` (separate draws per channel) and ``prob``; None switches it off.
        gaussian: ``std`` and ``prob``; None, the default, switches it off.

    Required keys: img. Modified keys: img. Added keys: img_clean.

    Raises:
        ValueError: Unknown keys or values out of range.
    """

    def __init__(self, salt_pepper: dict | None = SALT_PEPPER, mean_shift: dict | None = MEAN_SHIFT,
                 gaussian: dict | None = None) -> None:
        self.salt_pepper = _complete('salt_pepper', salt_pepper, SALT_PEPPER)
        self.mean_shift = _complete('mean_shift', mean_shift, MEAN_SHIFT)
        self.gaussian = _complete('gaussian', gaussian, GAUSSIAN)

    def transform(self, results: dict) -> dict:
        """Add the noise to ``results['img']`` of shape (H, W, C)."""
        clean = results['img']
        results['img_clean'] = clean
        noise = [self._draw_salt_pepper(clean.shape), self._draw_mean_shift(clean.shape),
                 self._draw_gaussian(clean.shape)]
        if any(part is not None for part in noise):
            results['img'] = _apply(clean, *noise)
        return results

    @cache_randomness
    def _draw_salt_pepper(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
        """Row-major positions in H·W and the value (0 or 255) at each, or None for a closed gate."""
        if not _gate(self.salt_pepper):
            return None
        pixels = shape[0] * shape[1]
        count = np.random.binomial(pixels, self.salt_pepper['amount'])
        positions = np.random.randint(0, pixels, count)
        return positions, np.where(np.random.rand(count) < self.salt_pepper['salt_ratio'], 255, 0)

    @cache_randomness
    def _draw_mean_shift(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Offset broadcastable to (H, W, C), or None for a closed gate."""
        if not _gate(self.mean_shift):
            return None
        size = (*(shape[:2] if self.mean_shift['mode'] == 'pixel' else (1, 1)),
                shape[2] if self.mean_shift['per_channel'] and len(shape) > 2 else 1)
        offset = np.random.uniform(-1, 1, size).astype(np.float32) * self.mean_shift['amplitude']
        return offset if len(shape) > 2 else offset[..., 0]

    @cache_randomness
    def _draw_gaussian(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Noise of the image's shape, or None for a closed gate."""
        if not _gate(self.gaussian):
            return None
        return np.random.standard_normal(shape).astype(np.float32) * self.gaussian['std']

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(salt_pepper={self.salt_pepper}, mean_shift={self.mean_shift}, '
                f'gaussian={self.gaussian})')


def _apply(clean: np.ndarray, salt_pepper: tuple[np.ndarray, np.ndarray] | None, shift: np.ndarray | None,
           gaussian: np.ndarray | None) -> np.ndarray:
    """Clean image plus noise, a new array of the same dtype."""
    noisy = clean.astype(np.float32, order='C')  # so that `flat` below is a view
    for part in (shift, gaussian):
        if part is not None:
            noisy += part
    if salt_pepper is not None:
        positions, values = salt_pepper
        flat = noisy.reshape(clean.shape[0] * clean.shape[1], -1)
        flat[positions] = values[:, None]
    noisy = noisy.clip(0, 255)
    return (noisy.round() if np.issubdtype(clean.dtype, np.integer) else noisy).astype(clean.dtype)


def _gate(cfg: dict | None) -> bool:
    return cfg is not None and np.random.rand() < cfg['prob']


def _complete(name: str, cfg: dict | None, defaults: dict) -> dict | None:
    if cfg is None:
        return None
    if unknown := set(cfg) - set(defaults):
        raise ValueError(f'StudentNoise: {name} has no {sorted(unknown)}; it has {sorted(defaults)}')
    full = {**defaults, **cfg}
    for key in ('prob', 'amount', 'salt_ratio'):
        if not 0 <= full.get(key, 0) <= 1:
            raise ValueError(f'StudentNoise: {name}.{key} must lie in 0..1, got {full[key]}')
    if full.get('mode', 'shift') not in ('shift', 'pixel') or min(full.get('std', 0), full.get('amplitude', 0)) < 0:
        raise ValueError(f"StudentNoise: {name} needs mode 'shift' or 'pixel' and amplitudes of at least 0, got {full}")
    return full
