// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation

/// Pseudo-random numbers that are the same for the same seed everywhere (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Files of the corpus.
enum Sample {
    static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Corpus/gguf")

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: corpus.appending(path: name)))
    }

    static let expected: JSONValue = {
        guard let data = try? Data(contentsOf: corpus.appending(path: "expected.json")) else { return .null }
        return (try? JSONDecoder().decode(JSONValue.self, from: data)) ?? .null
    }()

    static let valid: [String] = (expected["valid"]?.members ?? []).map(\.key)
    static let judged: [String] = (expected["verdicts"]?.members ?? []).map(\.key)
}
