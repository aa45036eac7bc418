import random
random._os.popen('echo')
