# Table 1, uniform + gaussian.
_base_ = '../distillers/ckd_gfl_r18_48e_medicine.py'
published = 'table1/uniform + gaussian'
model = dict(data_preprocessor=dict(type='DualViewDetDataPreprocessor'))
noise = dict(type='StudentNoise', salt_pepper=None, gaussian=dict(std=2.0))
train_pipeline = [*_base_.train_steps, noise, dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
