"""Data sets and their transforms; importing this package registers them."""
from . import transforms
from .base import AnomalyDataset
from .categories import check_categories, find_categories, set_category
from .checks import check_dataset_cfg
from .concat import ConcatDataset
from .folder import FolderDataset
from .mvtec import MVTecDataset
from .survey import list_anomaly_images
from .tiled import TiledDataset
from .visa import VisADataset

__all__ = ['AnomalyDataset', 'ConcatDataset', 'FolderDataset', 'MVTecDataset', 'TiledDataset', 'VisADataset',
           'check_categories', 'check_dataset_cfg', 'find_categories', 'list_anomaly_images', 'set_category',
           'transforms']
