# Teacher with semantic upsampling alone.
_base_ = './semantic-se_r50_48e_medicine.py'
published = None
model = dict(neck=dict(attention_cfg=None))
