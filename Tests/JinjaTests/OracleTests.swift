// SPDX-License-Identifier: Apache-2.0

import Jinja
import Testing

@Suite struct `The evaluator beside Python's jinja2` {
    @Test func `has some hundred cases to compare`() { #expect(Judged.all.count >= 300) }

    @Test func `renders the same text byte for byte or fails for the same reason`() {
        for row in Judged.all {
            do throws(JinjaError) {
                let rendering = try Template(parsing: row.template).render(row.context, now: moment)
                guard let wanted = row.text else {
                    Issue.record(
                        "\(row.number): \(row.template)\n wanted \(row.error): \(row.message)\n found \(rendering.text)"
                    )
                    continue
                }
                if !rendering.text.utf8.elementsEqual(wanted.utf8) {
                    Issue.record(
                        "\(row.number): \(row.template)\n wanted \(wanted.debugDescription)\n found  \(rendering.text.debugDescription)"
                    )
                }
                #expect(rendering.generations.map { [$0.lowerBound, $0.upperBound] } == row.generations)
            } catch {
                guard row.text == nil else {
                    Issue.record(
                        "\(row.number): \(row.template)\n wanted \(row.text.debugDescription)\n failed \(error)")
                    continue
                }
                if error.kind.rawValue != row.error || !Judged.sameMessage(error.message, row.message) {
                    Issue.record(
                        "\(row.number): \(row.template)\n wanted \(row.error): \(row.message)\n found  \(error)")
                }
            }
        }
    }
}

extension Judged {
    static func sameMessage(_ found: String, _ wanted: String) -> Bool {
        // Python's compiler adds the line of the Python that jinja2 made of the template, and what recurses for ever ends
        // wherever it happens to be.
        wanted.hasSuffix(")") && wanted.contains(" (<template>, line ") || wanted.hasPrefix("maximum recursion depth")
            ? wanted.utf8.starts(with: found.utf8) : found.utf8.elementsEqual(wanted.utf8)
    }
}
