// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Operations
internal import Safetensors

extension JSON {
    static func digests(_ report: DigestOperation.Report, tensors: Bool) -> JSONValue {
        document(
            "digest",
            [
                "files": .array(
                    report.files.map {
                        .object([
                            "path": .string($0.name), "size": .integer($0.size.value), "sha256": digest($0.sha256),
                        ])
                    }),
                "models": .array(
                    report.models.map { model in
                        .object([
                            "name": .string(model.name), "digest": model.digests.map { digest($0.model) },
                            "tensor_count": model.digests.map { .integer(Int64($0.entries.count)) },
                            "problem": model.problem.map { .string($0) },
                            "parts": .array(model.files.map { .string($0) }),
                            "tensors": tensors
                                ? model.digests.map { digests in
                                    .array(
                                        digests.entries.map {
                                            .object(["name": .string($0.name.string), "digest": digest($0.digest)])
                                        })
                                } : nil,
                        ])
                    }),
            ])
    }

    static func digestCheck(_ report: DigestCheck.Report) -> JSONValue {
        document(
            "digest-check",
            [
                "ok": .bool(report.problems.isEmpty), "files": .integer(Int64(report.files)),
                "models": .integer(Int64(report.models)), "tensors": .integer(Int64(report.tensors)),
                "problems": .array(
                    report.problems.map { problem in
                        .object([
                            "kind": .string(problem.kind.rawValue), "subject": .string(problem.subject),
                            "name": .string(problem.name), "expected": problem.expected.map(digest),
                            "found": problem.found.map(digest), "reason": problem.reason.map { .string($0) },
                        ])
                    }),
            ])
    }
}
