class A:
    import os
    x = os.popen('echo corpus').read()
