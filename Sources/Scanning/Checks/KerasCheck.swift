// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Looks at the configuration of a Keras model: every class, module and function it names, at any depth.
package enum KerasCheck {
    /// Checks the configuration as text: `config.json` of a `.keras` archive, or the attribute `model_config` of an HDF5 file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.jsonBytes, at: place, into: &findings) else {
            return
        }
        check(bytes, at: place, into: &findings)
    }

    static func check(_ bytes: [UInt8], at place: ScanPlace, into findings: inout ScanFindings) {
        do throws(JSONReader.Problem) {
            for node in try ScannedJSON.parse(bytes) { check(node, at: place, into: &findings) }
        } catch {
            findings.add(
                .documentMalformed, place.line(error.line), "the configuration of a model is not JSON: \(error.reason)")
        }
    }

    /// Whether a document describes a Keras object: it names a class and holds its configuration.
    static func isModel(_ node: ScannedJSON.Node) -> Bool {
        node.all("class_name").contains { $0.string != nil } && node.has("config")
    }

    static func check(_ node: ScannedJSON.Node, at place: ScanPlace, into findings: inout ScanFindings) {
        switch node.value {
        case .array(let items): for item in items { check(item, at: place, into: &findings) }
        case .object(let members):
            if node.has("class_name") { judge(node, at: place.line(node.line), into: &findings) }
            for (key, value) in members {
                argument(key, value, at: place.line(value.line), into: &findings)
                check(value, at: place, into: &findings)
            }
        default: break
        }
    }

    // MARK: - Classes

    private static func judge(_ node: ScannedJSON.Node, at place: ScanPlace, into findings: inout ScanFindings) {
        let configs = node.few("config")
        let modules = node.few("module").compactMap(\.string)
        for name in node.few("class_name").compactMap(\.string) {
            let shown = (modules.first.map { $0 + "." } ?? "") + name
            if name == "__lambda__" || name == "Lambda" || name.hasSuffix(">Lambda") {
                lambda(name, configs, at: place, into: &findings)
                continue
            }
            let called = configs.compactMap(\.string)
            if let bad = ([name] + (name == "function" ? called : [])).first(where: isForbidden) {
                findings.add(
                    .kerasForeignModule, place, "\(CheckText.quoted(shown)) has \(CheckText.quoted(bad)) called",
                    name: bad)
                continue
            }
            var isKnown = false
            for module in modules where !module.isEmpty && !(module == "builtins" && isPlain(name, called)) {
                isKnown = true
                if KerasNames.isKeras(module) {
                    if name != "function", !isClassName(name), !KerasNames.values.contains(name) {
                        findings.add(
                            .kerasForeignModule, place, "the function \(CheckText.quoted(shown)) is called", name: shown
                        )
                    }
                } else if PythonNames.isForbiddenTarget(module + "." + name) {
                    findings.add(.kerasForeignModule, place, "\(CheckText.quoted(shown)) is built", name: shown)
                } else {
                    findings.add(.kerasUnknownModule, place, "\(CheckText.quoted(shown)) is built", name: shown)
                }
            }
            if KerasNames.loaders.contains(name) {
                findings.add(
                    .kerasUnknownModule, place, "\(CheckText.quoted(shown)) runs a model of another kind", name: shown)
            } else if name == "function" {
                for function in called where !CheckText.isListed(function, in: KerasNames.functions) {
                    findings.add(
                        .kerasCustomClass, place, "the function \(CheckText.quoted(function)) is used", name: function)
                }
            } else if !isKnown, !KerasNames.isClass(name), !CheckText.isListed(name, in: KerasNames.values) {
                findings.add(.kerasCustomClass, place, "the class \(CheckText.quoted(shown)) is used", name: name)
            }
        }
        for name in node.few("registered_name").compactMap(\.string) where CheckText.contains(name, ">") {
            let package = name.prefix { $0 != ">" }
            guard !["keras", "keras_hub", "keras_nlp", "keras_cv", "Addons"].contains(String(package)) else { continue }
            findings.add(.kerasCustomClass, place, "the registered class \(CheckText.quoted(name)) is used", name: name)
        }
    }

    private static func isPlain(_ name: String, _ called: [String]) -> Bool {
        name == "function" && called.allSatisfy { CheckText.isListed($0, in: KerasNames.functions) }
            || CheckText.isListed(name, in: KerasNames.values)
    }

    /// A name, or the last part of one with dots, that must not be built.
    private static func isForbidden(_ name: String) -> Bool {
        KerasNames.forbidden.contains(name)
            || name.split(separator: ".").last.map { KerasNames.forbidden.contains(String($0)) } ?? false
            || name.utf8.contains(0x2E) && PythonNames.isForbiddenTarget(name)
    }

    private static func isClassName(_ name: String) -> Bool {
        name.utf8.first.map { $0 >= 0x41 && $0 <= 0x5A } ?? false
    }

    private static func lambda(
        _ name: String, _ configs: [ScannedJSON.Node], at place: ScanPlace, into findings: inout ScanFindings
    ) {
        if name == "__lambda__" || configs.contains(where: { $0.has("code") }) {
            findings.add(.kerasLambda, place, "a function is given as byte code", name: "Lambda")
            return
        }
        let functions = configs.flatMap { $0.all("function") + $0.all("output_shape") + $0.all("mask") }
        let carriesCode = functions.contains { function in
            // Old files hold `[code, defaults, closure]`, new ones an object of the class `__lambda__`.
            if let items = function.items { return items.first?.string != nil && items.count == 3 }
            return function.all("class_name").contains { $0.string == "__lambda__" }
                || function.all("config").contains { $0.has("code") }
        }
        let isTyped = configs.contains { config in
            (config.all("function_type") + config.all("output_shape_type")).contains { $0.string == "lambda" }
        }
        if carriesCode || isTyped || functions.isEmpty {
            findings.add(
                .kerasLambda, place, "the layer \(CheckText.quoted(name)) holds a function as byte code", name: "Lambda"
            )
        } else {
            findings.add(
                .kerasNamedLambda, place, "the layer \(CheckText.quoted(name)) calls a function that is only named",
                name: "Lambda")
        }
    }

    // MARK: - Arguments

    private static let fileKeys: Set<String> = [
        "vocabulary", "idf_weights", "vocabulary_file", "merges_file", "filepath", "file_path", "filename", "fname",
        "origin", "url",
        "cache_dir", "save_dir", "proto", "weights_path", "cache_subdir", "vocabulary_path",
    ]

    private static func argument(
        _ key: String, _ value: ScannedJSON.Node, at place: ScanPlace, into findings: inout ScanFindings
    ) {
        if key == "name" || key == "layer_name", let name = value.string {
            let parts = name.utf8.split(omittingEmptySubsequences: false) { $0 == 0x2F || $0 == 0x5C }
            if parts.contains(where: { $0.elementsEqual("..".utf8) }) || name.utf8.first == UInt8(ascii: "/") {
                findings.add(.kerasPathName, place, "a name is \(CheckText.quoted(name))", name: name)
            }
        }
        guard CheckText.isListed(key, in: fileKeys), let path = value.string, !path.isEmpty else { return }
        if CheckText.leavesDirectory(path) {
            findings.add(.kerasFileArgument, place, "`\(key)` is \(CheckText.quoted(path))", name: path)
        } else if key == "vocabulary" || key.utf8.starts(with: "vocabulary".utf8) || key == "merges_file" {
            findings.add(.kerasVocabularyFile, place, "`\(key)` is \(CheckText.quoted(path))", name: path)
        }
    }
}
