// SPDX-License-Identifier: Apache-2.0
import BinaryFormats
import Pickle
import Testing

@Suite struct `The machine` {
    @Test func `refuses what no loader reads, and says why`() throws {
        let table: [([UInt8], PickleProblem)] = [
            ([], .noStop),
            (bytes("N"), .noStop),
            (bytes("?"), .unknownOpcode(0x3F)),
            ([0x80, 6, 0x4E, 0x2E], .unknownProtocol(6)),
            (bytes("I1_0\n."), .number),
            (bytes("I010\n."), .number),
            (bytes("F0x1p3\n."), .number),
            (bytes("F1e999\n."), .number),
            (bytes("Sa\n."), .quotes),
            (bytes("S'\n."), .quotes),
            (bytes("S'\\x4'\n."), .escape),
            (bytes("V\\u12\n."), .escape),
            (bytes("V\\U00110000\n."), .escape),
            (bytes("X") + [1, 0, 0, 0, 0xFF, 0x2E], .text),
            ([0x8C, 2, 0xC0, 0x80, 0x2E], .text),
            (bytes("c\nx\n."), .emptyName),
            (bytes("T") + [0xFF, 0xFF, 0xFF, 0xFF, 0x2E], .negativeLength),
            ([0x8B, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E], .negativeLength),
            (bytes("."), .stackUnderflow),
            (bytes("0."), .stackUnderflow),
            (bytes("(."), .stackUnderflow),
            (bytes("N(a."), .stackUnderflow),
            (bytes("N(R."), .stackUnderflow),
            (bytes("t."), .missingMark),
            (bytes("(No") + bytes("t."), .missingMark),
            (bytes("(Nd."), .oddItems),
            (bytes("}(Nu."), .oddItems),
            (bytes("g3\n."), .unsetMemo(3)),
            ([0x84, 0, 0, 0, 0, 0x2E], .extensionCode),
            // A frame that ends inside BININT, one inside another, one that is longer than the data or than the pickle.
            ([0x95, 3, 0, 0, 0, 0, 0, 0, 0] + bytes("J") + [1, 0, 0, 0, 0x2E], .frameCrossed),
            ([0x95, 11, 0, 0, 0, 0, 0, 0, 0] + [0x95, 2, 0, 0, 0, 0, 0, 0, 0] + bytes("N."), .frameNested),
            ([0x95, 3, 0, 0, 0, 0, 0, 0, 0] + bytes("N.N"), .frameUnfinished),
        ]
        for (stream, problem) in table {
            let document = try read(stream)
            guard case .failed(let error) = document.ending else {
                Issue.record("\(stream): \(document.ending)")
                continue
            }
            #expect(error.problem == problem, "\(stream)")
            #expect(try scan(stream).verdict >= .unscannable)
        }
    }

    @Test func `keeps objects shared, also when they are written to after they were memoised`() throws {
        let shared = try read(bytes("]q") + [0] + bytes("h") + [0] + bytes("Na") + [0x86, 0x2E])
        let result = try #require(shared.result)
        let items = try #require(shared.graph.tuple(result))
        #expect(items[0] == items[1])
        #expect(shared.graph.list(items[0]) == [.none])
    }

    @Test func `keeps the order of items that are written in turns`() throws {
        // Two lists, written to one after the other.
        var stream = bytes("]q") + [0] + bytes("]q") + [1]
        for value in UInt8(0)..<100 { stream += [0x68, value % 2, 0x4B, value] + bytes("a0") }
        stream += [0x86, 0x2E]
        let document = try read(stream)
        let result = try #require(document.result)
        let lists = try #require(document.graph.tuple(result))
        for (index, list) in lists.enumerated() {
            #expect(document.graph.list(list) == (0..<50).map { .integer(Int64($0 * 2 + index)) })
        }
    }

    @Test func `maps the names of Python 2 below protocol 3 only`() throws {
        let name = bytes("ccPickle\nloads\n.")
        #expect(try read(name).imports[0].global.qualifiedName == "pickle.loads")
        #expect(try read(name).imports[0].global.writtenModule == "cPickle")
        #expect(try read([0x80, 2] + name).imports[0].global.qualifiedName == "pickle.loads")
        #expect(try read([0x80, 3] + name).imports[0].global.qualifiedName == "cPickle.loads")
        #expect(try read(bytes("curllib2\nurlopen\n.")).imports[0].global.qualifiedName == "urllib.request.urlopen")
    }

    @Test func `reads stacked pickles to the end of the data`() throws {
        let stream = bytes("N.") + bytes("I5\n.") + [0, 0, 0] + bytes("]") + bytes(".")
        let document = try read(stream)
        #expect(document.streams.map(\.end) == [2, 6, 11])
        #expect(document.ending == .complete)
        #expect(try read(bytes("N.") + [0, 0, 0x0A]).ending == .padded(from: 2))
        guard case .trailing(2, _) = try read(bytes("N.?")).ending else {
            Issue.record("trailing bytes were not seen")
            return
        }
        var options = PickleOptions()
        options.streams = 1
        #expect(try read(stream, options).ending == .stopped(next: 2))
    }

    /// Gives at most eight bytes at a time, so that every instruction is read the long way.
    private struct Trickle: ByteSource {
        let bytes: MemorySource
        var size: UInt64 { bytes.size }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
            guard buffer.count <= 8 else { throw .absent(offset: offset, count: UInt64(buffer.count)) }
            try bytes.read(into: buffer, at: offset)
        }
    }

    @Test func `reads the same program whether its bytes are at hand or have to be fetched`() throws {
        let seed: UInt64 = 20_261
        print("seed \(seed)")
        var random = Random(seed: seed)
        let short: [UInt8] = Array("()N]}aestu0q".utf8) + [0x85, 0x86, 0x87, 0x88, 0x89, 0x94, 0x8F, 0x90]
        func number(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...3, using: &random) } }
        func part() -> [UInt8] {
            switch Int.random(in: 0..<16, using: &random) {
            case 0: bytes("K") + number(1)
            case 1: bytes("M") + number(2)
            case 2: bytes("J") + (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            case 3: bytes("G") + (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
            case 4: bytes("h") + number(1)
            case 5: bytes("q") + number(1)
            case 6: bytes("r") + number(2) + [0, 0]
            case 7: bytes("j") + number(1) + [0, 0, 0]
            case 8: [0x8C, 2] + bytes("ab")
            case 9: bytes("cos\nsystem\n")
            case 10: bytes("(K") + number(1) + bytes("tR")
            case 11: [0x95] + number(1) + [0, 0, 0, 0, 0, 0, 0]
            case 12: bytes("](K") + number(1) + bytes("Ne")
            default: [short.randomElement(using: &random) ?? 0x4E]
            }
        }
        var (complete, failed) = (0, 0)
        for _ in 0..<4_000 {
            var stream: [UInt8] = [0x80, 4, 0x4E, 0x94]
            for _ in 0..<Int.random(in: 0...20, using: &random) { stream += part() }
            stream += bytes(".")
            // Sometimes a frame round all of it, or round a little less.
            if Bool.random(using: &random) {
                let less = UInt8.random(in: 0...3, using: &random) / 3
                stream = [0x80, 4, 0x95, UInt8(stream.count) - 2 - less, 0, 0, 0, 0, 0, 0, 0] + stream.dropFirst(2)
            }
            var options = PickleOptions()
            options.streams = 1
            let here = try Pickle.read(MemorySource(stream), options: options)
            let far = try Pickle.read(Trickle(bytes: MemorySource(stream)), options: options)
            #expect(described(here) == described(far), "\(stream)")
            if case .failed = here.ending { failed += 1 } else { complete += 1 }
        }
        #expect(complete > 500 && failed > 500)
    }

    /// All that a document says, as text.
    private func described(_ document: PickleDocument) -> [String] {
        let graph = document.graph
        let nodes = (0..<graph.count).compactMap(graph.node).map {
            "\(graph.shape(of: $0)) \(graph.offset(of: $0)) \(graph.opcode(of: $0))"
        }
        return [
            "\(document.streams)", "\(document.ending)", "\(document.imports)", "\(document.violations)",
            "\(String(describing: document.refusedByWeightsOnly))", "\(document.opcodes)",
        ] + nodes
    }

    @Test func `asks for the range that is missing, and goes on when it is there`() throws {
        let stream = bytes("](") + (0..<9000).flatMap { [0x4B, UInt8($0 & 0xFF)] } + bytes("e.")
        var source = SparseSource(size: UInt64(stream.count))
        var rounds = 0
        while true {
            do throws(ByteError) {
                let document = try Pickle.read(source)
                #expect(document.ending == .complete)
                break
            } catch {
                guard case .absent(let offset, let count) = error, rounds < 100 else { throw error }
                rounds += 1
                let end = min(stream.count, Int(offset) + max(Int(count), 4096))
                source.insert(Array(stream[Int(offset)..<end]), at: offset)
            }
        }
        #expect(rounds >= 4)
    }

    @Test func `does not hold long constants in memory, and finds them again`() throws {
        let long = [UInt8](repeating: 0x61, count: 100_000)
        let document = try read(bytes("X") + [0xA0, 0x86, 0x01, 0x00] + long + bytes("."))
        guard case .string(let data)? = document.result else {
            Issue.record("no string")
            return
        }
        #expect(document.graph.place(of: data) == 5..<100_005)
        #expect(try document.graph.bytes(of: data) == long)
        #expect(throws: ByteError.self) { try document.graph.bytes(of: data, limit: 99_999) }
        // A character that is cut by the pieces in which the text is checked.
        let text: [UInt8] = [0x61] + (0..<300_000).flatMap { _ -> [UInt8] in [0xC3, 0xA9] }
        let count = UInt32(text.count)
        let head: [UInt8] = (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        #expect(try read(bytes("X") + head + text + bytes(".")).ending == .complete)
        #expect(try read(bytes("X") + head + text.dropLast() + [0x61] + bytes(".")).ending != .complete)
    }

    @Test func `stops at each limit, and not before`() throws {
        func ending(_ stream: [UInt8], _ change: (inout PickleLimits) -> Void) throws -> PickleEnding {
            var options = PickleOptions()
            change(&options.limits)
            return try read(stream, options).ending
        }
        let marks = [UInt8](repeating: 0x28, count: 5) + bytes("11111N.")
        #expect(try ending(marks) { $0.marks = 5 } == .complete)
        #expect(try ending(marks) { $0.marks = 4 } != .complete)
        #expect(try ending(bytes("NN0.")) { $0.opcodes = 4 } == .complete)
        #expect(try ending(bytes("NN0.")) { $0.opcodes = 3 } != .complete)
        #expect(try ending(bytes("N.N.")) { $0.streams = 2 } == .complete)
        #expect(try ending(bytes("N.N.")) { $0.streams = 1 } != .complete)
        #expect(try ending(bytes("cabc\nd\n.")) { $0.line = 3 } == .complete)
        #expect(try ending(bytes("cabc\nd\n.")) { $0.line = 2 } != .complete)
        let many = bytes("](") + [UInt8](repeating: 0x4E, count: 100_000) + bytes("e.")
        #expect(try ending(many) { $0.memory = 8 << 20 } == .complete)
        #expect(try ending(many) { $0.memory = 1 << 20 } != .complete)
    }

    @Test func `allocates nothing for a declared length or a memo entry that is not there`() throws {
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        for opcode: UInt8 in [0x8D, 0x8E, 0x96, 0x95] {
            guard case .failed(let error) = try read([opcode] + huge + [0x2E]).ending, case .bytes = error.problem
            else {
                Issue.record("opcode \(opcode)")
                continue
            }
        }
        let memo = bytes("Nr") + [0xFF, 0xFF, 0xFF, 0xFF] + bytes("0j") + [0xFF, 0xFF, 0xFF, 0xFF] + bytes(".")
        #expect(try read(memo).ending == .complete)
        #expect(try scan(memo).findings.map(\.rule) == [.memoIndex])
    }
}
