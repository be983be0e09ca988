_base_ = './textile_r18_5000i_mvtec.py'
model = dict(head=dict(pyramid='spp'))
