"""Data sets of the detection half: VOC and COCO reading, checks before training, the rendered demo set."""
from .checks import check_dataset_cfg
from .voc import InspectionVOCDataset

__all__ = ['InspectionVOCDataset', 'check_dataset_cfg']
