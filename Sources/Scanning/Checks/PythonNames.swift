// SPDX-License-Identifier: Apache-2.0

/// What is known of dotted Python names such as `os.system`, wherever a file holds one: in source, configurations or graphs.
enum PythonNames {
    /// What a name does when it is called.
    enum Effect: String {
        case command = "runs a command"
        case code = "runs code that is made at run time"
        case load = "loads objects that can carry code"
        case network = "uses the network"
        case native = "loads native code"
        case install = "installs packages"
        case file = "changes files"
    }

    /// Exact names.
    private static let names: [String: Effect] = [
        "os.system": .command, "os.popen": .command, "os.posix_spawn": .command, "os.posix_spawnp": .command,
        "os.startfile": .command, "os.fork": .command, "os.forkpty": .command, "posix.system": .command,
        "nt.system": .command,
        "pty.spawn": .command, "platform.popen": .command, "asyncio.create_subprocess_shell": .command,
        "asyncio.create_subprocess_exec": .command, "commands.getoutput": .command,
        "commands.getstatusoutput": .command,
        "webbrowser.open": .command, "pexpect.spawn": .command, "pexpect.run": .command,
        "IPython.shell.system": .command,
        "IPython.shell.getoutput": .command, "IPython.shell.run_cell": .command,
        "IPython.shell.run_line_magic": .command,
        "IPython.shell.run_cell_magic": .command, "distutils.spawn.spawn": .command, "timeit.timeit": .code,
        "timeit.repeat": .code,
        "builtins.eval": .code, "builtins.exec": .code, "builtins.compile": .code, "builtins.__import__": .code,
        "builtins.getattr": .code, "runpy.run_path": .code, "runpy.run_module": .code, "code.interact": .code,
        "code.InteractiveInterpreter": .code, "code.InteractiveConsole": .code, "types.FunctionType": .code,
        "types.CodeType": .code, "types.LambdaType": .code, "cProfile.run": .code, "profile.run": .code,
        "pdb.run": .code,
        "importlib.import_module": .code, "importlib.__import__": .code, "importlib.reload": .code,
        "pydoc.locate": .code,
        "pkgutil.resolve_name": .code, "imp.load_source": .code, "imp.load_module": .code,
        "importlib.util.spec_from_file_location": .code, "importlib.machinery.SourceFileLoader": .code,
        "marshal.loads": .load, "marshal.load": .load, "pickle.loads": .load, "pickle.load": .load,
        "pickle.Unpickler": .load,
        "_pickle.loads": .load, "_pickle.load": .load, "cPickle.loads": .load, "cPickle.load": .load,
        "dill.loads": .load,
        "dill.load": .load, "cloudpickle.loads": .load, "cloudpickle.load": .load, "joblib.load": .load,
        "shelve.open": .load,
        "torch.load": .load, "torch.serialization.load": .load, "torch.hub.load": .load,
        "torch.hub.load_state_dict_from_url": .load, "torch.package.PackageImporter": .load,
        "pandas.read_pickle": .load,
        "pd.read_pickle": .load, "yaml.unsafe_load": .load, "yaml.full_load": .load, "jsonpickle.decode": .load,
        "numpy.load": .load, "keras.models.load_model": .load, "tensorflow.keras.models.load_model": .load,
        "urllib.request.urlopen": .network, "urllib.request.urlretrieve": .network, "urllib.urlopen": .network,
        "urllib.urlretrieve": .network, "urllib2.urlopen": .network, "socket.socket": .network,
        "socket.create_connection": .network, "http.client.HTTPConnection": .network,
        "http.client.HTTPSConnection": .network,
        "ftplib.FTP": .network, "smtplib.SMTP": .network, "smtplib.SMTP_SSL": .network, "telnetlib.Telnet": .network,
        "paramiko.SSHClient": .network, "wget.download": .network, "torch.hub.download_url_to_file": .network,
        "aiohttp.ClientSession": .network, "ctypes.CDLL": .native, "ctypes.PyDLL": .native, "ctypes.WinDLL": .native,
        "ctypes.CDLL().system": .command, "ctypes.CDLL().popen": .command, "ctypes.CDLL().execve": .command,
        "ctypes.cdll.LoadLibrary": .native, "ctypes.windll.LoadLibrary": .native, "cffi.FFI": .native,
        "torch.ops.load_library": .native, "torch.classes.load_library": .native,
        "torch.utils.cpp_extension.load": .native,
        "torch.utils.cpp_extension.load_inline": .native, "tensorflow.load_op_library": .native,
        "tf.load_op_library": .native,
        "pip.main": .install, "pip._internal.main": .install, "pip._internal.cli.main.main": .install,
        "ensurepip.bootstrap": .install, "easy_install.main": .install, "shutil.rmtree": .file, "shutil.move": .file,
        "os.remove": .file, "os.unlink": .file, "os.rmdir": .file, "os.removedirs": .file, "os.chmod": .file,
        "os.rename": .file,
        "os.symlink": .file, "os.link": .file,
    ]

    /// Modules of which every function has one effect; the longest prefix of a name counts.
    private static let modules: [(prefix: String, effect: Effect)] = [
        ("os.exec", .command), ("os.spawn", .command), ("subprocess.", .command), ("pty.", .command), ("sh.", .command),
        ("requests.", .network), ("httpx.", .network), ("urllib3.", .network), ("_winapi.CreateProcess", .command),
        ("winreg.", .file),
        ("_posixsubprocess.", .command), ("multiprocessing.util.spawnv_passfds", .command),
    ]

    /// Parts of modules above that only describe things.
    private static let harmless: Set<String> = [
        "subprocess.PIPE", "subprocess.DEVNULL", "subprocess.STDOUT", "subprocess.CalledProcessError",
        "subprocess.TimeoutExpired",
        "subprocess.SubprocessError", "subprocess.CompletedProcess", "subprocess.STARTUPINFO",
        "subprocess.list2cmdline",
        "requests.exceptions", "requests.Session",
        "requests.Response",
        "requests.adapters.HTTPAdapter", "httpx.Timeout", "httpx.Limits", "urllib3.Retry", "urllib3.util.Retry",
        "requests.RequestException", "urllib3.disable_warnings",
    ]

    /// Names that Python has without an import.
    static let builtIn: [String: String] = [
        "eval": "builtins.eval", "exec": "builtins.exec", "compile": "builtins.compile",
        "__import__": "builtins.__import__",
        "execfile": "builtins.exec",
    ]

    /// What a call of the name does; nil when nothing is known of it.
    static func effect(of name: String) -> Effect? {
        let name = name.hasPrefix("__builtins__.") ? "builtins." + name.dropFirst(13) : name
        if let effect = names[name] { return effect }
        // A module that another one has imported: `shutil.os.system`.
        if let inner = innerName(name) { return effect(of: inner) }
        guard !harmless.contains(name), !harmless.contains(where: { name.hasPrefix($0 + ".") }) else { return nil }
        return modules.first { name.hasPrefix($0.prefix) }?.effect
    }

    /// The part from a module on that is reached through another one; nil for other names.
    private static func innerName(_ name: String) -> String? {
        let parts = name.split(separator: ".")
        guard parts.count > 2, parts[0] != "self", parts[0] != "cls",
            let place = parts.dropFirst().dropLast().firstIndex(where: {
                ["os", "_os", "posix", "subprocess", "builtins", "_sys", "sys"].contains($0)
            })
        else { return nil }
        let module = parts[place].drop { $0 == "_" }
        return ([module] + parts[(place + 1)...]).joined(separator: ".")
    }

    /// Modules out of which a configuration has no business to name anything.
    private static let roots: Set<String> = [
        "os", "posix", "nt", "subprocess", "builtins", "__builtin__", "__builtins__", "sys", "shutil", "socket",
        "importlib",
        "runpy", "pty", "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "ctypes", "code",
        "codeop",
        "types", "webbrowser", "urllib", "urllib2", "urllib3", "requests", "httpx", "http", "ftplib", "smtplib",
        "telnetlib", "pip",
        "timeit", "pdb", "bdb", "profile", "cProfile", "trace", "multiprocessing", "asyncio", "tempfile", "io", "_io",
        "inspect",
        "operator", "_operator", "commands", "pydoc", "pkgutil", "imp", "zipimport", "platform", "signal", "gc",
        "atexit",
        "threading", "cffi", "shelve", "dbm", "sqlite3", "distutils", "setuptools", "ensurepip", "venv", "IPython",
        "paramiko",
        "_posixsubprocess", "_winapi", "winreg", "antigravity", "idlelib", "lib2to3", "test", "unittest", "doctest",
    ]

    /// Functions of libraries that load code or files, as configurations of attacks name them.
    private static let gadgets: Set<String> = [
        "torch.load", "torch.save", "torch.serialization.load", "torch.hub.load", "torch.hub.load_state_dict_from_url",
        "torch.hub.download_url_to_file", "torch.jit.load", "torch.ops.load_library", "torch.classes.load_library",
        "torch.utils.cpp_extension.load", "torch.utils.cpp_extension.load_inline", "torch.package.PackageImporter",
        "torch.utils.collect_env.run", "numpy.load", "numpy.fromfile", "numpy.save", "numpy.savetxt",
        "pandas.read_pickle",
        "pandas.read_csv", "pandas.eval", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "jsonpickle.decode",
        "keras.models.load_model", "tensorflow.keras.models.load_model", "keras.utils.get_file",
        "tensorflow.keras.utils.get_file",
        "tensorflow.load_op_library", "tensorflow.io.write_file", "tensorflow.io.read_file", "hydra.utils.get_method",
        "hydra.utils.get_object", "hydra.utils.call", "hydra._internal.utils._locate", "functools.partial",
        "functools.reduce",
        "transformers.dynamic_module_utils.get_class_from_dynamic_module", "fsspec.open", "pathlib.Path",
    ]

    /// Whether a configuration that names this callable can only mean harm.
    static func isForbiddenTarget(_ name: String) -> Bool {
        let parts = name.split(whereSeparator: { $0 == "." || $0 == ":" }).map(String.init)
        guard let root = parts.first, !parts.isEmpty else { return false }
        let dotted = parts.joined(separator: ".")
        return roots.contains(root) || gadgets.contains(dotted) || effect(of: dotted) != nil
            || parts.contains {
                ["os", "sys", "subprocess", "builtins", "importlib", "eval", "exec"].contains($0) || isSpecial($0)
            }
    }

    private static func isSpecial(_ part: String) -> Bool { part.utf8.starts(with: "__".utf8) }
}
