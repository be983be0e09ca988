# ATSS with ResNet-50.
_base_ = 'mmdet::atss/atss_r50_fpn_1x_coco.py'
for __key in _base_.keys() - {'model'}:  # of that file the model alone: the rest has files of its own here
    del _base_[__key]
model = dict(bbox_head=dict(num_classes=1))
