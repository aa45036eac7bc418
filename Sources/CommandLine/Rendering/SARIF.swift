// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations
internal import Scanning
internal import SystemPackage

/// The findings of a scan in the Static Analysis Results Interchange Format 2.1.0 (OASIS), as code hosts read it.
enum SARIF {
    static func document(_ report: ScanReport) -> JSONValue {
        let rules = ScanRules.all
        var indices: [ScanRule: Int] = [:]
        for (index, rule) in rules.enumerated() { indices[rule] = index }
        var artifacts: [JSONValue] = []
        var results: [JSONValue] = []
        for target in report.targets {
            for file in target.files {
                // Of ten thousand clean files a reader learns nothing.
                guard !file.findings.isEmpty else { continue }
                let location: JSONValue = .object([
                    "uri": .string(uri(file, target.origin)), "index": .integer(Int64(artifacts.count)),
                ])
                artifacts.append(artifact(file, target.origin))
                for item in file.findings { results.append(result(item, file, location, indices, report.allowances)) }
            }
        }
        return .object([
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": .array([
                .object([
                    "tool": .object([
                        "driver": .object([
                            "name": "weighlock", "semanticVersion": .string(Program.version),
                            "rules": .array(rules.map(descriptor)),
                            "properties": .object(["rulesVersion": .integer(Int64(Scanning.rulesVersion))]),
                        ])
                    ]),
                    "columnKind": "utf16CodeUnits",
                    "invocations": .array([
                        .object(["executionSuccessful": .bool(true)])
                    ]),
                    "artifacts": .array(artifacts), "results": .array(results),
                ])
            ]),
        ])
    }

    private static func descriptor(_ rule: ScanRule) -> JSONValue {
        let references = rule.references.isEmpty ? "" : "\n\nReferences: \(rule.references.joined(separator: ", "))."
        return .object([
            "id": .string(rule.id),
            "shortDescription": .object(["text": .string(rule.summary)]),
            "fullDescription": .object(["text": .string(rule.explanation)]),
            "help": .object([
                "text": .string(rule.remedy + references), "markdown": .string(ScanText.page(rule)),
            ]),
            "defaultConfiguration": .object(["level": .string(level(rule.verdict))]),
            "properties": .object([
                "verdict": .string(rule.verdict.rawValue), "severity": .string(rule.severity.rawValue),
                "security-severity": .string(score(rule.severity)), "tags": .array(["security"]),
            ]),
        ])
    }

    private static func artifact(_ file: ScanReport.File, _ origin: InspectionReport.Origin) -> JSONValue {
        .object([
            "location": .object(["uri": .string(uri(file, origin))]),
            "length": .integer(file.size.value),
            "hashes": file.sha256.map { .object(["sha-256": .string($0.description)]) },
            "properties": .object([
                "verdict": .string(file.verdict.rawValue), "kind": file.kind.map { .string($0.rawValue) },
                "weightsOnlyRefuses": file.refusedByWeightsOnly.map { .array($0.map { .string($0) }) },
            ]),
        ])
    }

    private static func result(
        _ item: ScanReport.Finding, _ file: ScanReport.File, _ artifact: JSONValue, _ indices: [ScanRule: Int],
        _ allowances: [ScanReport.Allowance]
    ) -> JSONValue {
        let finding = item.finding
        let place = finding.place.text
        return .object([
            "ruleId": .string(finding.rule.id), "ruleIndex": indices[finding.rule].map { .integer(Int64($0)) },
            "level": .string(level(finding.verdict)),
            "message": .object(["text": .string((place.isEmpty ? "" : place + ": ") + finding.reason)]),
            "locations": .array([
                .object([
                    "physicalLocation": .object(["artifactLocation": artifact, "region": region(finding.place)]),
                    "logicalLocations": finding.place.members.isEmpty ? nil : .array([member(finding.place)]),
                ])
            ]),
            "partialFingerprints": .object(["weighlockFinding/v1": .string(fingerprint(finding, file))]),
            "suppressions": item.allowance.map { index in
                .array([
                    .object([
                        "kind": "external", "status": "accepted",
                        "justification": .string(allowances[index].entry.reason),
                    ])
                ])
            },
            "properties": .object([
                "verdict": .string(finding.verdict.rawValue), "severity": .string(finding.rule.severity.rawValue),
                "name": finding.name.map { .string($0) },
                "memberOffset": finding.place.members.isEmpty ? nil : finding.place.offset.map(JSON.number),
            ]),
        ])
    }

    /// A place in the file itself; one in a member of it has no bytes of its own there, and is told as logical location.
    private static func region(_ place: ScanPlace) -> JSONValue? {
        guard place.members.isEmpty else { return nil }
        if let line = place.line { return .object(["startLine": .integer(Int64(max(1, line)))]) }
        return place.offset.flatMap { Int64(exactly: $0) }.map {
            .object(["byteOffset": .integer($0), "byteLength": 1])
        }
    }

    private static func member(_ place: ScanPlace) -> JSONValue {
        .object([
            "name": place.members.last.map { .string(Escaped($0, limit: 400).description) },
            "fullyQualifiedName": .string(
                place.members.map { Escaped($0, limit: 400).description }.joined(separator: " > ")),
            "kind": "member",
        ])
    }

    /// The same finding in the same file has the same fingerprint, wherever in the file it moves to.
    private static func fingerprint(_ finding: ScanFinding, _ file: ScanReport.File) -> String {
        var hasher = SHA256()
        for text in [finding.rule.id, file.path, finding.name ?? finding.reason] + finding.place.members {
            hasher.update("\(text.utf8.count):")
            hasher.update(text)
        }
        return hasher.finalize().description
    }

    private static func level(_ verdict: Verdict) -> String {
        switch verdict {
        case .malicious, .unscannable: "error"
        case .unknown, .review: "warning"
        case .clean: "note"
        }
    }

    /// The number that code hosts sort by, on the scale of CVSS.
    private static func score(_ severity: Severity) -> String {
        switch severity {
        case .critical: "9.5"
        case .high: "8.0"
        case .medium: "5.5"
        case .low: "3.0"
        case .note: "1.0"
        }
    }

    /// Where the file is, as a URI: relative for what was named relatively, so that a report fits the repository it is about.
    private static func uri(_ file: ScanReport.File, _ origin: InspectionReport.Origin) -> String {
        func quote(_ text: String) -> String { PercentEncoding.quote(text, safe: "/") }
        switch origin {
        case .file, .directory: return file.name.hasPrefix("/") ? "file://" + quote(file.name) : quote(file.name)
        case .deliverable(let name, _): return quote("\(name)/\(file.path)")
        case .repository(let repository, _, let commit): return "hf://\(repository)@\(commit)/" + quote(file.path)
        }
    }
}
