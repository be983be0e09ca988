# Without rotation, for objects that lie in one direction.
_base_ = './textile_r18_5000i_mvtec.py'
train_dataloader = dict(dataset=dict(pipeline=[*_base_.pipeline[:-1], dict(type='CutPaste'), _base_.pipeline[-1]]))
