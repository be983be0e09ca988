# The paper's text: SGD, 48 epochs, learning rate 1e-3 for batch 4, divided by 10 at epoch 32.
max_epochs = 48
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=35, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    # `end` is spelt out: with mmdet's end=12 the rate would never decay in a longer schedule.
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=max_epochs, milestones=[32], gamma=0.1),
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
