# MKD + residual attention, in the reading that cannot collapse: attention is part of the cloner.
_base_ = './mkd_vgg16_601e_mvtec.py'
max_epochs = 600
train_cfg = dict(max_epochs=max_epochs)
model = dict(
    attention=dict(type='ResidualAttention', attend='residual'),
    where='student',
    positions=('conv2_2', 'conv3_3'),
    loss=dict(lambda_on='dir'))
train_dataloader = dict(batch_size=32)
