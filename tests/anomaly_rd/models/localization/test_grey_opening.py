import cv2
import numpy as np
import torch
from scipy import ndimage

from anomaly_rd.models.localization import GreyOpening

ELLIPSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def test_is_opencvs_and_scipys():
    maps = torch.rand(2, 17, 23)
    for image, opened in zip(maps.numpy(), GreyOpening()(maps).numpy(), strict=True):
        assert np.array_equal(opened, cv2.morphologyEx(image, cv2.MORPH_OPEN, ELLIPSE))
        inner = ndimage.grey_opening(image, footprint=ELLIPSE)[2:-2, 2:-2]
        assert np.array_equal(opened[2:-2, 2:-2], inner)


def test_thresholds_of_the_opening_are_openings_of_the_thresholds():
    image = torch.rand(1, 20, 20)
    opened = GreyOpening()(image)[0].numpy()
    for threshold in np.linspace(0, 1, 11):
        binary = (image[0].numpy() > threshold).astype(np.uint8)
        assert np.array_equal(opened > threshold, cv2.morphologyEx(binary, cv2.MORPH_OPEN, ELLIPSE) > 0)
