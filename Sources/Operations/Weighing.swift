// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Conversion
internal import Deliverable
internal import FileIO
internal import Safetensors
internal import Store
internal import Tensors

/// Completes a lock with the tensor digests of its weights, from blobs that are in the store.
///
/// Most files were weighed while they arrived; the others are read here, once, and what was found is kept beside the blob.
struct Weighing: Sendable {
    let session: Session

    /// The lock with the tensor digest of every deliverable whose weights have one.
    ///
    /// - Throws: `Failure` with code `mismatch` when the lock has another digest than its files give.
    func complete(_ lock: Lock) async throws -> Lock {
        let files = lock.deliverables.flatMap { Weighing.weights(of: $0) }.filter { !Weighing.isIndex($0.file.path) }
        let records = try await records(of: files.map(\.file))
        var deliverables: [LockedDeliverable] = []
        for deliverable in lock.deliverables {
            let tensors = try tensors(of: deliverable, records)
            if let known = deliverable.weights?.tensors, let tensors, known != tensors {
                throw Failure(
                    .mismatch, "the lock's tensor digest of `\(deliverable.name)` is not that of its weights",
                    hint: "`\(Lock.fileName)` was changed by hand; take it from git",
                    details: ["expected: \(known)", "found:    \(tensors)"])
            }
            deliverables.append(tensors == nil ? deliverable : deliverable.with(tensors: tensors))
        }
        return Lock(deliverables: deliverables)
    }

    private static func weights(of deliverable: LockedDeliverable) -> [(prefix: String, file: LockedFile)] {
        deliverable.sources.filter { $0.role != .base && $0.role.repositoryKind == .model }.flatMap { source in
            source.files.filter { $0.component == .weights }.map { (source.role.pathPrefix, $0) }
        }
    }

    private static func isIndex(_ path: RelativePath) -> Bool { path.description.hasSuffix(".index.json") }

    /// The digest over one deliverable's weights.
    private func tensors(
        of deliverable: LockedDeliverable, _ records: [Digest: TensorRecord]
    ) throws(Failure) -> Digest? {
        var sets: [(directory: String, digest: Digest)] = []
        var others: [(path: String, sha256: Digest)] = []
        let weights = Weighing.weights(of: deliverable)
        for prefix in Set(weights.map(\.prefix)).sorted() {
            let files = weights.filter { $0.prefix == prefix }.map(\.file)
            var indexes: [(path: RelativePath, files: Set<RelativePath>)] = []
            for file in files where Weighing.isIndex(file.path) {
                if let bytes = try? session.store.read(file.sha256, limit: ShardIndex.sizeLimit),
                    let index = try? ShardIndex(parsing: bytes.span)
                {
                    indexes.append((file.path, Set(index.tensors.map(\.file))))
                }
            }
            let known = files.compactMap { file in
                records[file.sha256].flatMap { $0.container == nil ? nil : (path: file.path, digests: $0.digests) }
            }
            let found = TensorSet.group(known, indexes: indexes)
            sets += found.map { (prefix + $0.directory, $0.digests.model) }
            // What a GGUF file says beside its tensors moves outputs too: vocabulary, template, scaling. A split file says it once.
            for set in found {
                let path = prefix + set.directory + "metadata"
                for file in files where set.files.contains(file.path) {
                    guard let metadata = records[file.sha256]?.metadata,
                        !others.contains(where: { $0.path.utf8.elementsEqual(path.utf8) && $0.sha256 == metadata })
                    else { continue }
                    others.append((path, metadata))
                }
            }
            // An index says how the tensors are packed; it counts only where they could not be read.
            let covered = Set(found.flatMap(\.files))
            let packaging = indexes.filter { index in
                let folder = TensorSet.directory(of: index.path)
                return index.files.allSatisfy { name in
                    (try? RelativePath(folder + name.description)).map { covered.contains($0) } ?? false
                }
            }.map(\.path)
            for file in files where !covered.contains(file.path) && !packaging.contains(file.path) {
                others.append((prefix + file.path.description, file.sha256))
            }
        }
        return Listing.tensors(sets: sets, others: others)
    }

    /// What is known of each blob, by reading those of which nothing is known yet.
    private func records(of files: [LockedFile]) async throws -> [Digest: TensorRecord] {
        var records: [Digest: TensorRecord] = [:]
        var unread: [LockedFile] = []
        var seen: Set<Digest> = []
        for file in files where seen.insert(file.sha256).inserted {
            if let record = session.store.note(.tensors, of: file.sha256).flatMap({ TensorRecord(bytes: $0) }) {
                records[file.sha256] = record
            } else {
                unread.append(file)
            }
        }
        guard !unread.isEmpty else { return records }
        unread.sort { $0.size > $1.size }
        session.emit(.began("reading tensors", total: unread.reduce(.zero) { $0 + $1.size }))
        defer { session.emit(.ended) }
        return try await withThrowingTaskGroup(of: (Digest, TensorRecord)?.self) { group in
            var waiting = unread[...]
            for file in waiting.prefix(Processors.count) { group.addTask { try await read(file) } }
            waiting = waiting.dropFirst(Processors.count)
            for try await found in group {
                if let (digest, record) = found { records[digest] = record }
                if let file = waiting.popFirst() { group.addTask { try await read(file) } }
            }
            return records
        }
    }

    @concurrent
    private func read(_ file: LockedFile) async throws -> (Digest, TensorRecord)? {
        var done: Int64 = 0
        let record = try TensorRecord(reading: session.store.path(of: file.sha256)) { count in
            done += Int64(count)
            session.emit(.advanced(Int64(count)))
            return !Task.isCancelled
        }
        try Task.checkCancellation()
        // The header, and files that are none of the containers, are not tensors.
        session.emit(.advanced(file.size.value - done))
        guard var record else { return nil }
        if record.container == nil, let other = try await otherContainer(file) { record = other }
        session.store.keep(.tensors, of: file.sha256, record.bytes)
        return (file.sha256, record)
    }

    /// What a blob that is not safetensors shows; nil for one that is none of the containers, or whose tensors have no digest.
    private func otherContainer(_ file: LockedFile) async throws -> TensorRecord? {
        let path = session.store.path(of: file.sha256)
        let source = try FileSource(path)
        let isGGUF: Bool
        do throws(ByteError) { isGGUF = try GGUFWeights.begins(source) } catch {
            throw Failure(.file, error.description)
        }
        if isGGUF {
            let found = try await TensorWork([TensorWork.Source(path: path, container: .gguf)]) { _ in }.run()
            if let failure = found.first?.failure { throw failure }
            guard let digests = found.first?.tensors else { return nil }
            return TensorRecord(.gguf, digests, metadata: found.first?.metadata)
        }
        guard let plan = try? CheckpointPlan(source, name: file.path.description) else { return nil }
        do {
            let digests = try await CheckpointConversion(plan).digests { _ in !Task.isCancelled }
            try Task.checkCancellation()
            return digests.map { TensorRecord(.checkpoint, $0) }
        } catch let failure as Failure where failure.code != .file {
            // Storages whose checksums are wrong, for example: such a file has no tensor digest.
            return nil
        }
    }
}
