import os
def d(f):
    os.system('echo')
    return f
@d
def g(): pass
