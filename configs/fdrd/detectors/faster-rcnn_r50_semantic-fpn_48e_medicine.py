# The teacher's neck in a two-stage detector.
_base_ = ['./faster-rcnn_r50_48e_medicine.py', '../_base_/semantic_neck.py']
published = None
model = dict(neck=dict(_base_.semantic_neck, topology='fpn', add_extra_convs=False))
