Í
"serve*2.15.0¹

n0Placeholder

n1Const

n2VarHandleOp

n3ReadVariableOp

n4MatMul

n5BiasAdd


n6Relu

n7StatefulPartitionedCall

n8SaveV2

n9	RestoreV2

n10MergeV2Checkpoints

n11ShardedFilename

n12
StringJoin

n13NoOp

n14Identity


f0
innerEagerPyFunc"Ã