import subprocess as s

@s.run
def f():
    pass
