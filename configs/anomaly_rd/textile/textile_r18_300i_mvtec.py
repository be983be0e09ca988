# In a few minutes on two CPU cores: 150 and 150 iterations of 8 images.
_base_ = './textile_r18_5000i_mvtec.py'
max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(type='Bf16OptimWrapper')
train_dataloader = dict(batch_size=8)
default_hooks = dict(checkpoint=dict(interval=100))
custom_hooks = [*_base_.run_hooks, _base_.threshold_hook, dict(type='TwoPhaseHook', switch_at=150)]
