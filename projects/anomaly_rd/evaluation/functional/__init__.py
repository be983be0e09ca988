"""Exact metrics as pure functions of NumPy arrays; every pixel is kept and sorted."""
from .precision_recall import average_precision, f1_max, precision_recall_curve
from .pro import pro_auc, pro_auc_per_image, pro_curve
from .regions import label_regions
from .roc import roc_auc, roc_curve
from .size_recall import recall_by_size

__all__ = ['average_precision', 'f1_max', 'label_regions', 'precision_recall_curve', 'pro_auc', 'pro_auc_per_image',
           'pro_curve', 'recall_by_size', 'roc_auc', 'roc_curve']
