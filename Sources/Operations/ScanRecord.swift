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

    private static let magic = "weighlock-scan 2"
    /// The most records of one blob: the same content can have many names.
    private static let maximumRecords = 64

    /// Records of one blob as they are kept.
    static func bytes(of records: [ScanRecord]) -> [UInt8] {
        guard let body = try? JSONEncoder().encode(records) else { return [] }
        return Array("\(ScanRecord.magic)\n\(Digest(of: Array(body)))\n".utf8) + body
    }

    /// The records with one more, the oldest left out where there are too many.
    static func adding(_ record: ScanRecord, to records: [ScanRecord]) -> [ScanRecord] {
        let others = records.filter { $0.name != record.name || $0.repository != record.repository }
        return Array((others + [record]).suffix(maximumRecords))
    }

    /// The rules whose findings depend on the repository.
    private static let repositoryRules: Set<String> = [ScanRule.configOwnCode.id, ScanRule.configForeignCode.id]

    /// Whether the file asks for code of a repository.
    var asksForCode: Bool { findings.contains { ScanRecord.repositoryRules.contains($0.rule) } }

    /// Reads records back: none when they are not whole; those of other rules are left out.
    static func all(in bytes: [UInt8]) -> [ScanRecord] {
        let header = Array("\(ScanRecord.magic)\n".utf8)
        guard bytes.starts(with: header), bytes.count > header.count + 65 else { return [] }
        let sum = String(decoding: bytes[header.count..<header.count + 64], as: UTF8.self)
        let body = Array(bytes[(header.count + 65)...])
        guard Digest(sum) == Digest(of: body),
            let records = try? JSONDecoder().decode([ScanRecord].self, from: Data(body))
        else { return [] }
        return records.filter { $0.rules == Scanning.rulesVersion && Verdict(rawValue: $0.verdict) != nil }
    }

    /// Whether this is what a scan of the same bytes under this name, from this repository, would say.
    func fits(name: String, repository: String?) -> Bool {
        self.name.utf8.elementsEqual(name.utf8) && (self.repository == repository || !asksForCode && !isCut)
    }
}
