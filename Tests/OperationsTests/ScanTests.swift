// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import ContentModel
import Deliverable
import FileIO
import Scanning
import SystemPackage
import TestKit
import Testing

@testable import Operations

@Suite struct `Scanning targets` {
    private static let evil = Array("cos\nsystem\n(S'true'\ntR.".utf8)

    private func scan(_ yard: Yard, _ targets: ModelTarget...) async throws -> ScanReport {
        try await ScanOperation(yard.session, yard.project).run(targets)
    }

    @Test func `rules have names of their own, and texts for people`() {
        let rules = ScanRules.all
        #expect(Set(rules.map(\.id)).count == rules.count && rules.count > 40)
        for rule in rules {
            #expect(rule.id.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
            #expect(
                rule.summary.hasSuffix(".") && rule.explanation.hasSuffix(".") && rule.remedy.hasSuffix("."),
                "\(rule.id)")
            #expect(!rule.summary.contains("\n") && !rule.remedy.contains("\n"), "\(rule.id)")
            #expect(ScanRules.named(rule.id) == rule)
        }
        #expect(ScanRules.named("no-such-rule") == nil)
    }

    @Test func `ten thousand small files are each scanned once, on all cores`() async throws {
        try await Yard.run { yard in
            let folder = yard.directory.appending("many")
            for index in 0..<2000 {
                try yard.directory.write("many/\(index / 100)/\(index).txt", "number \(index)\n")
            }
            try FileSystem.replace(folder.appending("7/evil.pkl"), with: Self.evil, durably: false)
            let report = try await scan(yard, ModelTarget(at: folder))
            #expect(report.files.count == 2001 && report.count(.clean) == 2000 && report.count(.malicious) == 1)
            #expect(
                report.files.map(\.path)
                    == report.files.map(\.path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            #expect(report.files.first { $0.verdict == .malicious }?.path == "7/evil.pkl")
            // All of the announced work was done, and no more.
            #expect(yard.events.bytes.announced == yard.events.bytes.done)
        }
    }

    @Test func `a file that cannot be read is unscannable, never left out`() async throws {
        try await Yard.run { yard in
            try yard.directory.write("model/pipe/x", "x")
            let link = yard.directory.appending("model/broken-out")
            try FileSystem.symbolicLink(link, to: "/dev/null")
            let report = try await scan(yard, ModelTarget(at: yard.directory.appending("model")))
            let file = try #require(report.files.first { $0.path == "broken-out" })
            #expect(file.verdict == .unscannable && file.kind == nil)
            #expect(file.findings.first?.finding.rule.id == "file-outside")
        }
    }

    @Test func `what is far away gets the verdict that it has here`() async throws {
        try await Yard.run { yard in
            var files: [String: [UInt8]] = [
                "evil.pkl": Self.evil, "empty": [],
                "model.safetensors": ModelBuilder.tinyModel()["model.safetensors"] ?? [],
            ]
            // Longer than what is fetched whole: the call stands at the end of a long pickle.
            var long: [UInt8] = Array("(l".utf8)
            for index in 0..<60_000 { long += Array("I\(index)\na".utf8) }
            files["long.pkl"] = long + Array("0".utf8) + Self.evil
            files["plain.pkl"] = long + Array(".".utf8)
            try ModelBuilder.write(files, to: yard.directory.appending("here"))
            try yard.server.commit("org/far", files)
            let here = try await scan(yard, ModelTarget(at: yard.directory.appending("here")))
            let far = try await scan(
                yard, ModelTarget("hf://org/far@main", lock: nil, absolute: { FilePath($0) }, exists: { _ in false }))
            let names = Set(files.keys)
            let found = far.files.filter { names.contains($0.path) }
            #expect(found.map(\.path) == here.files.map(\.path))
            #expect(found.map(\.verdict) == here.files.map(\.verdict))
            #expect(found.map { $0.findings.map(\.finding) } == here.files.map { $0.findings.map(\.finding) })
            #expect(found.allSatisfy { ($0.fetched ?? .max) <= UInt64($0.size.value) + 65_536 })
            #expect(here.count(.malicious) == 2)
        }
    }

    @Test func `a server that fails ends the scan, and nothing is called clean`() async throws {
        try await Yard.run { yard in
            try yard.server.commit("org/far", ["evil.pkl": Self.evil])
            let target = try ModelTarget("org/absent", lock: nil, absolute: { FilePath($0) }, exists: { _ in false })
            await #expect(throws: Failure.self) { try await scan(yard, target) }
        }
    }
}

@Suite struct `Reading ahead from afar` {
    @Test func `ranges hold every miss, apart from each other and inside the file`() {
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            let size = UInt64.random(in: 1...(1 << 22), using: &generator)
            let misses = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                let offset = UInt64.random(in: 0..<size, using: &generator)
                return ScoutSource.Miss(
                    offset: offset, count: UInt64.random(in: 1...(size - offset), using: &generator))
            }
            let window = UInt64.random(in: 1...(1 << 16), using: &generator)
            let ranges = RemoteScan.ranges(misses, window: window, size: size)
            for miss in misses {
                #expect(
                    ranges.contains { $0.lowerBound <= miss.offset && miss.offset + miss.count <= $0.upperBound },
                    "seed \(seed)")
            }
            #expect(ranges.allSatisfy { $0.upperBound <= size && !$0.isEmpty }, "seed \(seed)")
            for (left, right) in zip(ranges, ranges.dropFirst()) {
                #expect(left.upperBound < right.lowerBound, "seed \(seed)")
            }
        }
    }

    @Test func `ranges at the edge of what numbers can say do not overflow`() {
        let miss = ScoutSource.Miss(offset: .max - 5, count: 4)
        #expect(RemoteScan.ranges([miss], window: 1 << 20, size: .max) == [(.max - 5)..<(.max)])
        #expect(RemoteScan.ranges([miss], window: 1, size: 10).isEmpty)
    }

    @Test func `a scout gives what is there, zeros for what is not, and says what was missing`() throws {
        var known = SparseSource(size: 1000)
        known.insert(Array(repeating: 7, count: 100), at: 200)
        let scout = ScoutSource(known)
        #expect(try scout.bytes(at: 210, count: 20) == Array(repeating: 7, count: 20))
        #expect(scout.misses.isEmpty)
        #expect(try scout.bytes(at: 290, count: 20) == Array(repeating: 0, count: 20))
        #expect(scout.misses == [ScoutSource.Miss(offset: 300, count: 10)])
        #expect(throws: ByteError.self) { try scout.bytes(at: 990, count: 20) }
        let large = ScoutSource(SparseSource(size: 1 << 20))
        #expect(throws: ByteError.absent(offset: 0, count: (64 << 10) + 1)) {
            try large.bytes(at: 0, count: (64 << 10) + 1)
        }
    }
}
