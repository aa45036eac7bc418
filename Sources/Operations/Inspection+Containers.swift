// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Conversion
internal import FileIO
internal import GGUF
internal import Safetensors

extension Inspection {
    /// What a file that is not safetensors says, without a byte of its tensors.
    ///
    /// - Throws: what reading throws.
    static func container(
        _ place: Int, _ kind: InspectionReport.Container, _ files: ModelFiles
    ) async throws -> Outcome {
        let entry = files.entries[place]
        switch entry.source {
        case .local(let path): return parse(try FileSource(path), kind, isRemote: false)
        case .absent(let failure): throw failure
        case .remote:
            let found = try await RemoteHeader.read(try files.reader(place), size: entry.size) { source in
                parse(source, kind, isRemote: true)
            }
            return found
                ?? .failed(
                    "too much of it would have to be fetched; `lock` and `sync` it, or inspect a file on this machine")
        }
    }

    private static func parse(
        _ source: any ByteSource, _ kind: InspectionReport.Container, isRemote: Bool
    ) -> Outcome {
        if kind == .gguf {
            do throws(GGUFError) { return .gguf(try GGUFHeader(parsing: source)) } catch {
                return .failed(error.description)
            }
        }
        do throws(CheckpointContents.Problem) {
            return .checkpoint(try CheckpointContents(of: source, isRemote: isRemote, orWhole: true))
        } catch { return error.isOther ? .other(error.reason) : .failed(error.reason) }
    }
}

extension Inspection.Outcome {
    /// The names of the tensors, those that stand for others among them; none of what could not be read.
    var names: [TensorName] {
        switch self {
        case .read(let header, _): header.tensors.map(\.name)
        case .checkpoint(let contents): Array(contents.items.keys) + contents.shared.map(\.name)
        case .gguf(let header): header.tensors.map { TensorName($0.name) }
        case .failed, .other: []
        }
    }
}

extension InspectionReport.Tensor {
    /// How many elements it has; at most the largest 64-bit number.
    var elementCount: UInt64 {
        if shape.contains(0) { return 0 }
        return shape.reduce(1) { count, size in
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            return overflow ? .max : product
        }
    }
}

extension InspectionReport.File {
    /// How many findings of one file are listed.
    private static let findingLimit = 100
    /// A text longer than this is cut.
    private static let textLimit = 4096

    /// What a file says.
    init(_ entry: ModelFiles.Entry, _ outcome: Inspection.Outcome?) {
        switch outcome {
        case .read(let header, let padding): self.init(entry, header, padding)
        case .checkpoint(let contents): self.init(entry, contents)
        case .gguf(let header): self.init(entry, header)
        case .failed(let reason), .other(let reason): self.init(entry, problem: reason)
        case nil: self.init(entry, problem: "it was not read")
        }
    }

    private init(_ entry: ModelFiles.Entry, problem: String) {
        self.init(
            name: entry.name, size: entry.size, layout: nil, problem: problem, findings: [], findingCount: 0,
            tensors: [])
    }

    private init(_ entry: ModelFiles.Entry, _ header: Header, _ padding: UInt64) {
        let layout = InspectionReport.Layout(
            dataStart: header.dataStart, padding: padding,
            alignment: 1 << min(12, header.dataStart.trailingZeroBitCount),
            metadata: (header.metadata ?? []).map { InspectionReport.Metadata($0.key, $0.value) },
            tensorCount: header.tensors.count)
        self.init(
            name: entry.name, size: entry.size, layout: layout,
            problem: nil, findings: header.findings.map { .init(rule: $0.rule, message: $0.message) },
            findingCount: header.findingCount,
            tensors: header.tensors.map { tensor in
                InspectionReport.Tensor(
                    name: tensor.name, type: tensor.type.rawValue, shape: tensor.shape, size: tensor.byteCount,
                    offset: header.dataStart + tensor.offsets.lowerBound)
            })
    }

    private init(_ entry: ModelFiles.Entry, _ contents: CheckpointContents) {
        let place = contents.place
        let layout = InspectionReport.Layout(
            format: contents.layout, tensorCount: contents.items.count, place: place.isEmpty ? nil : place,
            shared: contents.shared.map { .init(name: $0.name.description, text: $0.kept.description) },
            beside: contents.skipped.map { .init(name: $0.name, text: $0.what) })
        let findings =
            contents.refused.map {
                InspectionReport.Finding(
                    rule: "refused-tensor", message: "`\($0.name)` cannot be in a safetensors file: \($0.reason)")
            } + contents.notes.map { InspectionReport.Finding(rule: "unusual-layout", message: $0) }
        let tensors = contents.ordered.map { item in
            let bytes: UInt64? =
                if case .bytes(let count) = item.spec.type.byteCount(of: item.spec.shape) { count } else { nil }
            return InspectionReport.Tensor(
                name: item.spec.name, type: item.spec.type.rawValue, shape: item.spec.shape, size: bytes,
                offset: contents.stretch(of: item)?.lowerBound)
        }
        self.init(
            name: entry.name, size: entry.size, layout: layout, problem: nil,
            findings: Array(findings.prefix(Self.findingLimit)), findingCount: findings.count,
            tensors: tensors)
    }

    private init(_ entry: ModelFiles.Entry, _ header: GGUFHeader) {
        let layout = InspectionReport.Layout(
            format: GGUFWeights.layout(header), dataStart: header.tensors.isEmpty ? nil : header.dataOffset,
            alignment: Int(clamping: header.alignment),
            metadata: header.metadata.map { Self.metadata($0.key, $0.value) }, tensorCount: header.tensors.count)
        self.init(
            name: entry.name, size: entry.size, layout: layout, problem: nil,
            findings: header.findings.prefix(Self.findingLimit).map { .init(rule: $0.rule, message: $0.description) },
            findingCount: header.findings.count,
            tensors: header.tensors.map { tensor in
                InspectionReport.Tensor(
                    name: TensorName(tensor.name), type: tensor.type?.name ?? "type-\(tensor.typeCode)",
                    shape: tensor.shape, size: tensor.byteCount, offset: tensor.dataOffset)
            })
    }

    private static func metadata(_ key: String, _ value: GGUFValue) -> InspectionReport.Metadata {
        func entry(_ type: String, _ value: String) -> InspectionReport.Metadata { .init(key, value, type: type) }
        switch value {
        case .uint8(let value): return entry("uint8", "\(value)")
        case .int8(let value): return entry("int8", "\(value)")
        case .uint16(let value): return entry("uint16", "\(value)")
        case .int16(let value): return entry("int16", "\(value)")
        case .uint32(let value): return entry("uint32", "\(value)")
        case .int32(let value): return entry("int32", "\(value)")
        case .uint64(let value): return entry("uint64", "\(value)")
        case .int64(let value): return entry("int64", "\(value)")
        case .float32(let value): return entry("float32", "\(value)")
        case .float64(let value): return entry("float64", "\(value)")
        case .bool(let value): return entry("bool", "\(value)")
        case .string(let text): return cut(key, Array(text.utf8))
        case .bytes(let bytes): return cut(key, bytes)
        case .array(let array):
            let type = "array of \(array.elementType)"
            let shown = (array.kept?.prefix(8) ?? []).map { value in
                let item = metadata("", value)
                return item.type == "string" ? "`\(Escaped(item.value, limit: 40))`" : item.value
            }
            let list =
                shown.joined(separator: ", ") + (UInt64(shown.count) < array.count && !shown.isEmpty ? ", …" : "")
            return .init(key, list, type: type, length: array.count, digest: array.digest)
        }
    }

    /// A text, cut between two characters where it is long.
    private static func cut(_ key: String, _ bytes: [UInt8]) -> InspectionReport.Metadata {
        guard bytes.count > textLimit else {
            return .init(key, String(decoding: bytes, as: UTF8.self), type: "string")
        }
        var end = textLimit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return .init(
            key, String(decoding: bytes[..<end], as: UTF8.self) + "…", type: "string", length: UInt64(bytes.count))
    }
}

extension GGUFFinding {
    /// The word for what is wrong with a file that can be read.
    var rule: String {
        switch self {
        case .oldVersion: "old-version"
        case .duplicateKey: "duplicate-metadata-key"
        case .duplicateTensor: "duplicate-tensor"
        case .notUTF8: "not-utf8"
        case .boolean: "boolean"
        case .nestedArray: "nested-array"
        case .unknownType: "unknown-type"
        case .longName: "long-name"
        case .misaligned: "misaligned-tensor"
        case .overlap: "overlapping-tensors"
        case .gap: "gap"
        case .trailing: "trailing-bytes"
        }
    }
}
