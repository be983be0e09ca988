"""The inspection station: upload pictures or watch a camera in a browser, review and keep what the model says.

Django with Channels in one process, which owns the database, the cameras and the browsers' connections, and one worker
process, which owns the model.
"""
