def f(a=__import__('os').system('echo corpus')):
    pass
