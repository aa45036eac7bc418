// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import ContentModel
import GGUF
import Testing

@Suite struct `A GGUF header` {
    @Test func `of a remote file needs only its first bytes`() throws {
        let bytes = try Sample.bytes("everything.gguf")
        let whole = try GGUFHeader(parsing: MemorySource(bytes))
        var source = SparseSource(size: UInt64(bytes.count))
        var rounds = 0
        while true {
            rounds += 1
            try #require(rounds < 1000)
            do throws(GGUFError) {
                let header = try GGUFHeader(parsing: source)
                #expect(header.metadata == whole.metadata)
                #expect(header.tensors == whole.tensors)
                break
            } catch {
                guard case .bytes(.absent(let offset, let count)) = error else { throw error }
                let end = min(bytes.count, Int(offset + count) + 64)
                source.insert(Array(bytes[Int(offset)..<end]), at: offset)
            }
        }
        #expect(source.fetched <= whole.headerSize + 64)
        #expect(source.fetched < bytes.count)
    }

    @Test func `keeps a long array's digest and not its elements`() throws {
        let source = MemorySource(try Sample.bytes("vocabulary.gguf"))
        let header = try GGUFHeader(parsing: source)
        let tokens = try #require(header["tokenizer.ggml.tokens"]?.array)
        #expect(tokens.kept == nil)
        #expect(tokens.count == 3000)
        #expect(try tokens.elements(in: source, limit: 2) == [.string("token0"), .string("token1")])
        #expect(try tokens.elements(in: source).last == .string("token2999"))
        var limits = GGUFLimits()
        limits.keptElements = 3000
        let kept = try GGUFHeader(parsing: source, limits: limits)
        #expect(kept["tokenizer.ggml.tokens"]?.array?.kept?.count == 3000)
        #expect(kept["tokenizer.ggml.tokens"] == header["tokenizer.ggml.tokens"], "the digest does not depend on it")
    }

    @Test func `gives the chat templates by name`() throws {
        let header = try GGUFHeader(parsing: MemorySource(try Sample.bytes("everything.gguf")))
        let templates = header.chatTemplates.sorted { $0.name < $1.name }
        #expect(templates.map(\.name) == ["default", "tool_use"])
        #expect(templates.map(\.text) == ["{{ messages[0].content }}", "{{ tools }}"])
    }

    @Test func `has types with the blocks of ggml`() {
        for type in GGMLType.allCases {
            #expect(type.digestName.utf8.count <= 16)
            #expect(type.blockBytes > 0 && type.blockSize > 0)
            #expect(GGMLType.removedName(type.rawValue) == nil)
        }
    }

    /// Each limit: what it refuses one below what the file has, and that it accepts exactly that.
    @Test func `is refused over each limit and read at it`() throws {
        let bytes = try Sample.bytes("everything.gguf")
        let source = MemorySource(bytes)
        let header = try GGUFHeader(parsing: source)
        let strings =
            header.metadata.compactMap(\.value.string)
            + (header["test.strings"]?.array?.kept ?? []).compactMap(\.string)
        let names = header.metadata.map(\.key) + header.tensors.map(\.name)
        let table: [(GGUFPart, UInt64, (inout GGUFLimits, UInt64) -> Void)] = [
            (.metadataCount, UInt64(header.metadata.count), { $0.metadataCount = $1 }),
            (.tensorCount, UInt64(header.tensors.count), { $0.tensorCount = $1 }),
            (.nameLength, UInt64(names.map(\.utf8.count).max() ?? 0), { $0.nameLength = Int($1) }),
            (.stringLength, UInt64(strings.map(\.utf8.count).max() ?? 0), { $0.stringLength = Int($1) }),
            (
                .arrayElements, header.metadata.reduce(0) { $0 + ($1.value.array?.count ?? 0) },
                { $0.arrayElements = $1 }
            ),
            (.arrayDepth, 1, { $0.arrayDepth = Int($1) }),
            (.headerSize, header.headerSize, { $0.headerSize = $1 }),
        ]
        for (part, value, set) in table {
            var limits = GGUFLimits()
            set(&limits, value)
            _ = try GGUFHeader(parsing: source, limits: limits)
            set(&limits, value - 1)
            do throws(GGUFError) {
                _ = try GGUFHeader(parsing: source, limits: limits)
                Issue.record("\(part) is not limited")
            } catch {
                guard case .overLimit(part, _, _, _) = error else {
                    Issue.record("\(part): \(error)")
                    continue
                }
            }
        }
    }

    @Test func `cut at any byte is refused, never misread`() throws {
        for name in ["everything.gguf", "quantized.gguf", "big-endian.gguf"] {
            let bytes = try Sample.bytes(name)
            let header = try GGUFHeader(parsing: MemorySource(bytes))
            for count in 0..<bytes.count {
                // Behind the last tensor there is padding, which may be cut.
                let end = header.tensors.map { $0.dataOffset + ($0.byteCount ?? 0) }.max() ?? 0
                guard UInt64(count) < end else { continue }
                #expect(throws: GGUFError.self) {
                    try GGUFHeader(parsing: MemorySource(Array(bytes.prefix(count))))
                }
            }
        }
    }

    @Test func `survives mutations of every kind`() throws {
        let seed: UInt64 = 0x6767_7566
        print("seed \(seed)")
        var random = Seeded(seed)
        let files = try (Sample.valid + Sample.judged).filter { $0 != "vocabulary.gguf" }.map { try Sample.bytes($0) }
            .filter { !$0.isEmpty }
        let numbers: [UInt64] = [0, 1, 2, 31, 32, 255, 65_535, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max, .max - 31]
        var read = 0
        for _ in 0..<20_000 {
            guard var bytes = files.randomElement(using: &random) else { return }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2:
                    let number = numbers.randomElement(using: &random) ?? 0
                    for index in 0..<8 where place + index < bytes.count {
                        bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
                    }
                case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            if fuzzGGUF(bytes) { read += 1 }
        }
        #expect(read > 1000, "the mutations are so wild that nothing is read any more")
    }
}
