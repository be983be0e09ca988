# Without rotation, for objects that lie in one direction.
_base_ = './textile_r18_5000i_mvtec.py'
train_pipeline = [_base_.load_image, _base_.resize, dict(type='CutPaste'), _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
