// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift
internal import Jinja
internal import Operations

extension JSON {
    static func conversations(_ conversations: [Conversation]) -> JSONValue {
        document("conversations", ["conversations": .array(conversations.map(\.json))])
    }

    static func templates(_ templates: RenderOperation.Templates) -> JSONValue {
        let set = templates.set
        return document(
            "templates",
            [
                "target": .string(templates.target),
                "templates": .array(
                    (templates.focus ?? set.copies).map { copy in
                        .object(
                            (place(copy).members ?? []) + [
                                .init("sha256", digest(Digest(of: Array(copy.text.utf8)))),
                                .init("size", .integer(Int64(copy.text.utf8.count))),
                                .init("engines", .array(set.engines(using: copy).map { .string($0.rawValue) })),
                            ])
                    }),
                "tokens": .object(set.tokens.tokens), "tokens_file": set.tokens.file.map { .string($0) },
                "disagreements": .array(
                    set.disagreements.map { .array([place($0.first), place($0.other)]) }),
                "problems": .array(set.problems.map(problem)),
            ])
    }

    static func render(
        _ templates: RenderOperation.Templates, _ outcomes: [RenderOperation.Outcome], time: Timestamp
    ) -> JSONValue {
        document(
            "render",
            [
                "target": .string(templates.target), "time": .string(time.description),
                "results": .array(
                    outcomes.map { outcome in
                        var rendering: Template.Rendering?
                        var error: JinjaError?
                        switch outcome.result {
                        case .success(let found): rendering = found
                        case .failure(let found): error = found
                        }
                        return .object([
                            "conversation": .string(outcome.conversation.name), "template": place(outcome.copy),
                            "prompt": rendering.map { .string($0.text) }, "error": error.map { self.error($0) },
                            "clock": rendering.map { .array($0.clockFormats.map { .string($0) }) },
                            "generations": rendering.map {
                                .array(
                                    $0.generations.map {
                                        .array([.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))])
                                    })
                            },
                        ])
                    }),
            ])
    }

    static func lint(_ reports: [RenderOperation.LintReport]) -> JSONValue {
        document(
            "lint",
            [
                "targets": .array(
                    reports.map { report in
                        .object([
                            "target": .string(report.target),
                            "templates": .array(
                                report.items.map { item in
                                    .object(
                                        (place(item.copy).members ?? []) + [
                                            .init("findings", .array(item.findings.map(finding)))
                                        ])
                                }),
                            "problems": .array(report.problems.map(problem)),
                        ])
                    })
            ])
    }

    private static func finding(_ finding: TemplateFinding) -> JSONValue {
        .object([
            "rule": .string(finding.rule.rawValue), "severity": .string(finding.severity.rawValue),
            "message": .string(finding.message), "line": finding.place.map { .integer(Int64($0.line)) },
            "offset": finding.place.map { .integer(Int64($0.offset)) },
            "conversation": finding.conversation?.json, "excerpt": finding.excerpt.map { .string($0) },
        ])
    }

    private static func place(_ copy: TemplateCopy) -> JSONValue {
        .object([
            "name": .string(copy.name), "file": .string(copy.file), "key": copy.key.map { .string($0) },
            "place": .string(copy.place.rawValue),
        ])
    }

    private static func problem(_ problem: DriftReport.Unchecked) -> JSONValue {
        .object([
            "file": problem.file.map { .string($0) }, "reason": .string(problem.reason),
            "hint": problem.hint.map { .string($0) },
        ])
    }

    private static func error(_ error: JinjaError) -> JSONValue {
        .object([
            "kind": .string(error.kind.rawValue), "message": .string(error.message),
            "line": error.place.map { .integer(Int64($0.line)) },
            "offset": error.place.map { .integer(Int64($0.offset)) },
        ])
    }
}
