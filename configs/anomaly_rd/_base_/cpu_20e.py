# What the short runs share: 20 epochs and bfloat16. Their pipelines are deterministic, so that the models keep the
# frozen teacher's features (cache_features).
_base_ = '../../_base_/schedules/rd4ad_200e.py'
max_epochs = 20
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
optim_wrapper = dict(type='Bf16OptimWrapper')
