// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Foundation

@testable import Scanning

/// Runs one check over bytes or a text.
enum Checked {
    typealias Check = (any ByteSource, String, ScanPlace, inout ScanFindings) throws -> Void

    static func text(_ text: String, name: String) throws -> ScanFindings {
        try bytes(Array(text.utf8), name: name) {
            try TextCheck.check($0, name: $1, at: $2, into: &$3)
        }
    }

    static func bytes(_ bytes: [UInt8], name: String, _ check: Check) throws -> ScanFindings {
        var findings = ScanFindings()
        try check(MemorySource(bytes), name, ScanPlace(), &findings)
        return findings
    }

    static func template(_ text: String, role: TemplateCheck.Role = .chat) -> ScanFindings {
        var findings = ScanFindings()
        TemplateCheck.check(text: text, role: role, at: ScanPlace(), into: &findings)
        return findings
    }

    /// The files made by `generate.py`.
    static let samples: [(name: String, bytes: [UInt8])] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Corpus/scan/other")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().filter { !$0.hasSuffix(".py") }.compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).map { (name, Array($0)) }
        }
    }()

    /// The check that a sample's extension asks for.
    static func sample(_ bytes: [UInt8], name: String) throws -> ScanFindings {
        try Checked.bytes(bytes, name: name) { source, name, place, findings in
            if name.hasSuffix(".h5") { try HDF5Check.check(source, name: name, at: place, into: &findings) }
            if name.hasSuffix(".onnx") { try ONNXCheck.check(source, name: name, at: place, into: &findings) }
            if name.hasSuffix(".pb") { try SavedModelCheck.check(source, name: name, at: place, into: &findings) }
        }
    }
}

extension ScanFindings {
    var rules: Set<String> { Set(findings.map(\.rule.id)) }
    var lines: String { findings.map { "\($0.rule.id): \($0.reason)" }.joined(separator: "\n") }
}

/// A generator of numbers that gives the same numbers for the same seed everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// Some bytes changed, dropped, doubled or exchanged for telling ones.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        for _ in 0..<Int.random(in: 1...6, using: &self) {
            guard !out.isEmpty else { return out }
            let place = Int.random(in: 0..<out.count, using: &self)
            switch Int.random(in: 0..<7, using: &self) {
            case 0: out[place] = UInt8.random(in: 0...255, using: &self)
            case 1: out[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: out.removeSubrange(place..<min(out.count, place + Int.random(in: 1...8, using: &self)))
            case 3: out.insert(contentsOf: out[place..<min(out.count, place + 16)], at: place)
            case 4: out = Array(out[..<place])
            case 5: out[place] = [0x00, 0xFF, 0x7F, 0x80][Int.random(in: 0..<4, using: &self)]
            default:
                let token = [
                    "{{", "}}", "{%", "(", "]", "\"", "'''", "\\", "f'{", "!!", ":", "\n    ", "[::-1]", "|attr('", "{",
                ]
                out.insert(contentsOf: Array(token[Int.random(in: 0..<token.count, using: &self)].utf8), at: place)
            }
        }
        return out
    }
}
