// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Operations
internal import SystemPackage

extension JSON {
    /// A plan, and what came of it; nil for a dry run.
    static func conversion(_ plan: ConversionPlan, _ outcome: ConversionOperation.Outcome?) -> JSONValue {
        document(
            "convert",
            [
                "dry_run": .bool(outcome == nil), "action": .string(plan.action.rawValue),
                "container": .string(plan.container.rawValue),
                "sources": .array(plan.sources.map { .string($0.string) }),
                "tensor_count": .integer(Int64(plan.tensorCount)), "digest": outcome?.digest.map(digest),
                "files": .array(
                    plan.outputs.enumerated().map { index, output in
                        let digests = outcome?.files ?? []
                        return .object([
                            "path": .string(output.path.string), "size": .integer(output.size.value),
                            "tensor_count": output.tensorCount.map { .integer(Int64($0)) },
                            "sha256": digests.indices.contains(index) ? digest(digests[index]) : nil,
                        ])
                    }),
                "shared": plan.container == .checkpoint ? remarks(plan.shared, "kept") : nil,
                "beside": plan.container == .checkpoint ? remarks(plan.beside, "what") : nil,
            ])
    }

    /// Names with what is to be said of each, under `key`.
    static func remarks(_ remarks: [InspectionReport.Remark], _ key: String) -> JSONValue {
        .array(
            remarks.map {
                .object([JSONValue.Member("name", .string($0.name)), JSONValue.Member(key, .string($0.text))])
            })
    }
}
