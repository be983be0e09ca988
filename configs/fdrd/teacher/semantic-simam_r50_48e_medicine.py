_base_ = './semantic-se_r50_48e_medicine.py'
published = None
model = dict(neck=dict(attention_cfg=dict(_delete_=True, type='SimAM')))
