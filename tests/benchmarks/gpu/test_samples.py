"""Batches of noise."""
import torch
from samples import BOXES, batch
from torch import nn

from mminspect.models.anomaly_model import AnomalyModel


class TwoViews(AnomalyModel):
    views = ('noisy', 'grey')


def test_a_detector_gets_objects_in_the_first_image():
    made = batch(nn.Identity(), (192, 256), 3)
    assert [image.shape for image in made['inputs']] == [(3, 192, 256)] * 3
    assert made.keys() == {'inputs', 'data_samples'}
    assert [len(sample.gt_instances.bboxes) for sample in made['data_samples']] == [len(BOXES), 0, 0]
    assert [sample.gt_instances.bboxes.shape[1] for sample in made['data_samples']] == [4] * 3


def test_an_anomaly_model_gets_its_views_and_masks():
    made = batch(TwoViews(), (32, 64))
    assert len(made['inputs_noisy']) == len(made['inputs_grey']) == 2
    masks = [sample.gt_mask for sample in made['data_samples']]
    assert [int(mask.sum()) for mask in masks] == [8 * 16, 0] and masks[0].dtype == torch.uint8
    assert [int(sample.gt_label) for sample in made['data_samples']] == [1, 0]
