// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Pickle

/// What a content is, found out from its first bytes and, where those leave doubt, by trying.
struct Content: Sendable {
    let kind: ContentKind
    /// The container, where it is one.
    let container: ContainerFormat?
    /// Whether a loader that unpickles it, whatever else it is, would call something.
    let isPickleToo: Bool
    /// Whether every byte was seen to be text.
    let isWhollyText: Bool

    private init(
        _ kind: ContentKind, _ container: ContainerFormat? = nil, isPickleToo: Bool = false, isWhollyText: Bool = false
    ) {
        (self.kind, self.container, self.isPickleToo, self.isWhollyText) = (kind, container, isPickleToo, isWhollyText)
    }

    /// How much is looked at to tell text from binary.
    private static let textSample: UInt64 = 64 << 10

    static func detect(_ source: any ByteSource, name: FileName) throws(ByteError) -> Content {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 64)))
        if let (kind, container) = try signed(source, head, name) {
            return Content(kind, container, isPickleToo: try isPickleToo(source, head))
        }
        if try isPickle(source, head, name) { return Content(.pickle) }
        let isText = try isText(source)
        if isText, source.size <= textSample, head.first != 0xFF, head.first != 0xFE {
            return Content(.text, isWhollyText: true)
        }
        if try HDF5Reader.hasUserBlock(source) { return Content(.hdf5, .hdf5) }
        if isText || name.isDocument { return Content(.text) }
        if name.suffix == "onnx" { return Content(.onnx) }
        if name.suffix == "pb" { return Content(.savedModel) }
        if try ONNXCheck.begins(source) { return Content(.onnx) }
        if try SavedModelCheck.form(of: source) != nil { return Content(.savedModel) }
        return Content(try ContainerCheck.kind(of: source) == nil ? .binary : .unopened)
    }

    /// What the first bytes say, when they say something.
    private static func signed(
        _ source: any ByteSource, _ head: [UInt8], _ name: FileName
    ) throws(ByteError) -> (ContentKind, ContainerFormat?)? {
        if isGGUF(head) { return (.gguf, nil) }
        if isSafetensors(head, source.size) { return (.safetensors, nil) }
        if try ExecutableCheck.kind(of: source) != nil { return (.executable, nil) }
        if let container = try ContainerFormat.detect(source), try isReally(container, source) {
            switch container {
            case .zip: return (.zip, container)
            case .tar: return (.tar, container)
            case .npy: return (.numpy, container)
            case .hdf5: return (.hdf5, container)
            default: return (container.isUnopened ? .unopened : .packed, container)
            }
        }
        // Documents and graphs are what their readers make of them, whatever they begin with.
        guard !name.isDocument, name.suffix != "onnx", name.suffix != "pb", isMedia(head) else { return nil }
        return try isText(source) ? nil : (.media, nil)
    }

    /// The magic word, and a version that no text has.
    private static func isGGUF(_ head: [UInt8]) -> Bool {
        (head.starts(with: "GGUF".utf8) || head.starts(with: "FUGG".utf8))
            && (head.count < 8 || head[4..<8].contains { $0 < 0x09 })
    }

    /// Whether a content with a signature is a pickle as well, one that does something.
    ///
    /// `GIF89a`, for one, is an instruction with a number behind it.
    private static func isPickleToo(_ source: any ByteSource, _ head: [UInt8]) throws(ByteError) -> Bool {
        // Zip archives and Parquet files begin with `PERSID`, at which loaders give up.
        guard let first = head.first, first != UInt8(ascii: "P"), try !failsAtOnce(source, head) else { return false }
        return hasCalls(try Pickle.read(source, options: trial).graph)
    }

    /// How far a content is read as a pickle to find out whether it is one.
    private static let trial: PickleOptions = {
        var options = PickleOptions()
        options.limits.opcodes = 1 << 16
        options.limits.memory = 64 << 20
        return options
    }()

    /// A header of a plausible length that begins as one.
    private static func isSafetensors(_ head: [UInt8], _ size: UInt64) -> Bool {
        guard head.count >= 9 else { return false }
        let length = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let first = head[8...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return length >= 2 && length <= size - 8 && first == UInt8(ascii: "{")
    }

    /// Three formats have a signature that text can begin with.
    private static func isReally(_ container: ContainerFormat, _ source: any ByteSource) throws(ByteError) -> Bool {
        guard container == .zlib || container == .lzma || container == .cpio else { return true }
        return try !isText(source)
    }

    /// Whether a loader that unpickles this would do something: a name of the kind that is unpickled is enough where the bytes
    /// begin as a pickle; elsewhere a pickle has to come to its end, or to a call. All pickles in a row count.
    private static func isPickle(_ source: any ByteSource, _ head: [UInt8], _ name: FileName) throws(ByteError) -> Bool
    {
        guard let first = head.first else { return false }
        let hasProtocol = first == 0x80 && head.count > 1 && head[1] <= 5
        if hasProtocol, name.promise != .none { return true }
        if try failsAtOnce(source, head) { return false }
        let document = try Pickle.read(source, options: trial)
        if hasCalls(document.graph) || hasProtocol && !document.imports.isEmpty { return true }
        let isNamed = document.imports.contains { name.promise != .none || couldBeModule($0.global.moduleBytes) }
        if !document.streams.isEmpty, hasProtocol || isNamed { return true }
        // Nothing else reads as so many instructions: what it does comes later.
        if case .failed(let error) = document.ending, case .limit = error.problem { return true }
        if case .trailing(_, let error) = document.ending, case .limit = error.problem { return true }
        // A plain value, as `pickle.dump(1, f, 0)` writes it, counts where a pickle is expected.
        return name.promise == .pickle && (!document.streams.isEmpty || !document.imports.isEmpty)
    }

    /// Whether a module may have that name: `c` and the rest of a table's first line are an import as well.
    private static func couldBeModule(_ name: [UInt8]) -> Bool {
        !name.contains { [0x09, 0x20, 0x22, 0x2C, 0x3B].contains($0) }
    }

    /// Whether the first bytes can be the beginning of no pickle, so that no more has to be read.
    private static func failsAtOnce(_ source: any ByteSource, _ head: [UInt8]) throws(ByteError) -> Bool {
        guard source.size > UInt64(head.count) else { return false }
        let document = try Pickle.read(MemorySource(head), options: trial)
        guard case .failed(let error) = document.ending, document.streams.isEmpty, document.imports.isEmpty else {
            return false
        }
        switch error.problem {
        case .unknownOpcode, .stackUnderflow, .missingMark, .unsetMemo, .emptyName, .operand, .unhashable, .oddItems:
            return true
        default: return false
        }
    }

    /// What raw numbers are, when they could be loaded on their own; nil when they are numbers. Reads few bytes of most.
    static func loadable(_ source: any ByteSource) throws(ByteError) -> ContentKind? {
        guard source.size > 0 else { return nil }
        let name = FileName("storage")
        let head = try source.bytes(at: 0, count: Int(min(source.size, 64)))
        switch try signed(source, head, name)?.0 {
        // Signatures of two bytes are left out: numbers have them too.
        case .zip: return .zip
        case .tar: return .tar
        case .numpy: return .numpy
        case .hdf5: return .hdf5
        case .executable: return .executable
        default: return try isPickle(source, head, name) ? .pickle : nil
        }
    }

    /// Whether the bytes from `offset` are pickled objects.
    static func isPickled(_ source: any ByteSource, at offset: UInt64) throws(ByteError) -> Bool {
        let part = try source.part(offset, source.size - offset)
        let head = try part.bytes(at: 0, count: Int(min(part.size, 64)))
        return try isPickle(part, head, FileName("array"))
    }

    private static func hasCalls(_ graph: PickleGraph) -> Bool {
        (0..<graph.count).contains { index in
            guard let node = graph.node(index), case .call = graph.shape(of: node) else { return false }
            return true
        }
    }

    private static func isText(_ source: any ByteSource) throws(ByteError) -> Bool {
        let bytes = try source.bytes(at: 0, count: Int(min(source.size, textSample)))
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        // The sample may cut a character in half.
        for drop in 0..<4 where drop < bytes.count {
            if String(validating: bytes.dropLast(drop), as: UTF8.self) != nil {
                return !bytes.contains { $0 < 0x20 && ![0x09, 0x0A, 0x0C, 0x0D, 0x1B].contains($0) }
            }
            if UInt64(bytes.count) == source.size { return false }
        }
        return false
    }

    private static let media: [[UInt8]] = [
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], [0xFF, 0xD8, 0xFF], Array("GIF87a".utf8),
        Array("GIF89a".utf8),
        Array("RIFF".utf8), Array("%PDF-".utf8), Array("OggS".utf8), Array("fLaC".utf8), Array("ID3".utf8),
        Array("II*\0".utf8), Array("MM\0*".utf8), Array("wOFF".utf8), Array("wOF2".utf8), Array("OTTO".utf8),
        [0x00, 0x01, 0x00, 0x00, 0x00], [0x00, 0x00, 0x01, 0x00, 0x01], Array("PAR1".utf8), Array("ARROW1".utf8),
        [0x1A, 0x45, 0xDF, 0xA3],
    ]

    private static func isMedia(_ head: [UInt8]) -> Bool {
        media.contains { head.starts(with: $0) } || head.count >= 12 && head[4..<8].elementsEqual("ftyp".utf8)
            || isSentencePiece(head)
    }

    /// A SentencePiece vocabulary: a list of pieces, each a text and a score, the first of them `<unk>`, `<pad>` or `<s>`.
    private static func isSentencePiece(_ head: [UInt8]) -> Bool {
        guard head.count >= 16, head[0] == 0x0A, head[1] < 0x40, head[2] == 0x0A, Int(head[3]) + 2 < Int(head[1]),
            4 + Int(head[3]) < head.count
        else { return false }
        let piece = head[4..<4 + Int(head[3])]
        return head[4 + Int(head[3])] == 0x15 && piece.first == UInt8(ascii: "<") && piece.last == UInt8(ascii: ">")
    }
}
