# RetinaNet with ResNet-50, but P6 from P5's output.
_base_ = 'mmdet::_base_/models/retinanet_r50_fpn.py'
model = dict(neck=dict(add_extra_convs='on_output'), bbox_head=dict(num_classes=1))
