// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation
import Testing

@testable import Scanning

/// Damaged and twisted input: no check may trap. `WEIGHLOCK_MUTATIONS` sets how many are made of each kind.
@Suite struct `Checks survive what they are given` {
    static let count = ProcessInfo.processInfo.environment["WEIGHLOCK_MUTATIONS"].flatMap { Int($0) } ?? 300

    private func mutate(_ label: String, seed: UInt64, _ samples: [[UInt8]], _ check: ([UInt8]) -> Void) throws {
        try #require(!samples.isEmpty)
        print("seed of \(label): \(seed), \(Self.count) mutations")
        var numbers = SeededNumbers(seed: seed)
        for index in 0..<Self.count { check(numbers.mutate(samples[index % samples.count])) }
    }

    @Test func `HDF5, ONNX and TensorFlow files`() throws {
        for (ending, seed) in [(".h5", UInt64(11)), (".onnx", 12), (".pb", 13)] {
            let samples = Checked.samples.filter { $0.name.hasSuffix(ending) && $0.bytes.count < 40_000 }
            try mutate(ending, seed: seed, samples.map(\.bytes)) { bytes in
                _ = try? Checked.sample(bytes, name: "x" + ending)
                _ = try? ONNXCheck.begins(MemorySource(bytes))
                _ = try? SavedModelCheck.form(of: MemorySource(bytes))
            }
        }
    }

    @Test func `templates of every kind`() throws {
        let samples = `Chat templates`.attacks.map(\.text) + BenignTemplates.all.map(\.text)
        try mutate("templates", seed: 21, samples.map { Array($0.utf8) }) {
            _ = Checked.template(String(decoding: $0, as: UTF8.self))
        }
    }

    @Test func `source in Python`() throws {
        try mutate("Python", seed: 31, `Python files`.cases.map { Array($0.text.utf8) }) { bytes in
            _ = try? Checked.bytes(bytes, name: "x.py") { try PythonCheck.check($0, name: $1, at: $2, into: &$3) }
        }
    }

    @Test func `every check over every kind of text`() throws {
        let texts = [
            #"{"auto_map": {"AutoModel": "o/r--m.X"}, "chat_template": "{{ a }}", "_target_": "os.system", "x": [1, -2.5e3, null, "\u00e9\ud83d\ude00"]}"#,
            `Keras models`.layer(#"{"class_name": "Lambda", "config": {"function": ["4wAAAA==", null, null]}}"#),
            "a: !!python/name:os.system\nb: {_target_: x.Y}\n# c\n",
            "--index-url https://u:p@host.invalid/\nx @ git+https://h\n-e .\n",
            #"{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["!pip x\n", "exec(f'{a:{b}}')"]}]}"#,
            #"{"__class__": "A", "__module__": "os", "__loader__": "ObjectNode"}"#, "import os; x\n", "#!/bin/sh\n",
        ]
        try mutate("texts", seed: 41, texts.map { Array($0.utf8) }) { fuzzChecks($0) }
    }

    @Test func `nesting without end`() {
        let deep = 10_000
        for (open, close) in [
            ("(", ")"), ("[", "]"), ("getattr(", ", 'x')"), ("vars(", ")"), ("f'{", "}'"), ("{\"config\":", "}"),
            ("{\"class_name\":\"A\",\"config\":", "}"),
            ("{{ (", ") }}"), ("{% if a %}", "{% endif %}"), ("- ", ""), ("a[", "]"), ("lambda: ", ""), ("not ", ""),
            ("x if ", ""), (" !", ""),
            ("a.b(c)", ""), ("{a:", "}"), ("#", ""), ("\\\n", ""), ("'", ""), ("eval('", "')"),
        ] {
            let text = String(repeating: open, count: deep) + "x" + String(repeating: close, count: deep)
            fuzzChecks(Array(text.utf8))
        }
    }

    @Test func `random bytes`() {
        let seed: UInt64 = 51
        print("seed of random bytes: \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let heads: [[UInt8]] = [
            [], [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 2, 8, 8, 0], Array("GGUF\u{3}\u{0}\u{0}\u{0}".utf8),
            [0x08, 0x07, 0x3A],
            [0x7F, 0x45, 0x4C, 0x46], Array("{\"class_name\":".utf8),
        ]
        for index in 0..<Self.count {
            let count = Int.random(in: 0..<300, using: &numbers)
            let bytes = heads[index % heads.count] + (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
            fuzzChecks(bytes)
        }
    }
}
