// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Drift

@Suite struct `Comparing model cards` {
    private static let card =
        "---\nlicense: mit\n---\n# A\n\nUse temperature=0.6.\n\n```python\nm = load(\"a\", revision=\"main\", prompt_name=\"query\")\n```\n"

    private static func changed(_ from: String, _ to: String) async throws -> DriftReport {
        let range = try #require(card.firstRange(of: from))
        return try await drift(
            ["README.md": card], ["README.md": card[..<range.lowerBound] + to + card[range.upperBound...]])
    }

    @Test(arguments: [
        ("# A", "# B", [] as [String]),
        ("license: mit", "license: other", ["licence-changed security README.md:license"]),
        ("license: mit", "tags: []", ["licence-changed security README.md:license"]),
        ("temperature=0.6", "temperature=0.7", ["recommended-changed behaviour README.md:temperature"]),
        ("temperature=0.6", "temperature = 0.6", []),
        (
            "Use temperature=0.6", "Use top_k=5",
            ["recommended-changed behaviour README.md:temperature", "recommended-changed behaviour README.md:top-k"]
        ),
        ("\"query\"", "\"document\"", ["snippet-changed behaviour README.md:prompt_name"]),
        ("\"query\")", "\"query\", trust_remote_code=True)", ["snippet-changed security README.md:trust_remote_code"]),
        (", prompt_name=\"query\"", "", []),
    ])
    func `only what people copy is more than prose`(_ from: String, _ to: String, _ expected: [String]) async throws {
        #expect(try await Self.changed(from, to).lines == expected + ["docs-changed cosmetic README.md"])
    }

    @Test func `a new card with a licence says so, one that is gone too`() async throws {
        #expect(
            Set(try await drift([:], ["README.md": Self.card]).lines) == [
                "licence-changed security README.md:license", "recommended-changed behaviour README.md:temperature",
            ])
        #expect(try await drift(["README.md": "x"], [:]).lines == ["docs-changed cosmetic README.md"])
    }

    @Test func `the licence's own file counts`() async throws {
        #expect(try await drift(["LICENSE": "a"], ["LICENSE": "b"]).lines == ["licence-changed security LICENSE"])
        #expect(try await drift(["LICENSE": "a\n"], ["LICENSE": "a\r\n"]).lines == ["format-only cosmetic LICENSE"])
    }
}
