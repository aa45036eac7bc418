// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// A SentencePiece model (`tokenizer.model`, `spiece.model`, `*.spm`): the protobuf message `ModelProto`, as far as
/// outputs depend on it.
struct SentencePieceModel {
    /// Why bytes are no such model.
    struct Problem: Error, Hashable {
        let reason: String
    }

    /// A setting of the trainer or the normaliser in a form that can be compared and shown.
    enum Setting: Hashable {
        case number(UInt64)
        case text(String)
        /// Bytes that are no text for people, by their digest.
        case bytes(Digest)
    }

    /// The pieces in the order of their ids.
    private(set) var pieces: [String] = []
    /// The score of each piece, as the bits of a float; what is the likeliest cut of a text depends on it.
    private(set) var scores: [UInt32] = []
    /// What each piece is: `normal`, `unknown`, `control`, `user-defined`, `unused`, `byte`.
    private(set) var types: [UInt8] = []
    /// What `trainer_spec` says that outputs depend on, by its name in the schema, with defaults where it is silent.
    private(set) var trainer: [String: Setting] = [:]
    /// The same of `normalizer_spec`.
    private(set) var normalizer: [String: Setting] = [:]
    /// The same of `denormalizer_spec`, which acts when tokens become text.
    private(set) var denormalizer: [String: Setting] = [:]
    /// A digest over the fields that no name above stands for, without those that only training reads.
    private(set) var unknown = Digest(of: [UInt8]())

    /// The most pieces: the largest vocabularies in use have a quarter of a million.
    static let maximumPieces = 2_000_000
    /// The most fields of one message that is no piece.
    static let maximumFields = 100_000
    /// The longest text of a setting that is kept.
    private static let maximumText = 4096

    /// The kinds of pieces, by their number in the schema.
    static let typeNames = ["", "normal", "unknown", "control", "user-defined", "unused", "byte"]

    // MARK: The schema

    private enum Form { case number, text, bytes }

    /// The fields of `trainer_spec` that act after training.
    private static let trainerFields: [UInt64: (name: String, form: Form, fallback: Setting)] = [
        3: ("model_type", .number, .number(1)), 24: ("treat_whitespace_as_suffix", .number, .number(0)),
        35: ("byte_fallback", .number, .number(0)), 40: ("unk_id", .number, .number(0)),
        41: ("bos_id", .number, .number(1)), 42: ("eos_id", .number, .number(2)),
        43: ("pad_id", .number, .number(UInt64(bitPattern: -1))), 44: ("unk_surface", .text, .text(" \u{2047} ")),
        45: ("unk_piece", .text, .text("<unk>")), 46: ("bos_piece", .text, .text("<s>")),
        47: ("eos_piece", .text, .text("</s>")), 48: ("pad_piece", .text, .text("<pad>")),
    ]

    /// The fields of `trainer_spec` that only training reads: corpora, sizes, thresholds, and what `pieces` says itself.
    private static let training: Set<UInt64> = [
        1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 30, 31, 32, 33, 34, 36,
        49, 50, 51, 52, 53, 54, 55,
    ]

    private static let normalizerFields: [UInt64: (name: String, form: Form, fallback: Setting)] = [
        1: ("name", .text, .text("")), 2: ("precompiled_charsmap", .bytes, .bytes(Digest(of: [UInt8]()))),
        3: ("add_dummy_prefix", .number, .number(1)), 4: ("remove_extra_whitespaces", .number, .number(1)),
        5: ("escape_whitespaces", .number, .number(1)),
    ]

    // MARK: Reading

    /// Reads a model.
    init(_ bytes: [UInt8]) throws(Problem) {
        let source = MemorySource(bytes)
        trainer = Self.defaults(Self.trainerFields)
        normalizer = Self.defaults(Self.normalizerFields)
        denormalizer = normalizer
        var rest: [UInt8] = []
        var reader = ProtobufReader(source)
        var fields = 0
        while let field = try Self.next(&reader) {
            fields += 1
            guard fields <= Self.maximumPieces + Self.maximumFields else {
                throw Problem(reason: "it has more than \(Self.maximumPieces) pieces")
            }
            switch (field.number, field.value) {
            case (1, .range(let offset, let count)): try piece(source, offset, count)
            case (2, .range(let offset, let count)):
                try Self.settings(source, offset, count, Self.trainerFields, Self.training, &trainer, &rest)
            case (3, .range(let offset, let count)):
                try Self.settings(source, offset, count, Self.normalizerFields, [6], &normalizer, &rest)
            // Samples with which the writer tested itself.
            case (4, _): break
            case (5, .range(let offset, let count)):
                try Self.settings(source, offset, count, Self.normalizerFields, [6], &denormalizer, &rest)
            default: try Self.note(field, source, &rest)
            }
        }
        guard !pieces.isEmpty else { throw Problem(reason: "it has no pieces") }
        unknown = Digest(of: rest)
    }

    /// Reads a model, or says why it is none.
    static func read(_ bytes: [UInt8]) -> Result<SentencePieceModel, Problem> {
        do throws(Problem) { return .success(try SentencePieceModel(bytes)) } catch { return .failure(error) }
    }

    private static func defaults(
        _ table: [UInt64: (name: String, form: Form, fallback: Setting)]
    ) -> [String: Setting] {
        Dictionary(table.values.map { ($0.name, $0.fallback) }, uniquingKeysWith: { $1 })
    }

    private static func next(_ reader: inout ProtobufReader) throws(Problem) -> ProtobufReader.Field? {
        do throws(ProtobufReader.Problem) { return try reader.next() } catch {
            switch error {
            case .bytes(let error): throw Problem(reason: error.description)
            case .malformed(let offset, let reason): throw Problem(reason: "byte \(offset): \(reason)")
            }
        }
    }

    private static func content(_ source: MemorySource, _ offset: UInt64, _ count: UInt64) -> ArraySlice<UInt8> {
        // The reader has checked both against the size of the source.
        let start = min(Int(clamping: offset), source.bytes.count)
        return source.bytes[start..<start + min(Int(clamping: count), source.bytes.count - start)]
    }

    private mutating func piece(_ source: MemorySource, _ offset: UInt64, _ count: UInt64) throws(Problem) {
        guard pieces.count < Self.maximumPieces else {
            throw Problem(reason: "it has more than \(Self.maximumPieces) pieces")
        }
        var (text, score, type) = ("", UInt32(0), UInt8(1))
        var reader = ProtobufReader(source, at: offset, count: count)
        var fields = 0
        while let field = try Self.next(&reader) {
            fields += 1
            guard fields <= Self.maximumFields else { throw Problem(reason: "a piece has too many fields") }
            switch (field.number, field.value) {
            case (1, .range(let offset, let count)):
                text = String(decoding: Self.content(source, offset, count), as: UTF8.self)
            case (2, .range(let offset, 4)):
                score = Self.content(source, offset, 4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
            case (3, .number(let number)): type = UInt8(clamping: number)
            default: break
            }
        }
        pieces.append(text)
        scores.append(score)
        types.append(type)
    }

    private static func settings(
        _ source: MemorySource, _ offset: UInt64, _ count: UInt64,
        _ table: [UInt64: (name: String, form: Form, fallback: Setting)], _ ignored: Set<UInt64>,
        _ settings: inout [String: Setting], _ rest: inout [UInt8]
    ) throws(Problem) {
        var reader = ProtobufReader(source, at: offset, count: count)
        var fields = 0
        while let field = try next(&reader) {
            fields += 1
            guard fields <= maximumFields else { throw Problem(reason: "its settings have too many fields") }
            guard let known = table[field.number] else {
                if !ignored.contains(field.number) { try note(field, source, &rest) }
                continue
            }
            switch (known.form, field.value) {
            case (.number, .number(let number)): settings[known.name] = .number(number)
            case (.text, .range(let offset, let count)):
                let bytes = content(source, offset, count)
                settings[known.name] =
                    bytes.count <= maximumText
                    ? .text(String(decoding: bytes, as: UTF8.self)) : .bytes(Digest(of: Array(bytes)))
            case (.bytes, .range(let offset, let count)):
                settings[known.name] = .bytes(Digest(of: Array(content(source, offset, count))))
            default: throw Problem(reason: "byte \(field.offset): `\(known.name)` has another form")
            }
        }
    }

    /// Takes a field that no table knows into the digest.
    private static func note(
        _ field: ProtobufReader.Field, _ source: MemorySource, _ rest: inout [UInt8]
    ) throws(Problem) {
        func add(_ number: UInt64) {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                rest.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        add(field.number)
        switch field.value {
        case .number(let number): add(number)
        case .range(let offset, let count):
            add(count)
            rest += content(source, offset, count)
        }
    }
}
