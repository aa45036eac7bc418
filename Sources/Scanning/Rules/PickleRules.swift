// SPDX-License-Identifier: Apache-2.0

internal import Pickle

extension ScanRule {
    /// The rules of pickles; their texts are those of the `Pickle` library, which judges.
    package static let pickleRules: [ScanRule] = PickleRule.allCases.map { rule in
        ScanRule(
            rule.rawValue, severity(of: rule), Verdict(rule.verdict), rule.summary,
            explanation:
                "A pickle is a program for a small stack machine. It is interpreted without being executed: every import, call and write that a "
                + "loader would make is written down and compared with exact lists. docs/formats/pickle.md has the whole of it.",
            remedy: rule.remedy, references: references(of: rule))
    }

    private static let pickleRulesByName = Dictionary(
        pickleRules.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

    /// The rule under which a finding of the `Pickle` library is reported.
    static func pickle(_ rule: PickleRule) -> ScanRule { pickleRulesByName[rule.rawValue] ?? contentUnreadable }

    private static func severity(of rule: PickleRule) -> Severity {
        switch rule.verdict {
        case .malicious: .critical
        case .unscannable, .unknown: .high
        case .review: rule == .code ? .high : .medium
        case .clean: .note
        }
    }

    private static func references(of rule: PickleRule) -> [String] {
        switch rule {
        case .dangerousGlobal: ["CVE-2025-1716", "CVE-2025-10157"]
        case .buildOnGlobal: ["CVE-2026-24747"]
        case .malformed: ["CPython issue 154848"]
        default: []
        }
    }
}

extension Verdict {
    /// The verdict of the `Pickle` library in the words of a scan.
    init(_ verdict: PickleVerdict) {
        self =
            switch verdict {
            case .clean: .clean
            case .review: .review
            case .unknown: .unknown
            case .unscannable: .unscannable
            case .malicious: .malicious
            }
    }
}
