// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Looks at JSON documents: configurations, tokenizers, indexes, Keras models, notebooks and manifests. What a document is follows
/// from its keys; the name only decides what is said of one that cannot be read.
package enum ConfigCheck {
    /// Checks a JSON document, or a file of several (JSON Lines).
    ///
    /// - Parameter repository: the repository that the file is from, when it is known: references to itself are its own code.
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings,
        repository: String? = nil
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.jsonBytes, at: place, into: &findings) else {
            return
        }
        check(bytes, name: name, at: place, into: &findings, repository: repository)
    }

    /// Checks the bytes of a JSON document.
    package static func check(
        _ bytes: [UInt8], name: String, at place: ScanPlace, into findings: inout ScanFindings,
        repository: String? = nil
    ) {
        let nodes: [ScannedJSON.Node]
        do throws(JSONReader.Problem) {
            nodes = try ScannedJSON.parse(bytes)
        } catch {
            findings.add(
                .documentMalformed, place.line(error.line), "\(CheckText.quoted(name)) is not JSON: \(error.reason)")
            return
        }
        for node in nodes { check(node, name: name, at: place, into: &findings, repository: repository) }
    }

    static func check(
        _ node: ScannedJSON.Node, name: String, at place: ScanPlace, into findings: inout ScanFindings,
        repository: String?
    ) {
        if NotebookCheck.isNotebook(node) { return NotebookCheck.check(node, at: place, into: &findings) }
        if SkopsCheck.isSchema(node) { return SkopsCheck.check(node, at: place, into: &findings) }
        if KerasCheck.isModel(node) { return KerasCheck.check(node, at: place, into: &findings) }
        HandlerCheck.check(node, name: name, at: place, into: &findings)
        var walk = ConfigWalk(name: name, place: place, repository: repository)
        walk.run(node)
        for finding in walk.findings.findings { findings.add(finding) }
    }

    /// Checks texts that a container keeps beside its tensors: the `__metadata__` of safetensors, the properties of an ONNX model.
    ///
    /// A text that is itself JSON is checked as a configuration; `place` is extended by the key.
    package static func check(
        metadata: [(key: String, value: String)], at place: ScanPlace, into findings: inout ScanFindings,
        repository: String? = nil
    ) {
        for (key, value) in metadata.prefix(CheckLimits.metadataEntries) {
            let at = place.member(key)
            let first = value.utf8.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x09 }
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
                let nodes = try? ScannedJSON.parse(Array(value.utf8))
            {
                for node in nodes { check(node, name: key, at: at, into: &findings, repository: repository) }
            } else if CheckText.contains(key, "chat_template") {
                TemplateCheck.check(text: value, role: .chat, at: at, into: &findings)
            } else {
                var walk = ConfigWalk(name: key, place: at, repository: repository)
                walk.entry(key, ScannedJSON.Node(value: .string(value), line: 1))
                for finding in walk.findings.findings { findings.add(finding) }
                if CheckText.contains(value, "!!python/") {
                    findings.add(.yamlPythonTag, at, "the text has a tag that begins with `!!python/`")
                }
                for key in ["_target_:", "\"_target_\"", "py/reduce"] where CheckText.contains(value, key) {
                    findings.add(.configUnknownTarget, at, "the text has \(CheckText.quoted(key)) in it")
                }
            }
        }
    }
}
