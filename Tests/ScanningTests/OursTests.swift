// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation
import Scanning
import Testing

/// Attacks and ordinary files of our own, written by the scripts beside them. Their names begin with a verdict.
@Suite struct `Files that are in no other collection` {
    struct Sample: CustomTestStringConvertible {
        let folder: String
        let file: String
        var verdict: Verdict { Verdict(rawValue: String(file.prefix { $0 != "-" })) ?? .clean }
        /// What follows the verdict.
        var name: String { String(file.drop { $0 != "-" }.dropFirst()) }
        var testDescription: String { "\(folder)/\(file)" }
    }

    static let root = `Scanning the corpus`.root.appending(path: "ours")

    static func samples(_ folder: String) -> [Sample] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
        return names.sorted().map { Sample(folder: folder, file: $0) }
    }

    private func scan(_ sample: Sample) throws -> FileScan {
        let bytes = [UInt8](try Data(contentsOf: Self.root.appending(path: "\(sample.folder)/\(sample.file)")))
        return try Scanner.scan(MemorySource(bytes), name: sample.name)
    }

    @Test func `both folders are there`() {
        #expect(Self.samples("attacks").count >= 190 && Self.samples("ordinary").count >= 130)
        #expect(
            (Self.samples("attacks") + Self.samples("ordinary")).allSatisfy {
                $0.file.hasPrefix($0.verdict.rawValue + "-")
            })
    }

    @Test(arguments: samples("attacks"))
    func `an attack is at least as bad as its name says`(_ sample: Sample) throws {
        let scan = try scan(sample)
        #expect(scan.verdict >= sample.verdict, "\(scan.verdict), \(scan.kind), \(scan.findings.map(\.reason))")
    }

    @Test(arguments: samples("ordinary"))
    func `an ordinary file is at most what its name says`(_ sample: Sample) throws {
        let scan = try scan(sample)
        #expect(scan.verdict <= sample.verdict, "\(scan.verdict), \(scan.kind), \(scan.findings.map(\.reason))")
    }

    @Test func `every cut and every flipped bit of a small attack or file comes to an end`() throws {
        let seed: UInt64 = 61
        print("seed of cuts: \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let samples = try (Self.samples("attacks") + Self.samples("ordinary")).compactMap { sample in
            let bytes = [UInt8](try Data(contentsOf: Self.root.appending(path: "\(sample.folder)/\(sample.file)")))
            return bytes.count < 4096 ? (sample.name, bytes) : nil
        }
        for index in 0..<`Checks survive what they are given`.count {
            let (name, bytes) = samples[index % samples.count]
            _ = try? Scanner.scan(MemorySource(numbers.mutate(bytes)), name: name)
        }
    }

    @Test func `code of the repository itself is told from code of another`() throws {
        let text = #"{"auto_map": {"AutoModel": "org/model--modeling.Model"}}"#
        var options = ScanOptions()
        for (repository, verdict) in [(nil, Verdict.malicious), ("Org/Model", .review), ("org/other", .malicious)] {
            options.repository = repository
            let scan = try Scanner.scan(MemorySource(Array(text.utf8)), name: "config.json", options: options)
            #expect(scan.verdict == verdict, "\(repository ?? "unknown")")
        }
    }

    @Test func `what is inside of containers is judged by its name there, whatever packs it`() throws {
        let bytes = [UInt8](try Data(contentsOf: Self.root.appending(path: "attacks/malicious-deep-lambda.keras")))
        let scan = try Scanner.scan(MemorySource(bytes), name: "model.keras")
        let finding = try #require(scan.findings.first)
        #expect(finding.rule.id == "keras-lambda" && finding.place.members == ["config.json"])
        let gguf = [UInt8](try Data(contentsOf: Self.root.appending(path: "attacks/malicious-second-template.gguf")))
        let template = try #require(try Scanner.scan(MemorySource(gguf), name: "m.gguf").findings.first)
        #expect(template.rule.id == "template-escape" && template.place.members == ["tokenizer.chat_template.rag"])
    }

    @Test func `the catalogue has every rule once`() {
        let ids = ScanRule.catalogue.map(\.id)
        #expect(Set(ids).count == ids.count && ids == ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        for rule in [
            ScanRule.kerasLambda, .archiveEscape, .nameLies, .templateEscape, .documentTooLarge, .executableFile,
        ] {
            #expect(ids.contains(rule.id))
        }
        #expect(ids.contains("pickle-global-dangerous"))
    }
}
