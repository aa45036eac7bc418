// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials
internal import Scanning

/// What a scan said of a blob, as it is kept beside it: enough to decide by, and to say why.
///
/// The verdict depends on the file's name too, since a name adds expectations, on the version of the rules, and, for a configuration
/// that asks for code, on the repository that it is from; a record for anything else is made anew.
struct ScanRecord: Sendable, Hashable, Codable {
    /// How many findings are kept.
    static let maximumFindings = 50

    struct Finding: Sendable, Hashable, Codable {
        let rule: String
        let verdict: String
        let place: String
        let reason: String
        let name: String?
    }

    let rules: Int
    let name: String
    /// The repository that the file is from, where that is known.
    let repository: String?
    let kind: String
    let verdict: String
    /// Whether loading the file unpickles something.
    let hasPickle: Bool
    let findings: [Finding]
    /// Whether there were more findings than are kept.
    let isCut: Bool

    init(_ scan: FileScan, name: String, repository: String?) {
        rules = Scanning.rulesVersion
        (self.name, self.repository) = (name, repository)
        isCut = scan.isCut || scan.findings.count > ScanRecord.maximumFindings
        kind = scan.kind.rawValue
        verdict = scan.verdict.rawValue
        hasPickle = scan.refusedByWeightsOnly != nil
        findings = scan.findings.prefix(ScanRecord.maximumFindings).map { finding in
            var place = finding.place.members.map { Escaped($0, limit: 200).description }.joined(separator: " > ")
            if let line = finding.place.line { place += place.isEmpty ? "line \(line)" : " line \(line)" }
            if let offset = finding.place.offset { place += place.isEmpty ? "byte \(offset)" : " byte \(offset)" }
            return Finding(
                rule: finding.rule.id, verdict: finding.verdict.rawValue, place: place, reason: finding.reason,
                name: finding.name)
        }
    }

    /// The verdict as a value.
    var outcome: Verdict { Verdict(rawValue: verdict) ?? .unscannable }

    private static let magic = "weighlock-scan 1"

    /// The record as it is kept.
    var bytes: [UInt8] {
        guard let body = try? JSONEncoder().encode(self) else { return [] }
        return Array("\(ScanRecord.magic)\n\(Digest(of: Array(body)))\n".utf8) + body
    }

    /// The rules whose findings depend on the repository.
    private static let repositoryRules: Set<String> = [ScanRule.configOwnCode.id, ScanRule.configForeignCode.id]

    /// Whether the file asks for code of a repository.
    var asksForCode: Bool { findings.contains { ScanRecord.repositoryRules.contains($0.rule) } }

    /// Reads a record back; nil when it is not whole, of other rules or for another file.
    init?(bytes: [UInt8], name: String, repository: String?) {
        let header = Array("\(ScanRecord.magic)\n".utf8)
        guard bytes.starts(with: header), bytes.count > header.count + 65 else { return nil }
        let sum = String(decoding: bytes[header.count..<header.count + 64], as: UTF8.self)
        let body = Array(bytes[(header.count + 65)...])
        guard Digest(sum) == Digest(of: body),
            let record = try? JSONDecoder().decode(ScanRecord.self, from: Data(body)),
            record.rules == Scanning.rulesVersion, record.name.utf8.elementsEqual(name.utf8),
            Verdict(rawValue: record.verdict) != nil,
            record.repository == repository || !record.asksForCode && !record.isCut
        else { return nil }
        self = record
    }
}
