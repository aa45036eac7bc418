// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations
internal import Scanning
internal import SystemPackage

extension JSON {
    static func scan(_ report: ScanReport) -> JSONValue {
        document(
            "scan",
            [
                "verdict": .string(report.verdict.rawValue), "rules_version": .integer(Int64(Scanning.rulesVersion)),
                "counts": .object(
                    Verdict.allCases.map { .init($0.rawValue, .integer(Int64(report.count($0)))) }),
                "targets": .array(report.targets.map { target($0, report.allowances) }),
                "allowances": .array(report.allowances.map(allowance)),
            ])
    }

    private static func target(_ target: ScanReport.Target, _ allowances: [ScanReport.Allowance]) -> JSONValue {
        .object(
            (JSONValue.object(["target": .string(target.text)]).members ?? []) + place(target.origin)
                + [.init("files", .array(target.files.map { file($0, allowances) }))])
    }

    private static func file(_ file: ScanReport.File, _ allowances: [ScanReport.Allowance]) -> JSONValue {
        .object([
            "path": .string(file.path), "verdict": .string(file.verdict.rawValue),
            "kind": file.kind.map { .string($0.rawValue) }, "size": .integer(file.size.value),
            "sha256": file.sha256.map(digest), "fetched": file.fetched.map(number),
            "unread": file.unread > 0 ? number(file.unread) : nil,
            "member_count": file.members > 0 ? .integer(Int64(file.members)) : nil,
            "findings": .array(file.findings.map { finding($0, allowances) }), "cut": file.isCut ? .bool(true) : nil,
            "imports": .array(file.imports.map { .string($0) }),
            "weights_only_refuses": file.refusedByWeightsOnly.map { .array($0.map { .string($0) }) },
        ])
    }

    private static func finding(_ item: ScanReport.Finding, _ allowances: [ScanReport.Allowance]) -> JSONValue {
        let finding = item.finding
        return .object([
            "rule": .string(finding.rule.id), "severity": .string(finding.rule.severity.rawValue),
            "verdict": .string(finding.verdict.rawValue),
            "members": .array(finding.place.members.map { .string($0) }), "offset": finding.place.offset.map(number),
            "line": finding.place.line.map { .integer(Int64($0)) }, "reason": .string(finding.reason),
            "name": finding.name.map { .string($0) },
            "allowed": item.allowance.map { .string(allowances[$0].entry.reason) },
        ])
    }

    private static func allowance(_ allowance: ScanReport.Allowance) -> JSONValue {
        .object([
            "file": .string(allowance.file), "line": .integer(Int64(allowance.entry.line)),
            "sha256": digest(allowance.entry.sha256), "state": .string(allowance.state.rawValue),
            "reason": .string(allowance.entry.reason), "until": allowance.entry.until.map { .string($0) },
        ])
    }

    /// What a target turned out to be, as the members that say it.
    private static func place(_ origin: InspectionReport.Origin) -> [JSONValue.Member] {
        let members: KeyValuePairs<String, JSONValue?> =
            switch origin {
            case .file(let path): ["kind": .string("file"), "path": .string(path.string)]
            case .directory(let path): ["kind": .string("directory"), "path": .string(path.string)]
            case .deliverable(let name, let identity):
                [
                    "kind": .string("deliverable"), "deliverable": .string(name.description),
                    "identity": digest(identity),
                ]
            case .repository(let repository, let revision, let commit):
                [
                    "kind": .string("repository"), "repository": .string(repository.description),
                    "revision": .string(revision.description), "commit": .string(commit.description),
                ]
            }
        return JSONValue.object(members).members ?? []
    }

    static func rules(_ rules: [ScanRule]) -> JSONValue {
        document(
            "scan-rules",
            [
                "rules_version": .integer(Int64(Scanning.rulesVersion)),
                "rules": .array(
                    rules.map { rule in
                        .object([
                            "id": .string(rule.id), "severity": .string(rule.severity.rawValue),
                            "verdict": .string(rule.verdict.rawValue), "summary": .string(rule.summary),
                            "explanation": .string(rule.explanation), "remedy": .string(rule.remedy),
                            "references": .array(rule.references.map { .string($0) }),
                        ])
                    }),
            ])
    }
}
