// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import Safetensors
package import SystemPackage

/// `weighlock convert`: writes the same tensors into other files, and proves that they are the same.
///
/// Every new file is written under another name, read again, and compared tensor by tensor with the source; only then does
/// it get its name. Memory is buffers, whatever the size of the model.
package struct ConversionOperation: Sendable {
    /// What came of it.
    package struct Outcome: Sendable {
        /// The tensor digest, the same before and after; nil where no byte of a tensor was touched or read.
        package let digest: Digest?
        /// The digests of the new files in the order of the plan; empty where only a header was written.
        package let files: [Digest]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Decides what to do; `target` is nil for a change in place.
    ///
    /// - Throws: when the source is not one readable model, or the target is in the way.
    package func plan(
        _ source: ModelTarget, to target: FilePath?, _ request: ConversionPlan.Request
    ) async throws -> ConversionPlan {
        let model = try await model(source)
        guard let target else {
            guard case .local = source.place else {
                throw Failure(
                    .usage, "the files of a deliverable lie in the store and never change",
                    hint: "name a directory to write to")
            }
            return try ConversionPlan(inPlace: model, request)
        }
        return try ConversionPlan(model, to: target, request)
    }

    /// The one model that a target is.
    private func model(_ target: ModelTarget) async throws -> ConversionPlan.Source {
        if case .repository(let repository, _, _) = target.place {
            throw Failure(
                .usage, "the files of `\(repository)` are not here", hint: "lock and sync it, then name the deliverable"
            )
        }
        let files = try await ModelFiles(target, session, project)
        let groups = try await ModelGroup.groups(files)
        guard let group = groups.first else {
            throw Failure(
                .usage, "there is no safetensors file in `\(Escaped(target.text, limit: 1024))`",
                hint: "name a safetensors file, an index, or a directory with one model")
        }
        guard groups.count == 1 else {
            throw Failure(
                .usage, "there are \(groups.count) models in `\(Escaped(target.text, limit: 1024))`",
                hint: "name one of them", details: groups.prefix(20).map { "`\(Escaped($0.name, limit: 1024))`" })
        }
        if let problem = group.problem ?? group.missingFiles {
            throw Failure(.invalidSafetensors, "`\(Escaped(group.name, limit: 1024))`: \(problem)")
        }
        var paths: [FilePath] = []
        for place in group.files {
            if case .absent(let failure) = files.entries[place].source { throw failure }
            if let path = files.localPath(place) { paths.append(path) }
        }
        return ConversionPlan.Source(
            container: group.container, name: group.name, files: paths, hasIndex: group.index != nil)
    }

    /// Carries a plan out.
    ///
    /// - Throws: `Failure` with code `mismatch` when the new files do not hold the same tensors; then nothing has changed.
    package func run(_ plan: ConversionPlan) async throws -> Outcome {
        switch plan.work {
        case .nothing: return Outcome(digest: nil, files: [])
        case .header(let editor):
            try await ConversionOperation.edit(plan.sources[0], editor)
            return Outcome(digest: nil, files: [])
        case .set(let shards, let destination):
            return try await write(plan, shards, destination)
        }
    }

    /// Writes a header over the old one, and reads it again: every tensor is where it was, so its bytes are what they were.
    @concurrent
    private static func edit(_ path: FilePath, _ editor: HeaderEditor) async throws {
        let before = try SafetensorsFile(path).header
        try editor.apply()
        let after = try SafetensorsFile(path).header
        guard before.dataStart == after.dataStart, before.fileSize == after.fileSize,
            before.tensors.elementsEqual(after.tensors), Set(after.metadata ?? []) == Set(editor.metadata ?? [])
        else {
            throw Failure(.mismatch, "`\(Escaped(path.string, limit: 1024))` was changed by another program meanwhile")
        }
    }

    private func write(
        _ plan: ConversionPlan, _ shards: ShardPlan, _ destination: ConversionPlan.Destination
    ) async throws -> Outcome {
        let workplace = FileSystem.temporaryName(beside: destination.path)
        defer { try? FileSystem.removeTree(workplace) }
        session.emit(.began("writing", total: plan.outputs.reduce(.zero) { $0 + $1.size }))
        do { try await ConversionOperation.write(shards, workplace, session) } catch SafetensorsError.stopped {
            throw CancellationError()
        }
        session.emit(.ended)
        let outcome = try await compare(plan, shards, workplace)
        try Task.checkCancellation()
        try ConversionPlacement(shards, from: workplace, to: destination, replacing: plan.replacing).publish()
        return outcome
    }

    @concurrent
    private static func write(_ shards: ShardPlan, _ workplace: FilePath, _ session: Session) async throws {
        try shards.write(to: workplace) { count in
            session.emit(.advanced(Int64(clamping: count)))
            return !Task.isCancelled
        }
    }

    /// Reads the sources and the new files again and compares every tensor.
    private func compare(_ plan: ConversionPlan, _ shards: ShardPlan, _ workplace: FilePath) async throws -> Outcome {
        func items(_ paths: [FilePath], bytes: Bool) throws(Failure) -> [DigestWork.Item] {
            var items: [DigestWork.Item] = []
            for path in paths {
                let size = try FileSystem.status(path)?.size ?? .zero
                items.append(DigestWork.Item(path: path, size: size, wantsBytes: bytes, wantsTensors: true))
            }
            return items
        }
        let sources = try items(plan.sources, bytes: false)
        var results = try items(shards.shards.map { workplace.appending($0.name.description) }, bytes: true)
        if let name = shards.indexName, let index = shards.index {
            results.append(
                DigestWork.Item(
                    path: workplace.appending(name.description), size: ByteCount(clamping: Int64(index.count)),
                    wantsBytes: true, wantsTensors: false))
        }
        let found = try await DigestWork(items: sources + results, session: session).run("checking")
        var parts: [TensorDigests] = []
        for (place, outcome) in found.enumerated() where place < sources.count + shards.shards.count {
            if let failure = outcome.failure { throw failure }
            guard let digests = outcome.tensors else {
                let path = (sources + results)[place].path
                throw Failure(
                    .mismatch,
                    "`\(Escaped(path.string, limit: 1024))` cannot be read again: \(outcome.problem ?? "no tensors")")
            }
            parts.append(digests)
        }
        let before = try TensorDigests(merging: Array(parts.prefix(sources.count)))
        let after = try TensorDigests(merging: Array(parts.dropFirst(sources.count)))
        let differing = after.differences(from: before)
        guard differing.isEmpty else {
            throw Failure(
                .mismatch, "\(differing.count) tensors are not what they were; nothing was put in place",
                hint: "another program was writing, or the disk is failing; run the command again",
                details: differing.prefix(20).map { "`\($0)`" })
        }
        return Outcome(digest: after.model, files: found.dropFirst(sources.count).compactMap(\.sha256))
    }
}

extension ConversionPlan.Destination {
    /// The directory or the file.
    var path: FilePath {
        switch self {
        case .directory(let path), .file(let path): path
        }
    }
}

extension ModelGroup {
    /// What is to be said when not all files are there; nil when they are.
    var missingFiles: String? {
        let expected = index.map { $0.content.files.count } ?? expectedFiles ?? files.count
        guard files.count < expected else { return nil }
        return "\(expected - files.count) of its \(expected) files missing"
    }
}
