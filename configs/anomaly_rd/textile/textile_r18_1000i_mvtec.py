# In half an hour on one CPU core: 500 and 500 iterations of 8 images.
_base_ = './textile_r18_5000i_mvtec.py'
max_iters = 1000
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(type='Bf16OptimWrapper')
train_dataloader = dict(batch_size=8)
default_hooks = dict(checkpoint=dict(interval=250))
custom_hooks = [*_base_.custom_hooks[:-1], dict(type='TwoPhaseHook', switch_at=500)]
