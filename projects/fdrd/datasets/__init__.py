"""Data sets of the detection half: VOC and COCO reading, checks before training, the rendered demo set."""
from .checks import check_dataset_cfg
from .tiled_coco import TiledCocoDataset
from .voc import InspectionVOCDataset

__all__ = ['InspectionVOCDataset', 'TiledCocoDataset', 'check_dataset_cfg']
