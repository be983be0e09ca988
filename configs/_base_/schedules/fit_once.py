# For models that look at the training images once (memory banks, statistics): no optimiser. A fifth of the images is
# kept from the fit, for the threshold: a model that remembers its images scores those too low.
train_cfg = dict(type='FitOnceLoop')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
train_dataloader = dict(drop_last=False, dataset=dict(holdout=0.2))
