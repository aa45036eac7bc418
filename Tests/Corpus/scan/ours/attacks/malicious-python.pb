,*

n0Placeholder

n1PyFuncStateless