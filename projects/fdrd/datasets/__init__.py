"""Data sets of the detection half: VOC, COCO, YOLO and CVAT reading, checks before training, the rendered demo set."""
from .annotated import AnnotatedDataset, Annotations
from .checks import check_dataset_cfg, given_data
from .coco import InspectionCocoDataset
from .cvat import InspectionCVATDataset
from .given import GivenData
from .records import BoxRecord, ImageRecord
from .survey import list_detection_images
from .tiled_coco import TiledCocoDataset
from .voc import InspectionVOCDataset
from .yolo import InspectionYOLODataset

__all__ = ['AnnotatedDataset', 'Annotations', 'BoxRecord', 'GivenData', 'ImageRecord', 'InspectionCVATDataset',
           'InspectionCocoDataset', 'InspectionVOCDataset', 'InspectionYOLODataset', 'TiledCocoDataset',
           'check_dataset_cfg', 'given_data', 'list_detection_images']
