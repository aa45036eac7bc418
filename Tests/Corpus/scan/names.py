# SPDX-License-Identifier: Apache-2.0
"""Writes Sources/Pickle/GlobalNames+Tables.swift and +Suspects.swift: which names a pickle may import, and what is known of the others.

    names.py LISTS Sources/Pickle

LISTS is a directory with the peers' published lists as JSON: torch 2.15's `weights_only` names (read from
`_get_allowed_globals()` at run time), picklescan 1.0.5's unsafe names, modelaudit 0.2.27's dangerous modules and functions,
modelaudit 0.2.54's suspicious names, fickling 0.1.12's list of machine learning names. What is decided here, and not by a
peer, stands below.
"""
import contextlib
import json
import pathlib
import re
import sys

# Inert: making such a value, with any arguments, does nothing beyond making it.
CLEAN = """
builtins: set frozenset dict list tuple int float str bytes bytearray bool object complex range slice len abs round ord chr bin
  hex oct Ellipsis NotImplemented Exception ValueError TypeError KeyError IndexError LookupError RuntimeError AttributeError
  NotImplementedError AssertionError ArithmeticError ZeroDivisionError OverflowError StopIteration NameError ImportError
  ModuleNotFoundError OSError FileNotFoundError MemoryError UnicodeDecodeError KeyboardInterrupt TimeoutError
collections: OrderedDict Counter defaultdict deque ChainMap UserDict UserList
datetime: date datetime time timedelta timezone
decimal: Decimal
fractions: Fraction
pathlib: Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath
pathlib._local: Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath
uuid: UUID SafeUUID
types: SimpleNamespace NoneType
argparse: Namespace
array: array _array_reconstructor
typing: Any
__future__: absolute_import annotations division generator_stop nested_scopes print_function unicode_literals with_statement
ipaddress: IPv4Address IPv6Address IPv4Network IPv6Network
zoneinfo: ZoneInfo ZoneInfo._unpickle
_codecs: encode
copyreg: _reconstructor
numpy: dtype ndarray bool bool_ int8 int16 int32 int64 intc intp longlong uint8 uint16 uint32 uint64 uintc uintp ulonglong
  recarray record matrix float16 float32 float64 longdouble complex64 complex128 clongdouble str_ bytes_ void object_ datetime64 timedelta64
numpy.core.multiarray: _reconstruct scalar
numpy._core.multiarray: _reconstruct scalar
numpy.core.numeric: _frombuffer
numpy._core.numeric: _frombuffer
numpy.core._internal: _dtype_from_pep3118
numpy.ma.core: _mareconstruct MaskedArray
numpy.ma: MaskedArray
numpy.rec: recarray record
numpy.core.records: recarray record
numpy._core.records: recarray record
dill._dill: _create_array
jax._src.array: _reconstruct_array
numpy.dtypes: BoolDType Int8DType Int16DType Int32DType Int64DType UInt8DType UInt16DType UInt32DType UInt64DType
  Float16DType Float32DType Float64DType Complex64DType Complex128DType StrDType BytesDType ObjectDType VoidDType
  DateTime64DType TimeDelta64DType
numpy.random: RandomState Generator __RandomState_ctor
numpy.random._pickle: __randomstate_ctor __generator_ctor __bit_generator_ctor
numpy.random.mtrand: RandomState
numpy.random._generator: Generator
numpy.random._mt19937: MT19937
numpy.random._pcg64: PCG64 PCG64DXSM
numpy.random._philox: Philox
numpy.random._sfc64: SFC64
numpy.random.bit_generator: SeedSequence __pyx_unpickle_SeedSequence
numpy.matrixlib.defmatrix: matrix
joblib.numpy_pickle: NumpyArrayWrapper
torch: Size Tensor device dtype layout memory_format strided sparse_coo sparse_csr contiguous_format channels_last
  preserve_format Generator
torch._C: device
torch.torch_version: TorchVersion
torch.jit._pickle: build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist restore_type_tag
torch._utils: _rebuild_nested_tensor _rebuild_parameter_v2
torch.nested._internal.nested_tensor: NestedTensor _rebuild_njt
torch.storage: TypedStorage UntypedStorage _TypedStorage _UntypedStorage
accelerate.utils.dataclasses: DistributedType
transformers.trainer_utils: EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType
  ShardedDDPOption
transformers.training_args: OptimizerNames
transformers.debug_utils: DebugOption
transformers.utils.generic: ExplicitEnum PaddingStrategy TensorType
sentence_transformers.training_args: BatchSamplers MultiDatasetBatchSamplers
trl.trainer.dpo_config: FDivergenceType FDivergenceConstants
pyannote.audio.core.task: Problem Resolution
torch.distributed.checkpoint.metadata: BytesStorageMetadata ChunkStorageMetadata Metadata MetadataIndex StorageMeta
  TensorProperties TensorStorageMetadata _MEM_FORMAT_ENCODING
torch.distributed.checkpoint.filesystem: _StorageInfo
"""

# Made of ordinary calls, but functions, and of libraries that a careful loader would not want to need.
REVIEW = """
pandas: DataFrame Series Index RangeIndex MultiIndex Timestamp Timedelta Interval Categorical CategoricalDtype StringDtype
  PeriodDtype DatetimeTZDtype IntervalDtype SparseDtype ArrowDtype DatetimeIndex PeriodIndex IntervalIndex TimedeltaIndex
pandas._libs.arrays: __pyx_unpickle_NDArrayBacked
pandas._libs.internals: BlockPlacement _unpickle_block
pandas._libs.tslibs.nattype: _nat_unpickle
pandas._libs.tslibs.offsets: BusinessDay Day MonthEnd __pyx_unpickle_BaseOffset
pandas._libs.tslibs.timedeltas: _timedelta_unpickle
pandas._libs.tslibs.timestamps: _unpickle_timestamp
pandas.core.indexes.base: Index _new_Index
pandas.core.indexes.datetimes: DatetimeIndex _new_DatetimeIndex
pandas.core.indexes.period: _new_PeriodIndex
pandas.core.indexes.interval: _new_IntervalIndex
pandas._libs.interval: __pyx_unpickle_IntervalMixin
pandas._libs.tslibs.period: _period_unpickle
pyarrow.lib: _restore_array type_for_alias py_buffer chunked_array Array StringArray LargeStringArray ChunkedArray
pandas.core.internals.blocks: new_block
pandas.core.internals.managers: BlockManager SingleBlockManager
scipy.sparse._csr: csr_array csr_matrix
scipy.sparse._csc: csc_array csc_matrix
scipy.sparse._coo: coo_array coo_matrix
scipy.sparse._lil: lil_array lil_matrix
scipy.sparse._bsr: bsr_array bsr_matrix
scipy.sparse._dia: dia_array dia_matrix
scipy.sparse._dok: dok_array dok_matrix
scipy.sparse.csr: csr_array csr_matrix
scipy.sparse.csc: csc_array csc_matrix
scipy.sparse.coo: coo_array coo_matrix
scipy.sparse.lil: lil_array lil_matrix
scipy.interpolate._interpolate: interp1d interp1d._call_linear interp1d._call_linear_np interp1d._call_nearest
  interp1d._call_previousnext interp1d._call_spline interp1d._call_nan_spline
scipy.interpolate.interpolate: interp1d interp1d._call_linear interp1d._call_linear_np interp1d._call_nearest
  interp1d._call_previousnext interp1d._call_spline interp1d._call_nan_spline
scipy.stats._distn_infrastructure: rv_frozen rv_continuous_frozen rv_discrete_frozen rv_sample rv_histogram
scipy.stats._kde: gaussian_kde
scipy.stats.kde: gaussian_kde
sklearn.neighbors._ball_tree: newObj BallTree
sklearn.neighbors._kd_tree: newObj KDTree
sklearn.neighbors.ball_tree: newObj BallTree
sklearn.neighbors.kd_tree: newObj KDTree
sklearn._loss.link: LogitLink
sklearn._loss._loss: __pyx_unpickle_CyHalfSquaredError __pyx_unpickle_CyHalfBinomialLoss __pyx_unpickle_CyHalfMultinomialLoss __pyx_unpickle_CyHalfPoissonLoss
  __pyx_unpickle_CyHalfGammaLoss __pyx_unpickle_CyAbsoluteError __pyx_unpickle_CyPinballLoss __pyx_unpickle_CyHuberLoss __pyx_unpickle_CyExponentialLoss
sklearn.metrics._dist_metrics: newObj
sklearn.neighbors._dist_metrics: newObj
sklearn.neighbors.dist_metrics: newObj
sklearn.linear_model._sgd_fast: Hinge Log ModifiedHuber SquaredLoss
sklearn.tree._tree: Tree
statsmodels.tsa.statespace._representation: sStatespace dStatespace cStatespace zStatespace
statsmodels.tsa.statespace._initialization: sInitialization dInitialization cInitialization zInitialization
statsmodels.tsa.statespace._kalman_filter: sKalmanFilter dKalmanFilter cKalmanFilter zKalmanFilter
statsmodels.tsa.statespace._kalman_smoother: sKalmanSmoother dKalmanSmoother cKalmanSmoother zKalmanSmoother
statsmodels.tsa.statespace._simulation_smoother: sSimulationSmoother dSimulationSmoother cSimulationSmoother zSimulationSmoother
io: BytesIO StringIO
_io: BytesIO StringIO
re: _compile
logging: getLogger Logger
random: Random
typing: Callable Dict List Literal Optional Set Tuple Type Union
enum: Enum IntEnum
itertools: count
numpy: ufunc memmap
numpy.core: _ufunc_reconstruct
numpy._core: _ufunc_reconstruct
numpy._core._ufunc_config: _ufunc_reconstruct
easydict: EasyDict
addict.addict: Dict
munch: Munch DefaultMunch
networkx.classes.graph: Graph
networkx.classes.digraph: DiGraph
torch.nn.utils.weight_norm: WeightNorm
torch.nn.functional: relu gelu silu tanh sigmoid softmax elu leaky_relu
torch._C._nn: gelu silu
torch.optim.lr_scheduler: LambdaLR
torch.utils.data.dataset: TensorDataset Subset ConcatDataset
scipy.spatial._ckdtree: cKDTree
scipy.spatial.ckdtree: cKDTree
torch.fx.graph_module: GraphModule
torch._utils: _rebuild_device_tensor_from_cpu_tensor
torch.quantization.observer: MinMaxObserver
torch.quantization.qconfig: QConfig
gensim.models.word2vec: Word2Vec
gensim.models.keyedvectors: KeyedVectors Word2VecKeyedVectors
gensim.models.ldaseqmodel: sslm
gensim.models.wrappers.fasttext: FastText FastTextKeyedVectors
flax.core.frozen_dict: FrozenDict
tokenizers: AddedToken Tokenizer
tokenizers.models: Model
ultralytics.utils.loss: E2EDetectLoss v8ClassificationLoss v8DetectionLoss v8OBBLoss v8PoseLoss v8SegmentationLoss
models.common: Bottleneck BottleneckCSP C3 C3TR Concat Contract Conv DWConv Detections Focus GhostConv SPP SPPF
models.yolo: Detect DetectionModel Model Segment SegmentationModel
"""

# Objects that carry Python code. Making them runs nothing; using them may.
CODE = """
dill._dill: _create_cell _create_code _create_function _load_type
torch.fx._lazy_graph_module: _make_graph_module
torch.fx.graph_module: reduce_graph_module
builtins: __main__
__builtin__: __main__
"""

# Functions that objects keep to call them later. Nothing happens while they are only named; called by a pickle, they are refused.
FUNCTIONS = """
builtins: max min sum sorted any all type zip enumerate reversed pow divmod hash isinstance issubclass repr iter next
operator: add sub mul truediv neg pos abs eq ne lt le gt ge and_ or_ xor not_
_operator: add sub mul truediv neg pos abs eq ne lt le gt ge and_ or_ xor not_
math: exp log log2 log10 log1p sqrt sin cos tan tanh floor ceil pow
numpy: add subtract multiply divide true_divide floor_divide power float_power mod remainder negative positive absolute abs
  fabs sign exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan arcsin arccos arctan arctan2 sinh cosh
  tanh arcsinh arccosh arctanh hypot degrees radians deg2rad rad2deg floor ceil rint trunc clip maximum minimum fmax fmin
  greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not logical_xor isnan isfinite isinf
  mean median std var sum prod min max amin amax nanmean nanmedian nanstd nanvar nansum nanmin nanmax argmax argmin argsort sort
  cumsum cumprod percentile quantile ravel reshape squeeze asarray array zeros ones dot matmul round nan_to_num where
  unique bincount concatenate stack vstack hstack transpose
gensim.utils: call_on_class_only identity
gensim.models.ensemblelda: mass_masking rank_masking
gensim.models.phrases: original_scorer npmi_scorer
gensim.models.tfidfmodel: df2idf smartirs_normalize smartirs_wglobal smartirs_wlocal
"""
FUNCTION_TREES = """
scipy._lib.array_api_compat. scipy.spatial.distance. scipy.special. scipy.stats. sentence_transformers.util. sklearn.cluster.
sklearn.feature_extraction. sklearn.feature_selection. sklearn.gaussian_process. sklearn.kernel_approximation. sklearn.metrics.
sklearn.neighbors. sklearn.preprocessing. sklearn.utils.validation. sklearn.utils.fixes. timm.layers. torch.nn.functional.
torch.nn.init.
"""

# The trees in which a class (never a function) is taken for a part of a model.
TREES = """
TTS. accelerate. alignment. autogluon. axolotl. bertopic. catboost. detectron2. diffusers. fairseq. fastai. flair. gensim.
h4. hdbscan. imblearn. keras. lightgbm. lightning. llava. mmcv. mmdet. mmengine. monai. nemo. omegaconf. open_clip. open_r1.
pandas. peft. pyannote. pytorch_lightning. scipy.sparse. scipy.interpolate. scipy.optimize.
scipy.signal. scipy.spatial. scipy.stats. segmentation_models_pytorch. sentence_transformers.
setfit. simpletransformers. skimage. sklearn. speechbrain. statsmodels. swift. timm. tokenizers. torch.ao.nn. torch.ao.quantization.
torch.distributions. torch.nn. torch.optim. torch.quantization. torch_geometric. torchaudio.models. torchaudio.transforms. torchcrf. torchmetrics.
torchvision.models. torchvision.ops. torchvision.transforms. tqdm. transformers. trl. ultralytics. umap. xgboost. yolov5.
FlagEmbedding. flax. hmmlearn. optax. fastchat. reranker. spacy. thinc. surprise. lightfm. implicit. pmdarima. prophet. sktime. tslearn. shap.
"""

# Beyond the peers' lists.
DANGEROUS_MODULES = """
__main__.os _aix_support _bootsubprocess _collections_abc.sys _ctypes _frozen_importlib _frozen_importlib_external _imp
_interpchannels _interpqueues _interpreters _io.open _msi _osx_support _posixshmem _posixsubprocess _pyio _pyrepl _socket
_sqlite3 _ssl _testcapi _winapi _xxinterpchannels _xxsubinterpreters antigravity ast bdb cgi cgitb cloudpickle code codeop
compileall concurrent cPickle crypt dbm dill difflib dis distutils doctest faulthandler fcntl fickling model_unpickler picklemagic saferpickle filecmp fileinput
fsspec ftplib gc getpass git glob http httplib idlelib imaplib imp importlib inspect ipykernel IPython jedi keyring lib2to3
linecache llama_cpp mailbox mailcap marshal mmap modulefinder msvcrt multiprocessing netrc nntplib nturl2path numpy.f2py
numpy.testing numpy.distutils optparse os paramiko parso pexpect pickletools picklescan pipes plistlib poplib posixpath ntpath
pstats psutil ptyprocess py_compile pyclbr pydoc pydoc_data pymysql readline requests resource rlcompleter sched
setuptools sh shelve shlex signal site sitecustomize smtpd smtplib sndhdr socketserver spwd sqlite3 symtable sysconfig
tarfile telnetlib tempfile termios test threading tkinter torch._dynamo torch._inductor torch.distributed.rpc torch.fx.experimental
torch.hub torch.package torch.utils.bottleneck torch.utils.collect_env torch.utils.cpp_extension torch.utils.data.datapipes
torch.utils._config_module torch.utils.tensorboard torch.utils.model_dump torch.testing torch.distributed.run
torch.distributed.launch torch.distributed.elastic torch.distributed.launcher torch.distributed.nn.jit torch.classes trace tracemalloc traceback tty turtle unittest urllib urllib2 urllib3 usercustomize venv winreg
wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport modelscan modelaudit joblib.memory joblib.parallel joblib.externals pandas.io
pandas.core.computation gensim.downloader gensim.scripts gensim.models.wrappers monai.apps monai.bundle tqdm.contrib jinja2 mako
cffi _cffi_backend subprocess32 billiard invoke fabric plumbum pytest _pytest nose twisted httpx boto3 botocore docker kubernetes
ray.cloudpickle pyspark.cloudpickle django werkzeug celery nltk.downloader pkg_resources transformers.dynamic_module_utils
huggingface_hub
"""
DANGEROUS_NAMES = """
_io: FileIO open open_code TextIOWrapper
io: FileIO open open_code TextIOWrapper
builtins: __import__ apply breakpoint compile delattr dir eval exec execfile exit file getattr globals hasattr help id input
  locals memoryview open print quit raw_input reload setattr super type vars map filter iter next sorted max min
codecs: open decode encode lookup
copyreg: __newobj__ __newobj_ex__ add_extension remove_extension pickle constructor
dill: load loads load_module load_session
joblib: load dump
joblib.numpy_pickle: load load_temporary_memmap
numpy: load loadtxt genfromtxt fromfile fromregex save savez DataSource fromfunction vectorize apply_along_axis
numpy.lib._npyio_impl: load loadtxt genfromtxt
numpy.lib.npyio: load loadtxt genfromtxt NpzFile
numpy.ctypeslib: load_library
torch: load save compile import_ir_module jit
torch.serialization: load save _load _legacy_load
torch.jit: load CompilationUnit
torch.jit._serialization: load
torch.jit.unsupported_tensor_ops: execWrapper
torch.multiprocessing: spawn
torch.ops: load_library
torch._ops: _Ops
pandas: eval read_pickle read_csv read_html read_json read_sql HDFStore
pandas.core.computation.eval: eval
sklearn.utils: _joblib
skops.io: load loads
tensorflow: py_function numpy_function
tensorflow.python.framework.load_library: load_op_library
transformers: pipeline AutoModel
types: CodeType FunctionType LambdaType MethodType ModuleType
functools: partial partialmethod reduce singledispatch
operator: attrgetter itemgetter methodcaller call
_operator: attrgetter itemgetter methodcaller call
uuid: _get_command_stdout _popen getnode
logging: FileHandler
logging.config: fileConfig dictConfig listen
random: _urandom
nltk.data: load
nltk: download
datasets: load_dataset load_from_disk
spacy: load
gensim.utils: unpickle
keras.models: load_model
keras.utils: get_file
keras.src.utils.file_utils: get_file
jsonpickle: decode
onnx: load
mlflow.pyfunc: load_model
fastai.learner: load_learner
hydra._internal.utils: _locate
pydantic._internal._validators: import_string
torch: from_file
torch.fx.graph_module: _forward_from_src _exec_with_source reduce_package_graph_module reduce_deploy_graph_module
yaml: load unsafe_load full_load
hydra.utils: instantiate call
hydra._internal.instantiate._instantiate2: instantiate
"""


def table(text):
    result = set()
    module = None
    for line in text.split("\n"):
        if ": " in line:
            module, line = line.split(": ", 1)
        for name in line.split():
            result.add(f"{module} {name}")
    return result


def pairs(names):
    return {" ".join(name.rsplit(".", 1)) for name in names}


def load(name):
    return json.loads((pathlib.Path(sys.argv[1]) / name).read_text())


weights_only = pairs(load("torch_weights_only_globals.json"))
clean = table(CLEAN) | weights_only
review = table(REVIEW)
for pair in pairs(load("fickling_ml_allowlist.json")):
    # A nested pickle and a constructor with arguments of its own have rules of their own.
    if pair.split()[-1] not in ("_load_from_bytes", "_reconstructor") and "BytesIO" not in pair:
        review.add(pair)
code = table(CODE)
functions = table(FUNCTIONS)
modules = set(DANGEROUS_MODULES.split())
names = table(DANGEROUS_NAMES)
for source in (load("picklescan_unsafe_globals.json"), load("modelaudit_0.2.54_suspicious_globals.json")):
    for module, entries in source.items():
        if entries == "*":
            modules.add(module)
        else:
            names |= {f"{module} {entry}" for entry in entries}
for module in load("modelaudit_0.2.27_always_dangerous_modules.json"):
    if module not in ("builtins", "__builtin__", "__builtins__", "functools", "logging", "types", "uuid", "threading"):
        modules.add(module)
names |= {p for p in pairs(f for f in load("modelaudit_0.2.27_always_dangerous_functions.json") if "." in f)}
# Modules that hold inert classes as well are judged name by name.
modules -= {"uuid", "types", "functools", "joblib", "logging", "operator", "_operator", "pathlib"}
review -= clean
names -= clean | review | functions
standard = sorted(n for n in sys.stdlib_module_names if n not in modules)


def swift(title, name, values):
    if name not in ("clean", "dangerousModules"):
        print()
    print(f"    /// {title}")
    print(f"    static let {name}: [String] = [")
    line = "       "
    for value in sorted(values, key=lambda v: v.encode()):
        item = f' "{value}",'
        if len(line) + len(item) > 128:
            print(line)
            line = "       "
        line += item
    print(line)
    print("    ]")


def check(values):
    for value in values:
        assert re.fullmatch(r"[!-~]+( [!-~]+)?", value) and '"' not in value and "\\" not in value, value


for values in (clean, review, code, functions, modules, names, weights_only, standard):
    check(values)
HEAD = """// SPDX-License-Identifier: Apache-2.0
// Written by Tests/Corpus/scan/names.py, which says where each name comes from. Sorted by bytes.

extension GlobalNames {"""
folder = pathlib.Path(sys.argv[2])
with (folder / "GlobalNames+Tables.swift").open("w") as file, contextlib.redirect_stdout(file):
    print(HEAD)
    swift("Values that do nothing: module and name.", "clean", clean)
    swift("Objects of known libraries, by exact name.", "review", review)
    swift("Objects that hold Python code.", "code", code)
    swift("Functions that may be named, and not called.", "functions", functions)
    swift("Where any function may be named, and not called.", "functionTrees", FUNCTION_TREES.split())
    swift("Where a class, but no function, is taken for a part of a model.", "trees", TREES.split())
    swift("What torch's `weights_only` loader accepts (torch 2.15).", "weightsOnly", weights_only)
    print("}")
with (folder / "GlobalNames+Suspects.swift").open("w") as file, contextlib.redirect_stdout(file):
    print(HEAD)
    swift("Modules of which nothing belongs in a model, with all that is below them.", "dangerousModules", modules)
    swift("Names that are known to be used in attacks, in modules that hold other things too.", "dangerousNames", names)
    swift("The other modules of Python's standard library (3.11 to 3.13).", "standardModules", standard)
    print("}")
