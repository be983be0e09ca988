# The same with residual attention.
_base_ = './mkd_vgg16-random_20e_mvtec.py'
model = dict(
    attention=dict(type='ResidualAttention', attend='residual'),
    where='student',
    positions=('conv2_2', 'conv3_3'),
    loss=dict(lambda_on='dir'))
