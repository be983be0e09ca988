# RD++ with a fixed number of epochs for all categories, the last one, and without its transport, which is zero.
_base_ = '../rd4ad/rd4ad_wrn50_200e_mvtec.py'
train_pipeline = [_base_.load_image, _base_.resize, dict(type='SimplexPatch'), _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(type='ProjectedDistillation')
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'projection': dict(lr_mult=0.2)}))
