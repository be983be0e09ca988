# A few minutes on two CPU cores: ResNet-18, 20 epochs, bfloat16.
_base_ = '../rd4ad/rd4ad_r18_20e_mvtec_uncached.py'
train_pipeline = [_base_.load_image, _base_.resize, dict(type='SimplexPatch'), _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(type='ProjectedDistillation')
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'projection': dict(lr_mult=0.2)}))
