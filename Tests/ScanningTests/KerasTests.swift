// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Scanning

@Suite struct `Keras models` {
    static func layer(_ layer: String) -> String {
        #"{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": ["# + layer
            + #"]}, "registered_name": null, "build_config": {"input_shape": [null, 4]}, "compile_config": null}"#
    }

    @Test func `what loads or runs code is found at any depth`() throws {
        let cases: [(layer: String, verdict: Verdict, rule: String)] = [
            (
                #"{"class_name": "Lambda", "config": {"function": ["4wAAAA==", null, null], "function_type": "lambda"}}"#,
                .malicious, "keras-lambda"
            ),
            (
                #"{"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wAA"}}}}"#,
                .malicious, "keras-lambda"
            ),
            (
                #"{"module": "keras.layers", "class_name": "TimeDistributed", "config": {"layer": {"class_name": "Lambda", "config": {"function": ["4wAAAA==", null, null]}}}}"#,
                .malicious, "keras-lambda"
            ),
            (#"{"class_name": "__lambda__", "config": {"code": "x"}}"#, .malicious, "keras-lambda"),
            (
                #"{"class_name": "Lambda", "config": {"function": "my_function", "function_type": "function"}}"#,
                .unknown, "keras-named-lambda"
            ),
            (#"{"module": "os", "class_name": "system", "config": "echo corpus"}"#, .malicious, "keras-foreign-module"),
            (#"{"module": "builtins", "class_name": "eval", "config": {}}"#, .malicious, "keras-foreign-module"),
            (
                #"{"module": "builtins", "class_name": "function", "config": "exec"}"#, .malicious,
                "keras-foreign-module"
            ),
            (
                #"{"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}"#,
                .malicious, "keras-foreign-module"
            ),
            (#"{"module": "keras.utils", "class_name": "get_file", "config": {}}"#, .malicious, "keras-foreign-module"),
            (
                #"{"module": "keras.utils", "class_name": "function", "config": "get_file"}"#, .malicious,
                "keras-foreign-module"
            ),
            (
                #"{"module": "keras.config", "class_name": "enable_unsafe_deserialization", "config": {}}"#, .malicious,
                "keras-foreign-module"
            ),
            (
                #"{"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "x"}}"#,
                .malicious, "keras-foreign-module"
            ),
            (
                #"{"module": "keras.models", "class_name": "load_model", "config": {}}"#, .malicious,
                "keras-foreign-module"
            ),
            (
                #"{"module": "keras.layers", "class_name": "lowercase_function", "config": {}}"#, .malicious,
                "keras-foreign-module"
            ),
            (#"{"module": "my_package", "class_name": "Layer", "config": {}}"#, .unknown, "keras-unknown-module"),
            (
                #"{"module": "\u212Aeras.layers", "class_name": "Dense", "config": {}}"#, .unknown,
                "keras-unknown-module"
            ),
            (
                #"{"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "x"}}"#, .unknown,
                "keras-unknown-module"
            ),
            (#"{"class_name": "MyLayer", "config": {}}"#, .review, "keras-custom-class"),
            (
                #"{"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "my>Dense"}"#,
                .review, "keras-custom-class"
            ),
            (
                #"{"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}"#, .malicious,
                "keras-file-argument"
            ),
            (
                #"{"class_name": "StringLookup", "config": {"vocabulary": "http://host.invalid/x"}}"#, .malicious,
                "keras-file-argument"
            ),
            (
                #"{"class_name": "StringLookup", "config": {"vocabulary": "vocab.txt"}}"#, .review,
                "keras-vocabulary-file"
            ),
            (#"{"class_name": "Dense", "config": {"name": "../../x"}}"#, .malicious, "keras-path-name"),
        ]
        for (layer, verdict, rule) in cases {
            let found = try Checked.text(Self.layer(layer), name: "config.json")
            #expect(found.verdict == verdict, "\(layer)\n\(found.lines)")
            #expect(found.rules.contains(rule), "\(layer)\n\(found.lines)")
        }
    }

    @Test func `ordinary layers are clean`() throws {
        let layers = [
            #"{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 4], "name": "input/layer"}, "registered_name": null}"#,
            #"{"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "activation": "relu", "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null}, "registered_name": null}}, "registered_name": null}"#,
            #"{"module": "keras.layers", "class_name": "Activation", "config": {"activation": {"module": "builtins", "class_name": "function", "config": "softmax", "registered_name": "softmax"}}}"#,
            #"{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"layers": []}}"#,
            #"{"class_name": "BatchNormalization", "config": {"axis": [3]}}"#,
            #"{"class_name": "StringLookup", "config": {"vocabulary": ["a", "b"]}}"#,
            #"{"module": "keras.layers", "class_name": "Bidirectional", "config": {"layer": {"module": "keras.layers", "class_name": "LSTM", "config": {}}}}"#,
            #"{"class_name": "__tuple__", "items": [1, 2]}"#,
            #"{"class_name": "__numpy__", "config": {"value": 1.0, "dtype": "float32"}}"#,
        ]
        for layer in layers {
            let found = try Checked.text(Self.layer(layer), name: "config.json")
            #expect(found.verdict == .clean, "\(layer)\n\(found.lines)")
        }
    }
}
