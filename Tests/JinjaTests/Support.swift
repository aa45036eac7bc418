// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import Jinja

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

/// What Python's jinja2 made of a template.
struct Judged: Sendable {
    let number: Int
    let template: String
    let context: [JSONValue.Member]
    let text: String?
    let error: String
    let message: String
    let generations: [[Int]]

    static let all: [Judged] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/render.json")
        guard let text = try? String(contentsOf: file, encoding: .utf8),
            let rows = (try? JSONValue(parsing: text))?.array
        else { return [] }
        return rows.enumerated().map { number, row in
            Judged(
                number: number, template: row["template"]?.string ?? "", context: row["context"]?.members ?? [],
                text: row["text"]?.string, error: row["error"]?.string ?? "", message: row["message"]?.string ?? "",
                generations: (row["generations"]?.array ?? []).map {
                    ($0.array ?? []).compactMap { $0.integer.map(Int.init) }
                })
        }
    }()
}

/// The moment that the vectors were made at.
let moment: Moment = Moment(Timestamp("2025-03-09T17:04:05Z") ?? Timestamp(clamping: 0))

func render(
    _ template: String, _ variables: [JSONValue.Member] = [], budget: RenderBudget = RenderBudget()
)
    throws(JinjaError) -> String
{
    try Template(parsing: template).render(variables, now: moment, budget: budget).text
}
