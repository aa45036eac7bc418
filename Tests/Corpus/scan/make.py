# SPDX-License-Identifier: Apache-2.0
"""Writes pickles.json: attacks, malformed pickles and ordinary ones, with the verdict and the rule that each must get.

    make.py > pickles.json

The attacks are instructions put together by hand. Their payloads do nothing (an evaluation of "1", a word to print), and this
script only writes them down: no pickle is loaded here.
"""
import base64
import datetime
import collections
import json
import pickle
import struct

CASES = []


def case(name, data, verdict, rule=None):
    CASES.append({"name": name, "hex": data.hex(), "verdict": verdict, "rule": rule})


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return b"\x8c" + bytes([len(value)]) + value


def blob(value):
    return b"B" + struct.pack("<I", len(value)) + value


def stack_global(module, name):
    return text(module) + text(name) + b"\x93"


def call(module, name, *arguments):
    return b"c%s\n%s\n" % (module.encode(), name.encode()) + b"(" + b"".join(arguments) + b"tR"


def frame(data):
    return b"\x95" + struct.pack("<Q", len(data)) + data


EVIL = b"cbuiltins\neval\n(U\x011tR"
P2, P4 = b"\x80\x02", b"\x80\x04"

# Names: what peers missed at some time, and the classes behind it (the table of bypasses in docs/formats/pickle.md).
DANGEROUS = """
builtins.eval builtins.exec builtins.compile builtins.getattr builtins.__import__ os.system posix.system nt.system subprocess.Popen
subprocess.run pip.main pip._internal.main asyncio.unix_events.f pkgutil.resolve_name uuid._get_command_stdout imaplib.IMAP4_stream
_pyrepl.pager.pipe_pager _osx_support._find_build_tool _aix_support._read_cmd_output test.support.run pydoc.locate
_operator.methodcaller operator.attrgetter numpy.f2py.crackfortran.getlincoef ctypes.CDLL distutils.file_util.write_file pty.spawn
io.FileIO urllib.request.urlopen logging.FileHandler types.CodeType cloudpickle.cloudpickle._make_function
torch.utils.bottleneck.__main__.run_cprofile torch._dynamo.guards.GuardBuilder torch.utils.collect_env.run
torch.utils.data.datapipes.utils.decoder.basichandlers torch.jit.unsupported_tensor_ops.execWrapper trace.Trace profile.run
cProfile.run lib2to3.pgen2.grammar.Grammar idlelib.run.Executive code.InteractiveInterpreter ensurepip._run_pip doctest.debug_script
timeit.timeit marshal.loads runpy.run_path importlib.import_module multiprocessing.util.spawnv_passfds linecache.getlines
difflib.ndiff gc.get_objects platform.popen _interpreters.create _xxsubinterpreters.create bdb.Bdb pdb.run sys.exit
webbrowser.open shutil.rmtree socket.create_connection ssl.get_server_certificate requests.api.get aiohttp.client.ClientSession
httplib.HTTPSConnection numpy.testing._private.utils.runstring numpy.load torch.load torch.hub.load torch.serialization.load
pickle.loads _pickle.loads dill.loads joblib.load fickling.hook.remove_hook site.main zipimport.zipimporter tempfile.mktemp
functools.partial ast.parse inspect.getsource smtplib.SMTP ftplib.FTP telnetlib.Telnet sqlite3.connect venv.create
torch.package.PackageImporter torch.distributed.rpc.remote llama_cpp.Llama fsspec.open pexpect.spawn codecs.decode base64.b64decode
""".split()
for name in DANGEROUS:
    module, attribute = name.rsplit(".", 1)
    case(f"calls {name}", P2 + call(module, attribute, b"U\x011") + b".", "malicious", "pickle-global-dangerous")
    case(f"imports {name} alone", P4 + stack_global(module, attribute) + b"0N.", "malicious", "pickle-global-dangerous")

for module, name in [("pathlib", "os.system"), ("torch", "serialization.os.system"), ("builtins", "eval.__call__"),
                     ("numpy", "__builtins__"), ("torch.nn.modules", "linear.sys.modules"), ("collections", "__class__"),
                     ("__future__", "_ssl.RAND_bytes")]:
    case(f"reaches {module} {name}", P4 + stack_global(module, name) + text("1") + b"\x85R.", "malicious", "pickle-global-dotted")
for module, name in [("cPickle", "loads"), ("urllib2", "urlopen"), ("commands", "getoutput"), ("__builtin__", "execfile"),
                     ("__builtin__", "apply"), ("copy_reg", "add_extension")]:
    case(f"Python 2 alias {module} {name}", call(module, name, b"U\x011") + b".", "malicious", "pickle-global-dangerous")
case("stdlib function on no list", P2 + call("colorsys", "rgb_to_hsv", b"K\1") + b".", "malicious", "pickle-global-dangerous")
case("unknown function", P2 + call("some_package", "some_function") + b".", "unknown", "pickle-global-unknown")
case("unknown class", P2 + b"csome_package\nSomeClass\n)\x81.", "unknown", "pickle-global-unknown")
case("Kelvin sign in an allowed name", P4 + stack_global("torch", "Bool\u212a") + b".", "unknown", "pickle-global-unknown")
case("allowed name with a blank", P4 + stack_global("torch", "Size ") + b".", "unknown", "pickle-global-unknown")
case("allowed name of a submodule", P4 + stack_global("torch.x", "Size") + b".", "unknown", "pickle-global-unknown")

# How the operands come to the instruction.
case("operands from the memo", P4 + text("builtins") + b"\x94" + text("eval") + b"\x9400h\0h\1\x93" + text("1") + b"\x85R.", "malicious", "pickle-global-dangerous")
case("memo entry written twice", P4 + text("collections") + b"q\0" + b"0" + text("builtins") + b"q\0" + b"0h\0" + text("eval") + b"\x93.", "malicious", "pickle-global-dangerous")
case("decoy strings and POP", P4 + text("builtins") + text("eval") + text("collections") + b"0" + text("OrderedDict") + b"0\x93.", "malicious", "pickle-global-dangerous")
case("decoy strings and POP_MARK", P4 + text("builtins") + text("eval") + b"(" + text("collections") + text("OrderedDict") + b"1\x93.", "malicious", "pickle-global-dangerous")
case("operands doubled", P4 + text("code") + b"2\x93.", "malicious", "pickle-global-dangerous")
case("BINSTRING operands", P4 + b"T\x08\0\0\0builtinsU\x04eval\x93.", "malicious", "pickle-global-dangerous")
case("UNICODE escapes", P4 + b"V\\u0062uiltins\nVev\\u0061l\n\x93.", "malicious", "pickle-global-dangerous")
case("STRING escapes", P4 + b"S'b\\x75iltins'\nS'ev\\141l'\n\x93.", "malicious", "pickle-global-dangerous")
case("surrogates before the payload", P4 + b"\x8c\x03\xed\xa0\x800" + EVIL + b".", "malicious", "pickle-global-dangerous")
case("computed name", P4 + text("collections") + call("builtins", "str", text("OrderedDict")) + b"\x93.", "malicious", "pickle-computed-name")
case("name in another encoding", P4 + text("collections") + b"U\x01\xff\x93.", "malicious", "pickle-computed-name")

# How the call is made.
case("INST", b"(S'1'\nibuiltins\neval\n.", "malicious", "pickle-global-dangerous")
case("OBJ", b"(cbuiltins\neval\nS'1'\no.", "malicious", "pickle-global-dangerous")
case("OBJ, then POP", b"(cbuiltins\neval\nS'1'\no0N.", "malicious", "pickle-global-dangerous")
case("NEWOBJ", P2 + b"csubprocess\nPopen\n(K\1t\x81.", "malicious", "pickle-global-dangerous")
case("NEWOBJ_EX", P4 + stack_global("subprocess", "Popen") + b")}\x92.", "malicious", "pickle-global-dangerous")
case("call of a call's result", P4 + stack_global("collections", "OrderedDict") + b")R)R.", "malicious", "pickle-computed-callee")
case("EXT1", b"\x80\x02\x82\x01)R.", "malicious", "pickle-extension")
case("EXT2", b"\x80\x02\x83\x01\x01)R.", "malicious", "pickle-extension")
case("EXT4", b"\x80\x02\x84\x01\0\0\0)R.", "malicious", "pickle-extension")
case("call of a persistent object", P2 + b"U\x01aQ)R.", "malicious", "pickle-computed-callee")

# Writes.
case("BUILD on a function", P2 + b"ctorch._utils\n_rebuild_tensor_v2\n}U\x01aK\1sb.", "malicious", "pickle-build-global")
case("BUILD on a class", P2 + b"ccollections\nOrderedDict\n}U\x01aK\1sb.", "malicious", "pickle-build-global")
case("BUILD on a number", P2 + b"K\1}b.", "malicious", "pickle-build-value")
case("SETITEM on a list", P2 + b"]K\0K\1s.", "malicious", "pickle-write")
case("SETITEMS on a tensor", P2 + call("torch", "Tensor") + b"(K\0K\1u.", "malicious", "pickle-write")
case("APPENDS on an OrderedDict", P2 + call("collections", "OrderedDict") + b"(K\1e.", "malicious", "pickle-write")
case("codec that imports", P2 + call("_codecs", "encode", text("a"), text("idna")) + b".", "malicious", "pickle-call-arguments")
case("reconstructor of an unusual base", P2 + call("copyreg", "_reconstructor", b"ccollections\nOrderedDict\n", b"cdatetime\ndate\n", b"N") + b".", "malicious", "pickle-call-arguments")
case("_rebuild_from_type_v2 with another function", P2 + call("torch._tensor", "_rebuild_from_type_v2", b"ccollections\nCounter\n", b"ctorch\nTensor\n", b")", b"}") + b".", "malicious", "pickle-call-arguments")

# More than one pickle, and what is behind.
case("second stream", P2 + b"N." + P2 + EVIL + b".", "malicious", "pickle-global-dangerous")
case("stream behind zeros", P2 + b"N." + bytes(64) + P2 + EVIL + b".", "malicious", "pickle-global-dangerous")
case("stream behind other bytes", P2 + b"N.\xff\xff\xff" + P2 + EVIL + b".", "malicious", "pickle-global-dangerous")
case("payload, then no STOP", P2 + EVIL, "malicious", "pickle-malformed")
case("payload, then no instruction", P2 + EVIL + b"\xff.", "malicious", "pickle-malformed")
case("unset memo entry, then the payload", P2 + b"h\x09" + P2 + EVIL + b".", "malicious", "pickle-malformed")
case("trailing bytes", P2 + b"N.abc", "unscannable", "pickle-trailing")
case("trailing zeros", P2 + b"N." + bytes(32), "clean")
straddle = b"\x95\x09" + bytes(7) + b"K\1" + b"B\x04\0\0\0" + b"N.NN"
case("BINBYTES across a frame", P4 + straddle + EVIL + b".", "malicious", "pickle-malformed")
case("PROTO in the middle", P4 + b"N0\x80\x02N.", "unscannable", "pickle-protocol")

# Malformed.
for name, data in [("empty", b""), ("only PROTO", P2), ("protocol 6", b"\x80\x06N."), ("nested frames", P4 + frame(frame(b"N."))),
                   ("frame beyond the end", P4 + b"\x95\xff\0\0\0\0\0\0\0N."), ("frame that ends in an instruction", P4 + frame(b"M") + b"\1\0."),
                   ("BINUNICODE longer than the data", P2 + b"X\xff\xff\xff\x7fa."), ("BINBYTES8 of 2^63", P4 + b"\x8e" + b"\xff" * 8 + b"."),
                   ("missing mark", P2 + b"t."), ("unset memo", P2 + b"h\0."), ("odd SETITEMS", P2 + b"}(Nu."), ("call of a string", P2 + b"U\x01a)R."),
                   ("arguments in a list", P2 + b"ccollections\nOrderedDict\n]R."), ("list as a key", P2 + b"}]Ns."), ("PNG", b"\x89PNG\r\n\x1a\n"),
                   ("zip", b"PK\3\4" + bytes(30)), ("buffer from elsewhere", b"\x80\x05\x97."), ("invalid UTF-8", P2 + b"X\1\0\0\0\xff."),
                   ("many marks", P2 + b"(" * 20000 + b"N."), ("STACK_GLOBAL of numbers", P4 + b"K\1K\2\x93.")]:
    case(name, data, "unscannable")
case("memo entry of four billion", P2 + b"Nr\xff\xff\xff\xff.", "unscannable", "pickle-memo-index")
case("persistent id that is no storage", P2 + b"U\x05helloQ.", "unknown", "pickle-persistent-id")

# Pickles in constants.
inner = P2 + EVIL + b"."
case("nested, malicious", P2 + blob(inner) + b".", "malicious", "pickle-nested")
case("nested in base64", P2 + blob(base64.b64encode(inner)) + b".", "malicious", "pickle-nested")
case("nested in hexadecimal", P2 + text(inner.hex()) + b".", "malicious", "pickle-nested")
case("nested, protocol 0", P2 + blob(b"cos\nsystem\n(S'1'\ntR.") + b".", "malicious", "pickle-nested")
case("nested twice", P2 + blob(P2 + blob(inner) + b".") + b".", "malicious", "pickle-nested")
case("nested, inert", P2 + blob(pickle.dumps([1, 2, 3])) + b".", "review", "pickle-nested")
case("_load_from_bytes with a payload", P2 + call("torch.storage", "_load_from_bytes", blob(inner)) + b".", "malicious", "pickle-nested")
case("_load_from_bytes with nothing in it", P2 + call("torch.storage", "_load_from_bytes", blob(P2 + b"N.")) + b".", "review", "pickle-nested")
case("_load_from_bytes of something computed", P2 + call("torch.storage", "_load_from_bytes", call("builtins", "bytes")) + b".", "malicious", "pickle-call-arguments")

# Constructors of classes that are known by their library alone, and functions that objects only keep.
case("constructor with an address", P2 + call("ultralytics.models.yolo.model", "YOLO", text("https://h.invalid/x.pt")) + b".", "unknown", "pickle-constructor")
case("constructor with a path in a list", P2 + call("sklearn.base", "BaseEstimator", b"](" + text("../x") + b"e") + b".", "unknown", "pickle-constructor")
case("constructor with a word", P2 + call("transformers.trainer_utils", "Kind", text("every_save")) + b".", "review", "pickle-object")
case("items appended to an object", P2 + b"csklearn.utils\nBunch\n)\x81(" + text("a") + b"e.", "unknown", "pickle-constructor")
case("a method of its own", P2 + b"cargparse\nNamespace\n)\x81}" + text("__setstate__") + b"csklearn.utils\nBunch\nsb" + text("x") + b"b.", "malicious", "pickle-computed-callee")
case("source of torch.fx", P2 + call("torch.fx.graph_module", "reduce_graph_module", b"}", text("import os")) + b".", "unknown", "pickle-code")
case("functions that are kept", P2 + b"(cnumpy\nlog1p\nc__builtin__\nmax\ncsklearn.metrics._ranking\nroc_curve\nl.", "review", "pickle-object")
case("a function that is called", P2 + call("numpy", "mean", b"K\1") + b".", "unknown", "pickle-global-unknown")
case("a built-in function that is called", P2 + call("builtins", "max", b"K\1", b"K\2") + b".", "malicious", "pickle-global-dangerous")
case("types of constants", P2 + call("builtins", "type", b"N") + b"0" + call("builtins", "type", b"c__builtin__\nEllipsis\n") + b".", "review", "pickle-object")
case("a class that is made", P2 + call("builtins", "type", text("X"), b")", b"}") + b".", "malicious", "pickle-global-dangerous")
case("a file that is mapped", P2 + call("numpy", "memmap", text("x")) + b".", "malicious", "pickle-global-dangerous")
case("array of dill with another function", P2 + call("dill._dill", "_create_array", b"ccollections\nCounter\n", b")", b"N", b"N") + b".", "malicious", "pickle-call-arguments")
case("a time zone as protocol 2 writes it", pickle.dumps(__import__("zoneinfo").ZoneInfo("Europe/Oslo"), 2), "clean")
case("getattr of another method", P2 + call("builtins", "getattr", b"czoneinfo\nZoneInfo\n", text("from_file")) + b".", "malicious", "pickle-global-dangerous")

# Costly.
case("list in itself, 50 times", P4 + b"]\x94" + b"h\0a" * 50 + b".", "review", "pickle-expansion")
lists = b"]q\0"
for level in range(1, 40):
    lists += b"]q" + bytes([level]) + (b"h" + bytes([level - 1])) * 0 + (b"h" + bytes([level - 1]) + b"a") * 2
case("two references a level, 40 levels", P2 + b"](" + lists + b"e.", "review", "pickle-expansion")
case("values left over", P2 + b"NNN.", "review", "pickle-leftover")
case("bytearray of 8 GB", P2 + call("builtins", "bytearray", b"\x8a\x05\0\0\0\0\x02") + b".", "review", "pickle-allocation")

# Ordinary pickles, as CPython writes them.
for protocol in range(6):
    for name, value in [
        ("plain values", {"a": [1, 2.5, None, True, "é", b"\0\xff"], "b": (1, (2, 3)), "big": 1 << 90, "small": -(1 << 70)}),
        ("sets", [{1, 2}, frozenset({3}), set()]), ("long list", list(range(3000))), ("bytes and bytearray", [b"x" * 300, bytearray(b"y" * 300)]),
        ("OrderedDict", collections.OrderedDict(a=1, b=2)), ("Counter", collections.Counter("abracadabra")),
        ("deque", collections.deque([1, 2])), ("datetime", [datetime.datetime(2024, 1, 2), datetime.timedelta(1), datetime.timezone.utc]),
        ("list in itself", (lambda l: (l.append(l), l)[1])([1])), ("shared", (lambda l: [l, l, l])([1])), ("complex", [1j, range(3), slice(1, 2)]),
        ("long text", "x" * (66000 if protocol == 4 else 5000) + "é"), ("text with line ends", "a\nb\\u0041'\"\0"), ("defaultdict", collections.defaultdict(list, a=[1])),
    ]:
        case(f"{name}, protocol {protocol}", pickle.dumps(value, protocol), "clean")

# A state dict of one tensor, as torch writes it into `data.pkl`, and the same with protocol 4.
storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\6tQ"
tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0K\2K\3\x86K\3K\1\x86\x89ccollections\nOrderedDict\n)RtR"
state = b"ccollections\nOrderedDict\n)R(X\x01\0\0\0w" + tensor + b"u}X\x09\0\0\0_metadataccollections\nOrderedDict\n)Rsb."
case("state dict", P2 + state, "clean")
case("state dict with protocol 4", P4 + frame(state), "clean")
case("parameter", P2 + call("torch._utils", "_rebuild_parameter", tensor, b"\x88", b"ccollections\nOrderedDict\n)R") + b".", "clean")
case("whole module", P2 + b"ctorch.nn.modules.linear\nLinear\n)\x81}X\x08\0\0\0trainingK\0sb.", "review", "pickle-object")
case("random number state", P2 + call("numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", b"K\0\x85", b"C\1b") + b"(K\1K\1\x85" + call("numpy", "dtype", text("u1"), b"\x89", b"\x88") + b"\x89C\1at" + b"b.", "clean")
case("time zone", P4 + stack_global("zoneinfo", "ZoneInfo._unpickle") + text("Europe/Oslo") + b"\x88\x86R.", "clean")
case("scikit-learn model", P2 + b"csklearn.linear_model._logistic\nLogisticRegression\n)\x81}b.", "review", "pickle-object")
case("training arguments of one's own", P2 + b"c__main__\nMyTrainingArguments\n)\x81}b.", "review", "pickle-object")
case("function made by dill", P2 + call("dill._dill", "_create_function", call("dill._dill", "_create_code", b"K\1"), b"}") + b".", "review", "pickle-code")
case("function made by dill, and called", P2 + call("dill._dill", "_create_function", call("dill._dill", "_create_code", b"K\1"), b"}") + b")R.", "malicious", "pickle-computed-callee")

magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
head = magic + pickle.dumps(1001, 2) + pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
legacy = head + P2 + state + pickle.dumps(["0"], 2)
case("torch legacy", legacy + struct.pack("<q", 6) + bytes(24), "clean")
case("torch legacy, storage too short", legacy + struct.pack("<q", 6) + bytes(23), "unscannable", "pickle-trailing")
case("torch legacy, other size", legacy + struct.pack("<q", 5) + bytes(20), "unscannable", "pickle-trailing")
case("torch legacy, bytes behind", legacy + struct.pack("<q", 6) + bytes(24) + inner, "malicious", "pickle-trailing")
case("torch legacy, payload in the fourth", head + inner + pickle.dumps([], 2), "malicious", "pickle-global-dangerous")

def module_id(name):
    """What PyTorch's first formats have where a module's class is: an id with the class, its file and its source text."""
    return b"(X\x06\0\0\0modulec" + name + b"NNtQ"


keys = pickle.dumps([], 2)
case("torch legacy, whole module", head + P2 + module_id(b"torch.nn.modules.linear\nLinear\n") + b")\x81}X\x08\0\0\0trainingK\0sb." + keys, "review", "pickle-object")
case("torch legacy, a function for a class", head + P2 + module_id(b"posix\nsystem\n") + b"X\x02\0\0\0id\x85R." + keys, "malicious", "pickle-global-dangerous")
case("torch legacy, a call's result for a class", head + P2 + b"(X\x06\0\0\0module" + call("builtins", "getattr", b"N", text("x")) + b"NNtQ)R." + keys, "malicious", "pickle-computed-callee")
case("module id outside of PyTorch's format", P2 + module_id(b"torch.nn.modules.linear\nLinear\n") + b")\x81.", "unknown", "pickle-persistent-id")

case("magic number that is computed", P2 + EVIL + b"." + pickle.dumps(1001, 2), "malicious", "pickle-global-dangerous")

print("[")
print(",\n".join(json.dumps(row) for row in CASES))
print("]")
