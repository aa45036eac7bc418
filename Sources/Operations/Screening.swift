// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Scanning
internal import Store

/// Scans the files of a lock before a view shows them, and holds them against the policy.
///
/// Each blob is scanned once; what the scan said is kept beside it. What is malicious, cannot be read to the end or imports what is on no
/// list is refused, whatever the policy says.
struct Screening: Sendable {
    /// A file of the lock with what the scan said.
    struct Screened: Sendable {
        let deliverable: DeliverableName
        let source: LockedSource
        let file: LockedFile
        let record: ScanRecord
        /// What is left of the verdict when the findings that a person has accepted do not count.
        let outcome: Verdict

        /// Whether it must not reach a view: what runs code, and what could and was not read to the end. A broken file of
        /// tensors does no harm to whoever loads it.
        var isRefused: Bool {
            switch outcome {
            case .clean, .review: false
            case .malicious: true
            case .unknown, .unscannable: record.hasPickle || !Self.inert.contains(record.kind)
            }
        }

        private static let inert = Set(
            [ContentKind.binary, .text, .media, .safetensors, .gguf, .storage, .empty].map(\.rawValue))

        /// The path in the component's listing.
        var path: String { source.role.pathPrefix + file.path.description }
    }

    let session: Session
    let policy: Policy
    /// What a person has looked at and accepts.
    var allowed: AllowFile?

    /// With the allow file beside the manifest, when there is one.
    ///
    /// - Throws: `Failure` when it cannot be read, or is not what it should be.
    init(session: Session, policy: Policy, project: Project) throws(Failure) {
        (self.session, self.policy) = (session, policy)
        allowed = try ScanOperation.allowFile(nil, shownAs: nil, project)?.content
    }

    /// The lock with what the scan said, and with what the view is to show instead of pickles.
    ///
    /// - Throws: `Failure` with code `refused` that names every file and finding that is in the way.
    func screen(_ lock: Lock) async throws -> Lock {
        let screened = try await scan(lock)
        tellAllowed(screened)
        try refuse(screened.filter(\.isRefused))
        for file in screened where file.outcome >= .unknown && !file.isRefused {
            session.emit(
                .warning(
                    "`\(file.path)` of `\(file.deliverable)`: \(file.record.findings.first?.reason ?? "cannot be read")"
                ))
        }
        try checkCode(screened)
        var deliverables: [LockedDeliverable] = []
        for deliverable in lock.deliverables {
            let files = screened.filter { $0.deliverable == deliverable.name }
            let replacements = try await PickleScreening(session: session, policy: policy.pickle).replacements(files)
            let summary = LockedScan(
                rulesVersion: Scanning.rulesVersion,
                files: files.filter { $0.record.outcome != .clean }.map {
                    LockedScan.File(
                        path: $0.path, verdict: $0.record.verdict, rules: Array(Set($0.record.findings.map(\.rule))))
                })
            // A recorded scan stays while the files do: other rules of another version are no reason to change a lock.
            deliverables.append(
                deliverable.with(
                    tensors: deliverable.weights?.tensors, scan: deliverable.scan ?? summary, replacements: replacements
                ))
        }
        return Lock(deliverables: deliverables)
    }

    private func refuse(_ files: [Screened]) throws(Failure) {
        guard !files.isEmpty else { return }
        var lines: [String] = []
        for file in files {
            lines.append("`\(file.path)` of `\(file.deliverable)`: \(file.record.verdict)")
            for finding in file.record.findings.prefix(3)
            where (Verdict(rawValue: finding.verdict) ?? .clean) >= .unknown {
                lines.append(
                    "    \(finding.rule): \(finding.reason)" + (finding.place.isEmpty ? "" : " (\(finding.place))"))
            }
        }
        throw Failure(
            .refused,
            "the scan refuses \(files.count == 1 ? "a file" : "\(files.count) files"); the view is not laid out",
            hint:
                "leave them out with `exclude` in weighlock.yaml; `weighlock scan` says more, and what a person has looked at "
                + "can be accepted in `\(AllowFile.fileName)`",
            details: lines)
    }

    /// Names what would be refused but for the allow file, and entries that no longer count.
    private func tellAllowed(_ files: [Screened]) {
        let accepted = files.filter { $0.outcome < $0.record.outcome }.map { "`\($0.path)` of `\($0.deliverable)`" }
        if !accepted.isEmpty {
            session.emit(.note("accepted in `\(AllowFile.fileName)`: \(accepted.prefix(8).joined(separator: ", "))"))
        }
        let digests = Set(files.map(\.file.sha256))
        for entry in allowed?.entries ?? [] where entry.isExpired(on: today) && digests.contains(entry.sha256) {
            session.emit(
                .warning(
                    "\(AllowFile.fileName):\(entry.line): the entry for \(entry.sha256.short) ended on \(entry.until ?? "")"
                ))
        }
    }

    private var today: String { String(session.settings.now().prefix(10)) }

    /// The verdict of what no entry of the allow file names.
    private func outcome(_ record: ScanRecord, of digest: Digest) -> Verdict {
        let today = today
        let entries = (allowed?.entries ?? []).filter { $0.sha256 == digest && !$0.isExpired(on: today) }
        // What is not listed is accepted by nobody.
        guard !entries.isEmpty, !record.isCut else { return record.outcome }
        return record.findings.filter { finding in
            !entries.contains { $0.covers(rule: finding.rule, name: finding.name) }
        }
        .map { Verdict(rawValue: $0.verdict) ?? .unscannable }.max() ?? .clean
    }

    /// Code that comes with a repository: refused or named, as the policy says.
    private func checkCode(_ files: [Screened]) throws(Failure) {
        let code = files.filter { file in
            file.file.component == .code || file.record.asksForCode
        }
        guard !code.isEmpty else { return }
        let names = code.map { "`\($0.path)` of `\($0.deliverable)`" }
        guard policy.remoteCode != .deny else {
            throw Failure(
                .refused, "the policy denies code, and \(code.count) files are code or ask for it",
                hint: "leave them out with `exclude`, or set `policy.remote_code: review`", details: names)
        }
        guard policy.remoteCode == .review else { return }
        session.emit(.note("\(code.count) files are code or ask for it: \(names.prefix(8).joined(separator: ", "))"))
    }

    // MARK: - Scanning

    private func scan(_ lock: Lock) async throws -> [Screened] {
        var files: [(deliverable: DeliverableName, source: LockedSource, file: LockedFile)] = []
        for deliverable in lock.deliverables {
            for source in deliverable.sources where source.role != .base {
                files += source.files.map { (deliverable.name, source, $0) }
            }
        }
        struct Key: Hashable {
            let digest: Digest
            let name: String
            let repository: String?
        }
        func key(_ source: LockedSource, _ file: LockedFile) -> Key {
            Key(
                digest: file.sha256, name: file.path.segments.last.map { "\($0)" } ?? "",
                repository: source.request.repository.description)
        }
        var records: [Key: ScanRecord] = [:]
        var waiting: [Key] = []
        for key in Set(files.map { key($0.source, $0.file) }) {
            if let record = kept(key.digest).first(where: { $0.fits(name: key.name, repository: key.repository) }) {
                records[key] = record
            } else {
                waiting.append(key)
            }
        }
        try await withThrowingTaskGroup(of: (Key, ScanRecord).self) { group in
            var rest = waiting[...]
            func add(_ key: Key) {
                group.addTask { (key, try await scan(key.digest, name: key.name, repository: key.repository)) }
            }
            for key in rest.prefix(Processors.count) { add(key) }
            rest = rest.dropFirst(Processors.count)
            for try await (key, record) in group {
                records[key] = record
                // Here and not where it was scanned: two names of one blob share a note.
                session.store.keep(
                    .scan, of: key.digest, ScanRecord.bytes(of: ScanRecord.adding(record, to: kept(key.digest))))
                try Task.checkCancellation()
                if let next = rest.popFirst() { add(next) }
            }
        }
        return files.compactMap { entry in
            records[key(entry.source, entry.file)].map {
                Screened(
                    deliverable: entry.deliverable, source: entry.source, file: entry.file, record: $0,
                    outcome: outcome($0, of: entry.file.sha256))
            }
        }
    }

    @concurrent
    private func scan(_ digest: Digest, name: String, repository: String?) async throws -> ScanRecord {
        var options = ScanOptions()
        options.repository = repository
        return ScanRecord(
            try Scanner.scan(try FileSource(session.store.path(of: digest)), name: name, options: options), name: name,
            repository: repository)
    }

    /// What is kept of earlier scans of a blob.
    private func kept(_ digest: Digest) -> [ScanRecord] {
        session.store.note(.scan, of: digest).map { ScanRecord.all(in: $0) } ?? []
    }
}
