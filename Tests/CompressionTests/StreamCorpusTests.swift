// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Compression
import ContentModel
import Foundation
import Testing

/// The streams of `Tests/Corpus/archives`, packed by Python's zlib, gzip, bz2 and lzma.
@Suite struct `Compressed streams` {
    struct Row: Sendable, CustomTestStringConvertible {
        let file: String
        let format: CompressionFormat
        let expected: String
        var testDescription: String { file }
        var bytes: [UInt8] {
            get throws { try Array(Data(contentsOf: Row.directory.appendingPathComponent(file))) }
        }
        static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/archives")
        static let all: [Row] = {
            let text =
                (try? String(contentsOf: directory.appendingPathComponent("expected.tsv"), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").compactMap { line in
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                return CompressionFormat(rawValue: fields[1]).map {
                    Row(file: fields[0], format: $0, expected: fields[2])
                }
            }
        }()
    }

    static func all(_ source: any ByteSource) throws -> [UInt8] { try source.bytes(at: 0, count: Int(source.size)) }

    @Test func `the corpus was found`() { #expect(Row.all.count >= 10) }

    @Test(arguments: Row.all) func `a stream unpacks to the bytes that were packed, or is refused`(row: Row) throws {
        let source = MemorySource(try row.bytes)
        do {
            let (contents, trailing) = try Expander.expand(row.format, source)
            let bytes = try `Compressed streams`.all(contents)
            #expect("\(Digest(of: bytes)) \(bytes.count)" == row.expected)
            #expect(trailing == 0)
        } catch { #expect(row.expected == "refused", "\(error)") }
    }

    @Test(arguments: Row.all.filter { $0.expected != "refused" })
    func `the format is recognised by its first bytes`(row: Row) throws {
        let detected = try ContainerFormat.detect(MemorySource(try row.bytes))
        #expect(detected.flatMap(CompressionFormat.init) == row.format)
    }

    @Test(arguments: Row.all.filter { $0.expected != "refused" })
    func `a stream that is not kept in memory reads the same at any place`(row: Row) throws {
        let source = MemorySource(try row.bytes)
        let whole = try `Compressed streams`.all(Expander.expand(row.format, source).contents)
        var limits = ExpansionLimits()
        limits.inMemory = 0
        let contents = try Expander.expand(row.format, source, limits: limits).contents
        #expect(contents.size == UInt64(whole.count))
        var random = SplitMix(7)
        guard !whole.isEmpty else { return }
        for _ in 0..<40 {
            let from = Int(random.next() % UInt64(whole.count))
            let count = Int(random.next() % UInt64(whole.count - from + 1))
            #expect(try contents.bytes(at: UInt64(from), count: count) == Array(whole[from..<from + count]))
        }
    }

    @Test(arguments: Row.all.filter { $0.expected != "refused" && !$0.file.hasPrefix("empty") })
    func `the output limit stops a stream at one byte too many and not before`(row: Row) throws {
        let source = MemorySource(try row.bytes)
        let size = try Expander.expand(row.format, source).contents.size
        var limits = ExpansionLimits()
        limits.output = size
        #expect(try Expander.expand(row.format, source, limits: limits).contents.size == size)
        limits.output = size - 1
        #expect(throws: ExpansionError.self) { try Expander.expand(row.format, source, limits: limits) }
    }

    @Test func `a bomb is stopped by the output limit, and comes out in pieces of bounded size`() throws {
        let bytes = try Array(Data(contentsOf: Row.directory.appendingPathComponent("bomb.zip")))
        let directory = try ZipDirectory(MemorySource(bytes))
        let member = try #require(directory.members.first)
        var limits = ExpansionLimits()
        limits.output = 1 << 20
        #expect(throws: ExpansionError.self) { try directory.contents(of: member, checked: true, limits: limits) }
        var expander = Expander(.deflate, try directory.packed(member))
        var largest = 0
        while expander.total < 2 << 20, let piece = try expander.next() { largest = max(largest, piece.count) }
        #expect(largest < 128 << 10)
    }

    @Test func `a compressed member is checked against the directory`() throws {
        var bytes = try Array(Data(contentsOf: Row.directory.appendingPathComponent("deflated.zip")))
        let directory = try ZipDirectory(MemorySource(bytes))
        let member = try #require(directory.members.first)
        #expect(try directory.contents(of: member, checked: true).size == member.size)
        let data = try #require(member.dataOffset)
        bytes[Int(data) + 12] ^= 0x10
        let damaged = try ZipDirectory(MemorySource(bytes))
        #expect(throws: ExpansionError.self) {
            try damaged.contents(of: #require(damaged.members.first), checked: true)
        }
    }

    @Test func `random changes of streams never trap`() throws {
        let seed: UInt64 = 11
        var random = SplitMix(seed)
        let samples = try Row.all.map { ($0.format, try $0.bytes) }.filter { !$0.1.isEmpty && $0.1.count < 60_000 }
        var limits = ExpansionLimits()
        limits.output = 1 << 18
        for _ in 0..<2_000 {
            var (format, bytes) = samples[Int(random.next() % UInt64(samples.count))]
            for _ in 0..<(1 + random.next() % 4) {
                let place = Int(random.next() % UInt64(min(bytes.count, random.next() % 2 == 0 ? 200 : bytes.count)))
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            var expander = Expander(format, MemorySource(bytes), limits: limits)
            do throws(ExpansionError) {
                while try expander.next() != nil {}
            } catch {}
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
