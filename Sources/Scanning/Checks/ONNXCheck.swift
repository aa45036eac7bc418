// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Looks at an ONNX model: where its external data lie, and whose operators it uses.
package enum ONNXCheck {
    private static let domains: Set<String> = [
        "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft",
        "com.microsoft.nchwc", "com.microsoft.experimental", "com.microsoft.dml", "com.ms.internal.nhwc",
        "org.pytorch.aten",
        "com.microsoft.mlfeaturizers", "ai.onnx.contrib", "com.microsoft.extensions",
    ]

    /// Fields of the outermost message that are looked at to recognise a model.
    private static let fieldLimit = 100_000

    /// Whether the bytes look like an ONNX model: among the fields are a version and a graph. Fields that models do not have are
    /// skipped, as readers skip them.
    ///
    /// Reads the keys of the top level, and the first of the graph.
    package static func begins(_ source: any ByteSource) throws(ByteError) -> Bool {
        var reader = ProtobufReader(source)
        var hasVersion = false
        var hasGraph = false
        for _ in 0..<fieldLimit {
            let field: ProtobufReader.Field?
            do throws(ProtobufReader.Problem) {
                field = try reader.next()
            } catch {
                if case .bytes(let error) = error { try rethrow(error) }
                // A cut model is still a model, when enough of it was seen.
                return hasVersion && hasGraph
            }
            guard let field else { break }
            switch (field.number, field.value) {
            case (1, .number(let version)) where version > 0 && version < 1000: hasVersion = true
            case (7, .range(let offset, let count)): if !hasGraph { hasGraph = try isGraph(source, offset, count) }
            default: break
            }
            if hasVersion, hasGraph { return true }
        }
        return false
    }

    /// Whether a message begins with a field that graphs have.
    private static func isGraph(
        _ source: any ByteSource, _ offset: UInt64, _ count: UInt64
    ) throws(ByteError) -> Bool {
        var reader = ProtobufReader(source, at: offset, count: count)
        do throws(ProtobufReader.Problem) {
            guard let field = try reader.next() else { return true }
            if case .range = field.value { return field.number <= 16 }
            return false
        } catch {
            if case .bytes(let error) = error { try rethrow(error) }
            return false
        }
    }

    static func rethrow(_ error: ByteError) throws(ByteError) {
        switch error {
        case .absent, .unreadable: throw error
        case .truncated, .overLimit: return
        }
    }

    /// Checks a model.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        var scan = ONNXScan(walk: ProtobufWalk(source, at: place))
        try scan.model()
        for (domain, offset) in scan.domains
        where !scan.functions.contains(domain) && !CheckText.isListed(domain, in: domains) {
            scan.walk.report(
                .onnxCustomDomain, offset, "operators of the domain \(CheckText.quoted(domain)) are used", name: domain)
        }
        for finding in scan.walk.findings.findings { findings.add(finding) }
    }
}

/// One look at one ONNX model.
private struct ONNXScan {
    var walk: ProtobufWalk
    var domains: [String: UInt64] = [:]
    var functions: Set<String> = []

    mutating func model() throws(ByteError) {
        var (graphs, bodies, trainings, properties): ([Part], [Part], [Part], [(key: String, value: String)]) = (
            [], [], [], []
        )
        try walk.each(0, walk.source.size, depth: 0) { (walk, field) throws(ByteError) in
            guard case .range(let offset, let count) = field.value else { return }
            let part = Part(offset: offset, count: count)
            switch field.number {
            case 7: graphs.append(part)
            case 14: if let property = try Self.pair(&walk, part) { properties.append(property) }
            case 20: trainings.append(part)
            case 25: bodies.append(part)
            default: break
            }
        }
        for body in bodies { try function(body) }
        for part in graphs { try graph(part, 1) }
        for part in trainings {
            var inner: [Part] = []
            try walk.each(part.offset, part.count, depth: 1) { (_, field) throws(ByteError) in
                if field.number == 1 || field.number == 2, case .range(let offset, let count) = field.value {
                    inner.append(Part(offset: offset, count: count))
                }
            }
            for part in inner { try graph(part, 2) }
        }
        ConfigCheck.check(metadata: properties, at: walk.place, into: &walk.findings)
    }

    struct Part {
        let offset: UInt64
        let count: UInt64
    }

    /// A message of a key and a value.
    private static func pair(
        _ walk: inout ProtobufWalk, _ part: Part
    ) throws(ByteError) -> (key: String, value: String)? {
        var (key, value): (String?, String?) = (nil, nil)
        try walk.each(part.offset, part.count, depth: 60) { (walk, field) throws(ByteError) in
            if field.number == 1 { key = try walk.text(field) }
            if field.number == 2 { value = try walk.text(field) }
        }
        return key.map { ($0, value ?? "") }
    }

    private mutating func function(_ part: Part) throws(ByteError) {
        var domain = ""
        var nodes: [Part] = []
        try walk.each(part.offset, part.count, depth: 1) { (walk, field) throws(ByteError) in
            guard case .range(let offset, let count) = field.value else { return }
            if field.number == 10 { domain = try walk.text(field) ?? "" }
            if field.number == 7 { nodes.append(Part(offset: offset, count: count)) }
        }
        functions.insert(domain)
        for part in nodes { try node(part, 2) }
    }

    private mutating func graph(_ part: Part, _ depth: Int) throws(ByteError) {
        var scan = self
        try walk.each(part.offset, part.count, depth: depth) { (walk, field) throws(ByteError) in
            guard case .range(let offset, let count) = field.value else { return }
            let part = Part(offset: offset, count: count)
            scan.walk = walk
            defer { walk = scan.walk }
            switch field.number {
            case 1: try scan.node(part, depth + 1)
            case 5: try scan.tensor(part, depth + 1)
            case 15: try scan.sparse(part, depth + 1)
            default: break
            }
        }
        (domains, functions) = (scan.domains, scan.functions)
    }

    private mutating func node(_ part: Part, _ depth: Int) throws(ByteError) {
        var (operation, domain) = ("", "")
        var attributes: [Part] = []
        try walk.each(part.offset, part.count, depth: depth) { (walk, field) throws(ByteError) in
            switch field.number {
            case 4: operation = try walk.text(field) ?? ""
            case 7: domain = try walk.text(field) ?? ""
            case 5:
                if case .range(let offset, let count) = field.value {
                    attributes.append(Part(offset: offset, count: count))
                }
            default: break
            }
        }
        if operation == "PyOp" || operation == "PyCustomOp" || operation == "PythonOp" {
            walk.report(
                .onnxPython, part.offset, "the operator \(CheckText.quoted(operation)) is used", name: operation)
        }
        if domains[domain] == nil { domains[domain] = part.offset }
        for attribute in attributes { try self.attribute(attribute, depth + 1) }
    }

    private mutating func attribute(_ part: Part, _ depth: Int) throws(ByteError) {
        var (tensors, graphs, sparses): ([Part], [Part], [Part]) = ([], [], [])
        try walk.each(part.offset, part.count, depth: depth) { (_, field) throws(ByteError) in
            guard case .range(let offset, let count) = field.value else { return }
            let part = Part(offset: offset, count: count)
            switch field.number {
            case 5, 10: tensors.append(part)
            case 6, 11: graphs.append(part)
            case 22, 23: sparses.append(part)
            default: break
            }
        }
        for part in tensors { try tensor(part, depth + 1) }
        for part in graphs { try graph(part, depth + 1) }
        for part in sparses { try sparse(part, depth + 1) }
    }

    private mutating func sparse(_ part: Part, _ depth: Int) throws(ByteError) {
        var tensors: [Part] = []
        try walk.each(part.offset, part.count, depth: depth) { (_, field) throws(ByteError) in
            if field.number <= 2, case .range(let offset, let count) = field.value {
                tensors.append(Part(offset: offset, count: count))
            }
        }
        for part in tensors { try tensor(part, depth + 1) }
    }

    private mutating func tensor(_ part: Part, _ depth: Int) throws(ByteError) {
        var entries: [Part] = []
        try walk.each(part.offset, part.count, depth: depth) { (_, field) throws(ByteError) in
            if field.number == 13, case .range(let offset, let count) = field.value {
                entries.append(Part(offset: offset, count: count))
            }
        }
        var numbers: [UInt64] = []
        for entry in entries {
            guard let (key, value) = try Self.pair(&walk, entry) else { continue }
            switch key {
            case "location":
                // ONNX Runtime's own mark for data that are in memory.
                if value == "*/_ORT_MEM_ADDR_/*" || !ProtobufWalk.isInside(value) {
                    walk.report(
                        .graphOutsideFile, entry.offset, "external data lie at \(CheckText.quoted(value))", name: value)
                }
            case "offset", "length":
                if let number = UInt64(value), number <= UInt64(Int64.max) {
                    numbers.append(number)
                } else {
                    walk.report(.onnxDataRange, entry.offset, "`\(key)` is \(CheckText.quoted(value))", name: key)
                }
            default: break
            }
        }
        if numbers.count >= 2, numbers[0].addingReportingOverflow(numbers[1]).partialValue > UInt64(Int64.max) {
            walk.report(.onnxDataRange, part.offset, "offset and length are more than any file has", name: "length")
        }
    }
}
