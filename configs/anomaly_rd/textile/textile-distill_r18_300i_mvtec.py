_base_ = './textile_r18_300i_mvtec.py'
model = dict(map='distill')
