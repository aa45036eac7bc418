)'


nConst


f
nEagerPyFunc