# Faster R-CNN with ResNet-50.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'
model = dict(roi_head=dict(bbox_head=dict(num_classes=1)))
