// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
package import Safetensors
package import SystemPackage
internal import Tensors

/// `weighlock digest --check`: are files and tensors what a listing says that they were?
package struct DigestCheck: Sendable {
    /// Something that is not as listed.
    package struct Problem: Sendable, Hashable {
        /// The kind, as `--json` prints it.
        package enum Kind: String, Sendable, Hashable {
            /// Other bytes.
            case mismatch
            /// Listed, and not there.
            case missing
            /// There, and not listed; only a listing of tensors can tell.
            case unlisted
            /// There, and unreadable.
            case unreadable
        }

        /// The kind.
        package let kind: Kind
        /// What it is about: `file`, `model` or `tensor`.
        package let subject: String
        /// The name of the file, the model or the tensor, exactly.
        package let name: String
        /// What was listed.
        package var expected: Digest?
        /// What is there.
        package var found: Digest?
        /// Why it could not be read.
        package var reason: String?
    }

    /// What was found.
    package struct Report: Sendable {
        /// How many files were compared.
        package var files = 0
        /// How many models were compared.
        package var models = 0
        /// How many tensors were compared, those that are not listed among them.
        package var tensors = 0
        /// The bytes that were read.
        package var total: ByteCount = .zero
        /// What is not as listed.
        package var problems: [Problem] = []
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Compares the tensors of the targets, which are one model, with a listing of them.
    package func tensors(_ targets: [ModelTarget], against listing: TensorDigests) async throws -> Report {
        let run = try await DigestOperation(session, project).run(targets, .tensors)
        guard let model = run.models.first, let found = model.digests else {
            throw Failure(.invalidSafetensors, run.models.first?.problem ?? "there is no model")
        }
        var report = Report()
        report.models = 1
        let differing = listing.differences(from: found)
        let added = differing.count { listing[$0] == nil }
        report.tensors = listing.entries.count + added
        report.problems = differing.map { name in
            let (expected, now) = (listing[name], found[name])
            return Problem(
                kind: expected == nil ? .unlisted : now == nil ? .missing : .mismatch, subject: "tensor",
                name: name.string, expected: expected, found: now)
        }
        return report
    }

    /// Compares files and models with a listing; their names are paths as `absolute` understands them.
    package func files(_ listing: DigestListing, absolute: (String) -> FilePath) async throws -> Report {
        var gathered = DigestOperation.Gathered()
        var report = Report()
        var fileItems: [(line: DigestListing.Line, item: Int)] = []
        for line in listing.files {
            let path = absolute(line.name)
            guard let status = try FileSystem.status(path), status.kind == .regular else {
                report.problems.append(
                    Problem(kind: .missing, subject: "file", name: line.name, expected: line.digest))
                continue
            }
            let item = gathered.place(path, status.size, line.name)
            gathered.items[item].wantsBytes = true
            fileItems.append((line, item))
        }
        var models: [(line: DigestListing.Line, model: DigestOperation.Gathered.Model)] = []
        for line in listing.models {
            let members = try await DigestCheck.members(absolute(line.name), session, project)
            guard !members.isEmpty else {
                report.problems.append(
                    Problem(kind: .missing, subject: "model", name: line.name, expected: line.digest))
                continue
            }
            var items: [Int] = []
            for member in members {
                let item = gathered.place(member.path, member.size, member.path.string)
                (gathered.items[item].wantsTensors, gathered.items[item].container) = (true, member.container)
                items.append(item)
            }
            models.append((line, DigestOperation.Gathered.Model(name: line.name, items: items)))
        }
        let found = try await DigestWork(items: gathered.items, session: session).run("checking")
        report.files = listing.files.count
        report.models = listing.models.count
        report.total = gathered.items.reduce(.zero) { $0 + $1.size }
        for (line, item) in fileItems {
            if let failure = found[item].failure {
                report.problems.append(
                    Problem(
                        kind: .unreadable, subject: "file", name: line.name, expected: line.digest,
                        reason: failure.message))
            } else if found[item].sha256 != line.digest {
                report.problems.append(
                    Problem(
                        kind: .mismatch, subject: "file", name: line.name, expected: line.digest,
                        found: found[item].sha256))
            }
        }
        for (line, gatheredModel) in models {
            let model = DigestOperation.model(gatheredModel, gathered.names, found)
            if let digests = model.digests {
                guard digests.model != line.digest else { continue }
                report.problems.append(
                    Problem(
                        kind: .mismatch, subject: "model", name: line.name, expected: line.digest,
                        found: digests.model))
            } else {
                report.problems.append(
                    Problem(
                        kind: .unreadable, subject: "model", name: line.name, expected: line.digest,
                        reason: model.problem))
            }
        }
        return report
    }

    /// The files of a model by the name it has in a listing: a file, an index, or a series such as
    /// `model-*-of-00003.safetensors`. None when it is not there or not complete.
    private static func members(
        _ path: FilePath, _ session: Session, _ project: Project
    ) async throws -> [(path: FilePath, size: ByteCount, container: InspectionReport.Container)] {
        if let status = try FileSystem.status(path), status.kind == .regular {
            let files = try await ModelFiles(ModelTarget(at: path), session, project)
            guard let group = try await ModelGroup.groups(files).first else { return [] }
            if let index = group.index, group.files.count < index.content.files.count { return [] }
            return group.files.compactMap { place in
                files.localPath(place).map { ($0, files.entries[place].size, group.container) }
            }
        }
        guard let series = path.lastComponent?.string else { return [] }
        var found: [(path: FilePath, size: ByteCount, container: InspectionReport.Container)] = []
        var total = 0
        for name in try FileSystem.list(path.removingLastComponent()) {
            guard let shard = ShardName(name), let count = shard.total, shard.pattern.utf8.elementsEqual(series.utf8)
            else { continue }
            let file = path.removingLastComponent().appending(name)
            guard let status = try FileSystem.status(file), status.kind == .regular else { continue }
            let entry = ModelFiles.Entry(
                name: name, path: try? RelativePath(name), size: status.size, source: .local(file))
            found.append((file, status.size, ContainerGuess.of(entry) ?? .safetensors))
            total = count
        }
        return found.count == total ? found : []
    }
}
