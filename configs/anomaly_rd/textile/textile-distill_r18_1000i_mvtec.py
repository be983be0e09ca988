_base_ = './textile_r18_1000i_mvtec.py'
model = dict(map='distill')
