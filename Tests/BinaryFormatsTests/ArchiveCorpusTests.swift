// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation
import Testing

/// The archives of `Tests/Corpus/archives`, made by Python's zipfile and tarfile and by editing their bytes.
@Suite struct `Archives of the corpus` {
    struct Row: Sendable, CustomTestStringConvertible {
        let file: String
        let kind: String
        let expected: String
        var testDescription: String { file }
        var bytes: [UInt8] {
            get throws { try Array(Data(contentsOf: Row.directory.appendingPathComponent(file))) }
        }
        static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/archives")
        static func rows(_ kinds: Set<String>) -> [Row] {
            let text =
                (try? String(contentsOf: directory.appendingPathComponent("expected.tsv"), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map { line in
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                return Row(file: fields[0], kind: fields[1], expected: fields[2])
            }.filter { kinds.contains($0.kind) }
        }
    }

    static func verdict(zip bytes: [UInt8]) -> String {
        do throws(ArchiveError) {
            let directory = try ZipDirectory(MemorySource(bytes))
            return Set(directory.refusals.map { label($0.kind) }).sorted().joined(separator: ",")
        } catch { return label(error) }
    }

    static func verdict(tar bytes: [UInt8]) -> String {
        do throws(ArchiveError) {
            let directory = try TarDirectory(MemorySource(bytes))
            return Set(directory.refusals.map { label($0.kind) }).sorted().joined(separator: ",")
        } catch { return label(error) }
    }

    static func label(_ value: Any) -> String {
        if let label = Mirror(reflecting: value).children.first?.label { return label }
        // A case without values has no children to tell its name by.
        let zip: [(String, ZipAnomaly.Kind)] = [
            ("split", .split), ("directoryBroken", .directoryBroken), ("hidden", .hidden),
            ("headerMissing", .headerMissing),
            ("duplicate", .duplicate), ("caseCollision", .caseCollision), ("descriptorDisagrees", .descriptorDisagrees),
            ("extraField", .extraField), ("encrypted", .encrypted), ("patched", .patched), ("link", .link),
            ("device", .device),
            ("memberSplit", .memberSplit),
        ]
        let tar: [(String, TarAnomaly.Kind)] = [
            ("device", .device), ("sparse", .sparse), ("duplicate", .duplicate), ("caseCollision", .caseCollision),
            ("extendedHeader", .extendedHeader), ("checksum", .checksum), ("truncated", .truncated),
        ]
        if let kind = value as? ZipAnomaly.Kind { return zip.first { $0.1 == kind }?.0 ?? "?" }
        if let kind = value as? TarAnomaly.Kind { return tar.first { $0.1 == kind }?.0 ?? "?" }
        return "?"
    }

    @Test(arguments: Row.rows(["zip"])) func `a zip archive gives the anomalies that were put into it, and no others`(
        row: Row
    ) throws {
        #expect(`Archives of the corpus`.verdict(zip: try row.bytes) == row.expected)
    }

    @Test(arguments: Row.rows(["tar"])) func `a tar archive gives the anomalies that were put into it, and no others`(
        row: Row
    ) throws {
        #expect(`Archives of the corpus`.verdict(tar: try row.bytes) == row.expected)
    }

    @Test func `the corpus was found`() { #expect(Row.rows(["zip", "tar"]).count > 40) }

    @Test func `a member that the directory hides is given with its bytes`() throws {
        let row = try #require(Row.rows(["zip"]).first { $0.file == "hidden.zip" })
        let directory = try ZipDirectory(MemorySource(try row.bytes))
        #expect(directory.members.map(\.name.text) == ["m/a.bin", "m/b.bin"])
        let hidden = try #require(directory.hidden.first)
        #expect(hidden.name.text == "m/data.pkl")
        let part = try directory.packed(hidden)
        #expect(try part.bytes(at: 0, count: 4) == [0x80, 0x02, 0x63, 0x6F])
        #expect(directory.streamed.map(\.header.name.text) == ["m/a.bin", "m/data.pkl", "m/b.bin"])
    }

    @Test func `names in tar follow pax, GNU and ustar rules`() throws {
        for file in ["pax.tar", "gnu.tar"] {
            let row = try #require(Row.rows(["tar"]).first { $0.file == file })
            let tar = try TarDirectory(MemorySource(try row.bytes))
            #expect(tar.members.map(\.name.text) == ["a", String(repeating: "d/", count: 70) + "file.bin"])
            let member = try #require(tar.members.last)
            #expect(try tar.contents(member).bytes(at: 0, count: 6) == Array("second".utf8))
        }
    }

    @Test func `a zip read for a remote file asks only for its end and its directory`() throws {
        let row = try #require(Row.rows(["zip"]).first { $0.file == "stored.zip" })
        let bytes = try row.bytes
        let whole = MemorySource(bytes)
        var sparse = SparseSource(size: whole.size)
        var rounds = 0
        while rounds < 20 {
            rounds += 1
            do throws(ArchiveError) {
                let directory = try ZipDirectory(sparse, depth: .directory)
                #expect(directory.members.count == 2)
                break
            } catch {
                guard case .bytes(.absent(let offset, let count)) = error else { throw error }
                sparse.insert(Array(bytes[Int(offset)..<Int(offset + count)]), at: offset)
            }
        }
        #expect(rounds < 20)
        #expect(sparse.fetched < whole.size - 60)
    }

    @Test func `cutting a zip or a tar anywhere never traps`() throws {
        for row in Row.rows(["zip", "tar"]) where !["bomb.zip"].contains(row.file) {
            let bytes = try row.bytes
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 150)) {
                _ = `Archives of the corpus`.verdict(zip: Array(bytes.prefix(length)))
                _ = `Archives of the corpus`.verdict(tar: Array(bytes.prefix(length)))
            }
        }
    }

    @Test func `random changes of archives never trap, whatever they find`() throws {
        let seed: UInt64 = 20_261_121
        var random = SplitMix(seed)
        let rows = Row.rows(["zip", "tar"]).filter { $0.file != "bomb.zip" }
        let samples = try rows.map { try $0.bytes }
        for _ in 0..<20_000 {
            var bytes = samples[Int(random.next() % UInt64(samples.count))]
            guard !bytes.isEmpty else { continue }
            for _ in 0..<(1 + random.next() % 6) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] = [0, 0xFF, 0x7F, 0x80][Int(random.next() % 4)]
                case 2: bytes.replaceSubrange(place..<min(bytes.count, place + 4), with: [0xFF, 0xFF, 0xFF, 0xFF])
                default: bytes[place] ^= 1 << UInt8(random.next() % 8)
                }
            }
            _ = `Archives of the corpus`.verdict(zip: bytes)
            _ = `Archives of the corpus`.verdict(tar: bytes)
        }
        print("seed \(seed)")
    }
}

struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
