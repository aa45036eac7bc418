// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Pickle

/// What a content is, found out from its first bytes and, where those leave doubt, by trying.
struct Content: Sendable {
    let kind: ContentKind
    /// The container, where it is one.
    let container: ContainerFormat?

    private init(_ kind: ContentKind, _ container: ContainerFormat? = nil) { (self.kind, self.container) = (kind, container) }

    /// How much is looked at to tell text from binary.
    private static let textSample: UInt64 = 64 << 10

    static func detect(_ source: any ByteSource, name: FileName) throws(ByteError) -> Content {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 64)))
        if head.starts(with: "GGUF".utf8) || head.starts(with: "FUGG".utf8) { return Content(.gguf) }
        if isSafetensors(head, source.size) { return Content(.safetensors) }
        if let container = try ContainerFormat.detect(source), try isReally(container, source) {
            switch container {
            case .zip: return Content(.zip, container)
            case .tar: return Content(.tar, container)
            case .npy: return Content(.numpy, container)
            case .hdf5: return Content(.hdf5, container)
            default: return Content(container.isUnopened ? .unopened : .packed, container)
            }
        }
        if isMedia(head) { return Content(.media) }
        if try isPickle(source, head, name) { return Content(.pickle) }
        return try isText(source) ? Content(.text) : Content(.binary)
    }

    /// A header of a plausible length that begins as one.
    private static func isSafetensors(_ head: [UInt8], _ size: UInt64) -> Bool {
        guard head.count >= 9 else { return false }
        let length = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let first = head[8...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return length >= 2 && length <= size - 8 && first == UInt8(ascii: "{")
    }

    /// Two formats have next to no signature: text can begin as zlib does.
    private static func isReally(_ container: ContainerFormat, _ source: any ByteSource) throws(ByteError) -> Bool {
        guard container == .zlib || container == .lzma else { return true }
        return try !isText(source)
    }

    /// Whether a loader that unpickles this would do something: a name of the kind that is unpickled is enough where the bytes
    /// begin as a pickle; elsewhere a pickle has to come to its end, or to a call.
    private static func isPickle(_ source: any ByteSource, _ head: [UInt8], _ name: FileName) throws(ByteError) -> Bool {
        guard let first = head.first else { return false }
        let hasProtocol = first == 0x80 && head.count > 1 && head[1] <= 5
        if hasProtocol, name.promise != .none { return true }
        var options = PickleOptions()
        options.streams = 1
        options.limits.opcodes = 1 << 16
        options.limits.memory = 64 << 20
        let document = try Pickle.read(source, options: options)
        let hasCalls = hasCalls(document.graph)
        if hasCalls || !document.streams.isEmpty && (hasProtocol || !document.imports.isEmpty) { return true }
        if case .failed(let error) = document.ending, case .limit = error.problem { return !document.imports.isEmpty || hasProtocol }
        // A plain value, as `pickle.dump(1, f, 0)` writes it, counts where a pickle is expected.
        return name.promise == .pickle && (!document.streams.isEmpty || !document.imports.isEmpty)
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
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], [0xFF, 0xD8, 0xFF], Array("GIF87a".utf8), Array("GIF89a".utf8),
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
