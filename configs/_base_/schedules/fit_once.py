# For models that look at the training images once (memory banks, statistics): no optimiser. A model that remembers its
# images scores those too low for a threshold: keep some from the fit with
# train_dataloader = dict(dataset=dict(holdout=0.2)).
train_cfg = dict(type='FitOnceLoop')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
