# DeSTSeg's recipe: 1000 iterations of the student, 4000 of the head; SGD with a rate for each part; batch 32.
switch_at = 1000
max_iters = 5000
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=1e-4),
    # residual blocks of the head 0.1, the rest of it 0.01
    paramwise_cfg=dict(custom_keys={'head.residual': dict(lr_mult=0.25), 'head': dict(lr_mult=0.025)}))
