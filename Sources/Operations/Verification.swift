// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import FileIO
internal import Store
internal import SystemPackage

/// `weighlock verify`: is what is on disk what the lock says? Never opens a connection.
package struct Verification: Sendable {
    /// Something that is not as the lock says.
    package struct Problem: Sendable, Hashable {
        /// The kind, as `--json` prints it.
        package enum Kind: String, Sendable, Hashable {
            case missing, mismatch, view, local
        }
        /// The kind.
        package let kind: Kind
        /// The deliverable; nil for what belongs to the view as a whole.
        package let deliverable: DeliverableName?
        /// The file or place.
        package let place: String
        /// What is wrong.
        package let reason: String
        /// What was expected and found, when there are two values.
        package let details: [String]
    }

    /// What was found.
    package struct Report: Sendable {
        /// The lock's identity.
        package let identity: Digest
        /// How many files were looked at.
        package let files: Int
        /// Their bytes.
        package let total: ByteCount
        /// How many of them were read; the others are vouched for by an attestation.
        package let read: Int
        /// How many of those that were read were compared chunk by chunk with the tree of an earlier reading; of the others the
        /// digest of the whole was computed.
        package let byTree: Int
        /// What is wrong; empty when everything is right.
        package let problems: [Problem]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Compares the store, the views and the project's own files with the lock.
    ///
    /// - Parameter deep: read every byte, instead of trusting the attestation of a file that has not changed since.
    package func run(deep: Bool) async throws -> Report {
        let manifest = try project.manifestIfPresent()
        let lock = try project.lock()
        var owners: [(deliverable: DeliverableName, source: LockedSource, file: LockedFile)] = []
        for deliverable in lock.deliverables {
            for source in deliverable.sources {
                let shown = deliverable.replacements.filter { $0.role == source.role }.compactMap(\.result)
                owners += (source.files + shown.map { LockedFile($0) }).map { (deliverable.name, source, $0) }
            }
        }
        var sizes: [Digest: ByteCount] = [:]
        for owner in owners { sizes[owner.file.sha256] = owner.file.size }
        var toRead: [(digest: Digest, size: ByteCount)] = []
        var failures: [Digest: Failure] = [:]
        for (digest, size) in sizes.sorted(by: { ($0.value, $0.key) > ($1.value, $1.key) }) {
            switch try session.store.condition(of: digest, size: size) {
            case .missing: failures[digest] = Failure(.missing, "is not in the store")
            case .attested where !deep: break
            default: toRead.append((digest, size))
            }
        }
        let read = Set(toRead.map(\.digest))
        session.emit(.began("verifying", total: toRead.reduce(.zero) { $0 + $1.size }))
        let results = await BlobExamination.run(
            toRead, in: session.store, progress: { session.emit(.advanced(Int64($0))) })
        session.emit(.ended)
        try Task.checkCancellation()
        var byTree: Set<Digest> = []
        for (blob, finding) in zip(toRead, results) {
            if let failure = finding.failure { failures[blob.digest] = failure }
            if finding.byTree { byTree.insert(blob.digest) }
        }
        var problems = owners.compactMap { owner -> Problem? in
            guard let failure = failures[owner.file.sha256] else { return nil }
            let prefix = owner.source.role.pathPrefix
            return Problem(
                kind: failure.code == .missing ? .missing : .mismatch, deliverable: owner.deliverable,
                place: prefix + owner.file.path.description,
                reason: Verification.reason(failure), details: failure.details)
        }
        problems += try viewProblems(lock, manifest, deep: deep)
        for deliverable in lock.deliverables { problems += localProblems(deliverable) }
        return Report(
            identity: lock.identity, files: owners.count, total: owners.reduce(.zero) { $0 + $1.file.size },
            read: owners.count { read.contains($0.file.sha256) },
            byTree: owners.count { byTree.contains($0.file.sha256) }, problems: problems)
    }

    private static func reason(_ failure: Failure) -> String {
        switch failure.code {
        case .missing: "is missing"
        case .mismatch: "is damaged"
        default: failure.message
        }
    }

    private func viewProblems(_ lock: Lock, _ manifest: Manifest?, deep: Bool) throws(Failure) -> [Problem] {
        var problems: [Problem] = []
        for part in Layout(
            lock, manifest, project: project.directory, home: session.settings.home, store: session.store
        ).parts {
            for problem in try part.view.check(part.snapshots, deep: deep) {
                problems.append(
                    Problem(
                        kind: .view, deliverable: nil, place: "\(problem.repository.cacheFolder)/\(problem.place)",
                        reason: problem.reason, details: []))
            }
        }
        return problems
    }

    private func localProblems(_ deliverable: LockedDeliverable) -> [Problem] {
        deliverable.localFiles.compactMap { file in
            func problem(_ reason: String, _ details: [String] = []) -> Problem {
                Problem(
                    kind: .local, deliverable: deliverable.name, place: file.path.description, reason: reason,
                    details: details)
            }
            do throws(Failure) {
                let found = try Digests.of(project.directory.appending(file.path.description), git: false)
                guard found.sha256 != file.sha256 else { return nil }
                return problem("is not what was locked", ["expected: \(file.sha256)", "found:    \(found.sha256)"])
            } catch { return problem("cannot be read") }
        }
    }
}
