# Teacher with attention alone: a plain FPN with SE behind its outputs.
_base_ = './semantic-se_r50_48e_medicine.py'
published = None
model = dict(neck=dict(topology='fpn', upsample_cfg=dict(type='nearest')))
