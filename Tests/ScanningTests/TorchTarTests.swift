// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation
import Pickle
import Scanning
import Testing

/// Checkpoints of PyTorch 0.1: a tar archive in which pickles and raw numbers alternate.
@Suite struct `Scanning PyTorch's tar archives` {
    // MARK: The parts

    static func count(_ number: UInt8) -> [UInt8] { [0x80, 2, UInt8(ascii: "K"), number, UInt8(ascii: ".")] }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// `(key, 'cpu', torch.<type>)`.
    static func storageHead(_ key: UInt8, type: String = "FloatStorage", module: String = "torch") -> [UInt8] {
        [0x80, 2, UInt8(ascii: "K"), key] + Array("X\u{3}\0\0\0cpuc\(module)\n\(type)\n".utf8) + [
            0x87, UInt8(ascii: "."),
        ]
    }

    static func numbers(_ count: Int64, bytes: Int) -> [UInt8] {
        littleEndian(count) + (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    }

    static let noViews: [UInt8] = [0x80, 2, UInt8(ascii: "]"), UInt8(ascii: ".")]
    static let attack = Array(
        "\u{80}\u{2}cposix\nsystem\nX\u{2}\0\0\0id\u{85}R.".unicodeScalars.map { UInt8($0.value) })

    static func storages(_ heads: [[UInt8]] = [storageHead(1), storageHead(2)], declared: UInt8? = nil) -> [UInt8] {
        count(declared ?? UInt8(heads.count)) + heads.flatMap { $0 + numbers(12, bytes: 48) } + noViews
    }

    static func tensor(_ key: UInt8, _ storage: UInt8) -> [UInt8] {
        [0x80, 2, UInt8(ascii: "K"), key, UInt8(ascii: "K"), storage] + Array("ctorch\nFloatTensor\n".utf8) + [
            0x87, 0x2E,
        ]
            + littleEndian(Int32(2)) + [0, 0, 0, 0] + [3, 4, 4, 1, 0].flatMap { littleEndian(Int64($0)) }
    }

    static let tensors = count(2) + tensor(3, 1) + tensor(4, 2)
    /// `{'a': <tensor 3>}`.
    static let object: [UInt8] = [0x80, 2] + Array("}X\u{1}\0\0\0aK\u{3}Qs.".utf8)

    /// A ustar archive of these members.
    static func tar(_ members: [(String, [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        for (name, bytes) in members {
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, at place: Int) {
                header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
            }
            let octal = String(bytes.count, radix: 8)
            put(name, at: 0)
            put("0000644\0", at: 100)
            put(String(repeating: "0", count: 11 - octal.count) + octal + "\0", at: 124)
            put("00000000000\0", at: 136)
            put("        ", at: 148)
            put("0", at: 156)
            put("ustar\u{0}00", at: 257)
            let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
            put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", at: 148)
            archive += header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        }
        return archive + [UInt8](repeating: 0, count: 1024)
    }

    private func scan(
        storages: [UInt8] = storages(), tensors: [UInt8] = tensors, pickle: [UInt8] = object,
        more: [(String, [UInt8])] = []
    ) throws -> FileScan {
        let bytes = Self.tar(more + [("pickle", pickle), ("tensors", tensors), ("storages", storages)])
        return try Scanner.scan(MemorySource(bytes), name: "old.pt")
    }

    private func rules(_ scan: FileScan) -> Set<String> { Set(scan.findings.map(\.rule.id)) }

    // MARK: What is fine

    @Test func `an ordinary one is only old`() throws {
        let found = try scan()
        #expect(found.verdict == .review)
        #expect(rules(found) == ["archive-torch-tar"])
        #expect(found.imports == ["torch.FloatStorage", "torch.FloatTensor"])
    }

    @Test func `the one that PyTorch's own layout made is only old`() throws {
        let path = CorpusPath.checkpoint("tar.pt")
        let found = try Scanner.scan(MemorySource(Array(try Data(contentsOf: path))), name: "tar.pt")
        #expect(found.verdict == .review)
        #expect(rules(found) == ["archive-torch-tar"])
    }

    // MARK: Attacks

    @Test(arguments: 0...3) func `a malicious pickle behind any storage is found at its place`(place: Int) throws {
        var heads = [1, 2, 3].map { Self.storageHead($0) }
        heads.insert(Self.attack, at: place)
        let found = try scan(storages: Self.storages(heads))
        #expect(found.verdict == .malicious)
        let finding = try #require(found.findings.first { $0.rule.id == "pickle-global-dangerous" })
        let before = Self.count(4) + heads[..<place].flatMap { $0 + Self.numbers(12, bytes: 48) }
        #expect(finding.place.offset == UInt64(before.count) + 2)
        #expect(finding.place.members == ["storages"])
    }

    @Test func `a malicious pickle is found in every part`() throws {
        let call = Array(Self.attack.dropLast())
        // As the count, as the list of views, before and among the tensors, as the object.
        #expect(try scan(storages: Self.attack + Self.storages().dropFirst(5)).verdict == .malicious)
        #expect(try scan(storages: Self.storages().dropLast(4) + Self.attack).verdict == .malicious)
        #expect(try scan(tensors: Self.attack + Self.tensors.dropFirst(5)).verdict == .malicious)
        #expect(try scan(tensors: Self.count(2) + Self.tensor(3, 1) + Self.attack).verdict == .malicious)
        #expect(try scan(pickle: Self.attack).verdict == .malicious)
        // A call whose result is dropped, in front of the right answer.
        let hidden = call + [UInt8(ascii: "0")]
        #expect(try scan(storages: hidden + Self.storages().dropFirst(2)).verdict == .malicious)
        #expect(try scan(storages: Self.storages([hidden + Self.storageHead(1).dropFirst(2)])).verdict == .malicious)
        #expect(try scan(tensors: Self.count(1) + hidden + Self.tensor(3, 1).dropFirst(2)).verdict == .malicious)
    }

    @Test func `wrong counts are unscannable`() throws {
        for declared: UInt8 in [0, 1, 3, 255] {
            #expect(try scan(storages: Self.storages(declared: declared)).verdict == .unscannable, "\(declared)")
            let tensors = Self.count(declared) + Self.tensors.dropFirst(5)
            #expect(try scan(tensors: tensors).verdict == .unscannable, "\(declared)")
        }
        let none: [[UInt8]] = [
            [0x80, 2, UInt8(ascii: "N"), 0x2E],
            Array("\u{80}\u{2}J".unicodeScalars.map { UInt8($0.value) }) + [0xFF, 0xFF, 0xFF, 0xFF, 0x2E],
            [0x80, 2, 0x88, 0x2E], [0x80, 2, 0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2E],
        ]
        for count in none {
            #expect(try scan(storages: count + Self.storages().dropFirst(5)).verdict == .unscannable, "\(count)")
        }
    }

    @Test func `storages that lie about their size are unscannable`() throws {
        for (elements, bytes) in [(11, 48), (13, 48), (0, 48), (-1, 48), (Int64.max, 48), (1 << 62, 48), (1000, 48)]
            as [(Int64, Int)]
        {
            let storages = Self.count(1) + Self.storageHead(1) + Self.numbers(elements, bytes: bytes) + Self.noViews
            let found = try scan(storages: storages)
            #expect(found.verdict == .unscannable, "\(elements)")
        }
        // A lie about the type shifts everything behind it.
        #expect(try scan(storages: Self.storages([Self.storageHead(1, type: "DoubleStorage")])).verdict == .unscannable)
        #expect(try scan(storages: Self.storages([Self.storageHead(1, type: "UntypedThing")])).verdict >= .unknown)
        #expect(try scan(storages: Self.storages([Self.storageHead(1, module: "os")])).verdict == .malicious)
    }

    @Test func `bytes that PyTorch does not read are unscannable, and an attack among them is named`() throws {
        for rest in [[0] as [UInt8], [1, 2, 3], Self.noViews] {
            #expect(rules(try scan(storages: Self.storages() + rest)).contains("pickle-trailing"))
            #expect(rules(try scan(tensors: Self.tensors + rest)).contains("pickle-trailing"))
        }
        #expect(try scan(storages: Self.storages() + Self.attack).verdict == .malicious)
        #expect(try scan(tensors: Self.tensors + Self.attack).verdict == .malicious)
        #expect(try scan(pickle: Self.object + Self.attack).verdict == .malicious)
    }

    @Test func `a member that breaks off anywhere is unscannable`() throws {
        for (whole, isStorages) in [(Self.storages(), true), (Self.tensors, false)] {
            for length in 0..<whole.count {
                let part = Array(whole[..<length])
                let found = try isStorages ? scan(storages: part) : scan(tensors: part)
                #expect(found.verdict >= .unscannable, "\(length) of \(whole.count) bytes")
            }
        }
    }

    @Test func `a tensor of too many dimensions, and one that describes something else, are unscannable`() throws {
        var many = Self.count(1) + Self.tensor(3, 1)
        many[many.count - 48] = 65
        #expect(try scan(tensors: many).verdict == .unscannable)
        many[many.count - 45] = 0x80
        #expect(try scan(tensors: many).verdict == .unscannable)
        #expect(try scan(tensors: Self.count(1) + Self.object).verdict == .unscannable)
    }

    @Test func `an archive that lacks a part is taken as what it is`() throws {
        let bytes = Self.tar([("tensors", Self.tensors), ("storages", Self.storages())])
        let found = try Scanner.scan(MemorySource(bytes), name: "old.pt")
        #expect(found.verdict == .unscannable)
        #expect(!rules(found).contains("archive-torch-tar"))
    }

    @Test func `of two members with one name both are scanned`() throws {
        let found = try scan(more: [("storages", Self.attack)])
        #expect(found.verdict == .malicious)
        #expect(rules(found).contains("archive-disagreement"))
    }

    @Test func `random changes never trap, and no changed name of a class goes unseen`() throws {
        let seed: UInt64 = 20_261_122
        print("seed \(seed)")
        var random = SeededNumbers(seed: seed)
        let samples = [Self.storages(), Self.tensors]
        for _ in 0..<4000 {
            let index = Int.random(in: 0...1, using: &random)
            var bytes = samples[index]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            let found = try Pickle.scan(MemorySource(bytes), torchTar: index == 0 ? .storages : .tensors)
            guard found.verdict == .clean else { continue }
            #expect(found.imports.allSatisfy { $0.global.module == "torch" })
        }
    }
}

private enum CorpusPath {
    static func checkpoint(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Corpus/checkpoint/\(name)")
    }
}
