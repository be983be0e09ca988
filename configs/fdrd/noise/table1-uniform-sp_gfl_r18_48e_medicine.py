# Table 1, uniform + salt-and-pepper; Table 4, random noise.
_base_ = '../distillers/ckd_gfl_r18_48e_medicine.py'
published = ['table1/uniform + salt-and-pepper', 'table4/random noise']
model = dict(data_preprocessor=dict(type='DualViewDetDataPreprocessor'))
noise = dict(type='StudentNoise')
train_pipeline = [*_base_.train_steps, noise, dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
