# A few minutes on two CPU cores: 20 epochs, bfloat16, the teacher's features kept.
_base_ = './stfpm_r18_100e_mvtec.py'
max_epochs = 20
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
optim_wrapper = dict(type='Bf16OptimWrapper')
model = dict(cache_features=True)
default_hooks = dict(checkpoint=dict(interval=10))
