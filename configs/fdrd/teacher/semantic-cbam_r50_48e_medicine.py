_base_ = './semantic-se_r50_48e_medicine.py'
published = None
model = dict(neck=dict(attention_cfg=dict(type='CBAM', reduction=8)))
