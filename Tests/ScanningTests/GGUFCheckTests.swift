// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation
import Testing

@testable import Scanning

@Suite struct `GGUF files` {
    private static func text(_ text: String) -> [UInt8] { number(UInt64(text.utf8.count)) + Array(text.utf8) }

    private static func number<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// A file of version 3 without tensors and with these texts.
    static func file(_ entries: [(key: String, value: String)]) -> [UInt8] {
        var bytes = Array("GGUF".utf8) + number(UInt32(3)) + number(UInt64(0)) + number(UInt64(entries.count))
        for (key, value) in entries { bytes += text(key) + number(UInt32(8)) + text(value) }
        return bytes
    }

    private func check(_ bytes: [UInt8]) throws -> ScanFindings {
        try Checked.bytes(bytes, name: "model.gguf") { try GGUFCheck.check($0, name: $1, at: $2, into: &$3) }
    }

    @Test func `templates are checked under every key`() throws {
        for key in ["tokenizer.chat_template", "tokenizer.chat_template.tool_use", "tokenizer.chat_templates"] {
            let found = try check(Self.file([("general.name", "x"), (key, "{{ ''.__class__ }}")]))
            #expect(found.verdict == .malicious, "\(key)")
            #expect(found.findings.first?.place.members == [key])
        }
        // Of other keys nobody knows who renders them: what is only there to escape counts, and nothing else.
        #expect(try check(Self.file([("adapter.prompt", "{{ ''.__class__ }}")])).verdict == .malicious)
        #expect(try check(Self.file([("general.name", "{{ x.run() }}{% include '__a' %}")])).verdict == .clean)
        #expect(try check(Self.file([("tokenizer.chat_template", BenignTemplates.all[0].text)])).verdict == .clean)
    }

    @Test func `the corpus of GGUF files gets the verdicts of its headers`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Corpus/gguf")
        let wanted: [(name: String, verdict: Verdict)] = [
            ("everything", .clean), ("quantized", .clean), ("no-tensors", .clean), ("aligned-128", .clean),
            ("big-endian", .clean),
            ("vocabulary", .clean), ("outside", .unscannable), ("offset-overflow", .unscannable),
            ("overlap", .unscannable),
            ("duplicate-tensor", .unscannable), ("duplicate-key", .unscannable), ("array-length", .unscannable),
            ("cut-in-key", .unscannable), ("alignment-0", .unscannable), ("trailing", .review), ("not-utf8", .review),
        ]
        for (name, verdict) in wanted {
            let bytes = try Array(Data(contentsOf: folder.appending(path: name + ".gguf")))
            let found = try check(bytes)
            #expect(found.verdict == verdict, "\(name)\n\(found.lines)")
        }
    }

    @Test func `a cut or twisted file never traps and is never clean when cut`() throws {
        let bytes = Self.file([("general.name", "x"), ("tokenizer.chat_template", "{{ messages }}")])
        for count in 0..<bytes.count { #expect(try check(Array(bytes[..<count])).verdict == .unscannable) }
        print("seed of GGUF: 61")
        var numbers = SeededNumbers(seed: 61)
        for _ in 0..<`Checks survive what they are given`.count { _ = try? check(numbers.mutate(bytes)) }
    }
}
