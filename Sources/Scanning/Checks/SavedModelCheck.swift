// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Looks at the operations of a TensorFlow graph: `saved_model.pb`, a frozen graph, or a meta graph.
package enum SavedModelCheck {
    /// The outermost message of a file.
    package enum Form: Sendable, Hashable {
        case savedModel
        case metaGraph
        case graph
        /// `keras_metadata.pb`.
        case kerasMetadata
    }

    /// What the bytes are; nil when they are no TensorFlow graph. Reads the keys of the outer levels, and the first node.
    package static func form(of source: any ByteSource) throws(ByteError) -> Form? {
        guard let top = try outline(source, 0, source.size) else { return nil }
        if top.numbers[1] != nil, let inner = top.ranges[2], let meta = try outline(source, inner.offset, inner.count),
            meta.ranges[2] != nil || meta.ranges[1] != nil
        {
            return .savedModel
        }
        if let node = top.ranges[1], try isNode(source, node) { return .graph }
        if let graph = top.ranges[2], let inner = try outline(source, graph.offset, graph.count),
            let node = inner.ranges[1],
            try isNode(source, node)
        {
            return .metaGraph
        }
        if let node = top.ranges[1], let inner = try outline(source, node.offset, node.count), inner.numbers[2] != nil,
            inner.ranges[5] != nil
        {
            return .kerasMetadata
        }
        return nil
    }

    private struct Outline {
        var numbers: [UInt64: UInt64] = [:]
        var ranges: [UInt64: (offset: UInt64, count: UInt64)] = [:]
    }

    /// The first fields of a message; nil when it is none.
    private static func outline(
        _ source: any ByteSource, _ offset: UInt64, _ count: UInt64
    ) throws(ByteError) -> Outline? {
        var reader = ProtobufReader(source, at: offset, count: count)
        var outline = Outline()
        for index in 0..<64 {
            let field: ProtobufReader.Field?
            do throws(ProtobufReader.Problem) {
                field = try reader.next()
            } catch {
                if case .bytes(let error) = error { try ONNXCheck.rethrow(error) }
                return index > 0 && !outline.ranges.isEmpty ? outline : nil
            }
            guard let field else { return index > 0 ? outline : nil }
            switch field.value {
            case .number(let number): outline.numbers[field.number] = number
            case .range(let offset, let count):
                if outline.ranges[field.number] == nil { outline.ranges[field.number] = (offset, count) }
            }
        }
        return outline
    }

    /// Whether a message has a name and an operation that look like those of a node.
    private static func isNode(
        _ source: any ByteSource, _ range: (offset: UInt64, count: UInt64)
    ) throws(ByteError) -> Bool {
        guard let node = try outline(source, range.offset, range.count), let name = node.ranges[1],
            let operation = node.ranges[2],
            node.ranges.keys.allSatisfy({ $0 <= 8 }), name.count > 0, name.count < 4096, operation.count > 0,
            operation.count < 256
        else { return false }
        return try source.bytes(at: operation.offset, count: Int(operation.count)).allSatisfy {
            $0 == 0x5F || $0 == 0x3E || ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A)
        }
    }

    /// Checks a graph.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        // Fields of a wrong kind are skipped by readers, so a file can look like one thing and be read as another: it is walked as each.
        let form = try form(of: source) ?? .savedModel
        for reading: Form in [.savedModel, .metaGraph, .graph, .kerasMetadata] {
            var walk = ProtobufWalk(source, at: place)
            switch reading {
            case .graph: try graph(0, source.size, 0, &walk)
            case .metaGraph: try metaGraph(0, source.size, 0, &walk)
            case .kerasMetadata: try kerasMetadata(&walk)
            case .savedModel:
                try walk.each(0, source.size, depth: 0) { (walk, field) throws(ByteError) in
                    if field.number == 2, case .range(let offset, let count) = field.value {
                        try metaGraph(offset, count, 1, &walk)
                    }
                }
            }
            for finding in walk.findings.findings where reading == form || finding.verdict == .malicious {
                findings.add(finding)
            }
        }
    }

    private static func metaGraph(
        _ offset: UInt64, _ count: UInt64, _ depth: Int, _ walk: inout ProtobufWalk
    ) throws(ByteError) {
        try walk.each(offset, count, depth: depth) { (walk, field) throws(ByteError) in
            guard case .range(let offset, let count) = field.value else { return }
            switch field.number {
            case 2: try graph(offset, count, depth + 1, &walk)
            case 6:
                try walk.each(offset, count, depth: depth + 1) { (walk, field) throws(ByteError) in
                    guard field.number == 2, let path = try walk.text(field), !ProtobufWalk.isInside(path) else {
                        return
                    }
                    walk.report(
                        .graphOutsideFile, field.offset, "an asset lies at \(CheckText.quoted(path))", name: path)
                }
            default: break
            }
        }
    }

    private static func graph(
        _ offset: UInt64, _ count: UInt64, _ depth: Int, _ walk: inout ProtobufWalk
    ) throws(ByteError) {
        try walk.each(offset, count, depth: depth) { (walk, field) throws(ByteError) in
            guard case .range(let offset, let count) = field.value else { return }
            if field.number == 1 { try node(offset, count, depth + 1, &walk) }
            if field.number == 2 {
                try walk.each(offset, count, depth: depth + 1) { (walk, field) throws(ByteError) in
                    guard field.number == 1, case .range(let offset, let count) = field.value else { return }
                    try walk.each(offset, count, depth: depth + 2) { (walk, field) throws(ByteError) in
                        guard field.number == 3, case .range(let offset, let count) = field.value else { return }
                        try node(offset, count, depth + 3, &walk)
                    }
                }
            }
        }
    }

    private static func node(
        _ offset: UInt64, _ count: UInt64, _ depth: Int, _ walk: inout ProtobufWalk
    ) throws(ByteError) {
        try walk.each(offset, count, depth: depth) { (walk, field) throws(ByteError) in
            guard field.number == 2, let operation = try walk.text(field) else { return }
            judge(operation, field.offset, &walk)
        }
    }

    private static func judge(_ operation: String, _ offset: UInt64, _ walk: inout ProtobufWalk) {
        guard let rule = rule(for: operation) else { return }
        walk.report(rule, offset, "the operation \(CheckText.quoted(operation)) is used", name: operation)
    }

    /// What is said of an operation; nil for one of TensorFlow's own that only computes.
    static func rule(for operation: String) -> ScanRule? {
        if python.contains(operation) { return .savedModelPython }
        if writing.contains(operation) { return .savedModelWrite }
        if reading.contains(operation) { return .savedModelRead }
        let isPlain = operation.utf8.allSatisfy {
            $0 == 0x5F || ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A)
        }
        return isPlain ? nil : .savedModelUnknownOperation
    }

    private static let python: Set<String> = [
        "PyFunc", "PyFuncStateless", "EagerPyFunc", "NumPyFunc", "LoadLibrary", "GeneratorDataset", "RegisterDataset",
        "XlaHostCompute",
        "RpcCall", "RpcServer", "RpcClient", "TryRpc", "Rpc",
    ]
    private static let writing: Set<String> = [
        "WriteFile", "WriteSummary", "WriteImageSummary", "WriteAudioSummary", "WriteHistogramSummary",
        "WriteScalarSummary",
        "WriteGraphSummary", "WriteRawProtoSummary", "CreateSummaryFileWriter", "PrintV2File", "DebugIdentity",
        "DebugIdentityV2", "DebugIdentityV3",
        "DebugNanCount", "DebugNumericSummary", "DebugNumericSummaryV2",
        "RenameFile",
        "DatasetToTFRecord", "SaveDataset", "SaveDatasetV2", "SnapshotDataset", "SnapshotDatasetV2",
        "FileSystemSetConfiguration",
    ]
    private static let reading: Set<String> = [
        "ReadFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2",
        "TFRecordReader",
        "TFRecordReaderV2", "FixedLengthRecordReader", "FixedLengthRecordReaderV2", "TextLineDataset",
        "TFRecordDataset",
        "TFRecordDatasetV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "CSVDataset", "CSVDatasetV2",
        "SqlDataset",
        "LMDBDataset", "LMDBReader", "LoadDataset", "ImmutableConst", "MatchingFilesDataset", "ReadVariableFile",
    ]

    /// The nodes of `keras_metadata.pb`: each holds the configuration of a layer as JSON.
    private static func kerasMetadata(_ walk: inout ProtobufWalk) throws(ByteError) {
        try walk.each(0, walk.source.size, depth: 0) { (walk, field) throws(ByteError) in
            guard field.number == 1, case .range(let offset, let count) = field.value else { return }
            try walk.each(offset, count, depth: 1) { (walk, field) throws(ByteError) in
                guard field.number == 5, case .range(let offset, let count) = field.value,
                    count <= UInt64(CheckLimits.jsonBytes)
                else { return }
                let bytes = try walk.source.bytes(at: offset, count: Int(count))
                guard let nodes = try? ScannedJSON.parse(bytes) else {
                    walk.report(
                        .documentMalformed, offset, "the configuration of a layer is not JSON", name: "metadata")
                    return
                }
                for node in nodes { KerasCheck.check(node, at: walk.place.at(offset), into: &walk.findings) }
            }
        }
    }
}
