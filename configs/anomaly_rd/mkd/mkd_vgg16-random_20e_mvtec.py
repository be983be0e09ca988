# In a minute on two CPU cores, from a RANDOM source: shows the machinery, not the method.
_base_ = './mkd_vgg16_601e_mvtec.py'
max_epochs = 20
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
model = dict(teacher=dict(weights=None))
train_dataloader = dict(batch_size=16)
default_hooks = dict(checkpoint=dict(interval=10))
