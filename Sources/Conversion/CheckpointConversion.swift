// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
package import ContentModel
internal import FileIO
package import Safetensors
package import SystemPackage

/// Writes the safetensors files of a plan, and proves them.
///
/// All processors work on it, each in two buffers of 256 KiB, whatever the size of the tensors; for those that do not lie in the
/// checkpoint as they are written the buffers are larger, 16 MiB in all.
package struct CheckpointConversion: Sendable {
    private let plans: [CheckpointPlan]
    private let layouts: [WritePlan]

    /// Prepares to make one file of one checkpoint.
    package init(_ plan: CheckpointPlan) { (plans, layouts) = ([plan], [plan.layout]) }

    /// Prepares to make the files of a set.
    package init(_ set: CheckpointSet) { (plans, layouts) = (set.plans, set.files.map(\.layout)) }

    /// The bytes that are read and written: each tensor out of the checkpoint, into the file, and once more to compare.
    package var work: UInt64 {
        layouts.reduce(0 as UInt64) { $0.addingReportingOverflow($1.dataSize).partialValue }
            .multipliedReportingOverflow(by: 2).partialValue
    }

    /// The tensor digests of the checkpoints, without writing anything.
    ///
    /// `progress` gets the number of bytes just read; when it returns false the work ends and the result is nil.
    package func digests(progress: @escaping @Sendable (Int) -> Bool) async throws -> TensorDigests? {
        try await pass([]).run(progress).map { try TensorDigests($0) }
    }

    /// Writes the one file at `path`; see `write(to:progress:)` for several.
    package func write(to path: FilePath, progress: @escaping @Sendable (Int) -> Bool) async throws -> TensorDigests? {
        try await write(to: [path], progress: progress)
    }

    /// Writes the files at `paths`, which must not exist, reads them again and compares every tensor with the checkpoint's.
    ///
    /// The bytes are on the disk when it returns; the caller gives the files their final names. The result is nil when
    /// `progress`, called with the number of bytes just read, said no; then, and after an error, the files are gone.
    ///
    /// - Throws: `Failure` with code `mismatch` when a tensor differs; `refused` when the archive's checksums are wrong.
    package func write(
        to paths: [FilePath], progress: @escaping @Sendable (Int) -> Bool
    ) async throws -> TensorDigests? {
        guard paths.count == layouts.count else {
            throw Failure(.usage, "\(layouts.count) files, \(paths.count) names")
        }
        var made: [FilePath] = []
        do {
            var targets: [TensorPass.Target] = []
            for (path, layout) in zip(paths, layouts) {
                targets.append(try TensorPass.Target(path, layout))
                made.append(path)
            }
            if let entries = try await pass(targets).run(progress) {
                // The disk has its own time; what was written is read again meanwhile.
                async let stored: Void = CheckpointConversion.synchronize(targets)
                let after = try await reread(paths).run(progress)
                try await stored
                if let after {
                    let source = try TensorDigests(entries)
                    guard let name = try TensorDigests(after).differences(from: source).first else { return source }
                    throw Failure(
                        .mismatch, "tensor `\(name)` of the converted file is not that of the checkpoint",
                        hint: "the disk or the memory may be faulty: try again, and check the machine")
                }
            }
            for path in made { try? FileSystem.remove(path) }
            return nil
        } catch {
            for path in made { try? FileSystem.remove(path) }
            throw error
        }
    }

    /// What is to be said when the checksum of a tensor's storage is not the one that the archive declares.
    package static func damage(of tensor: TensorName, _ found: UInt32, declared: UInt32) -> Failure {
        damage(
            "tensor `\(tensor)`: the checksum of its storage is \(String(found, radix: 16)), "
                + "\(String(declared, radix: 16)) is declared")
    }

    /// What is to be said when the archive's checksums are wrong.
    static func damage(_ reason: String) -> Failure {
        Failure(.refused, "the checkpoint is damaged: \(reason)", hint: "fetch it again; nothing was written")
    }

    @concurrent
    private static func synchronize(_ targets: [TensorPass.Target]) async throws {
        for target in targets { try target.file.synchronize() }
    }

    /// The pass over the checkpoints, which also fills `targets` when there are any, and compares the checksum of every storage
    /// that is used: PyTorch does not, but a conversion that is said to be proven has to.
    private func pass(_ targets: [TensorPass.Target]) -> TensorPass {
        var places: [TensorName: Int] = [:]
        var unchecked: [Set<Int>] = []
        for (index, plan) in plans.enumerated() {
            for name in plan.items.keys { places[name] = index }
            unchecked.append(Set(plan.items.values.map { plan.checkpoint.storages[$0.tensor.storage].root }))
        }
        var jobs: [TensorPass.Job] = []
        for (number, layout) in layouts.enumerated() {
            for info in layout.tensors {
                guard let index = places[info.name], let tensor = plans[index].items[info.name]?.tensor else {
                    continue
                }
                let checkpoint = plans[index].checkpoint
                let storage = checkpoint.storages[tensor.storage]
                var job: TensorPass.Job
                if let range = checkpoint.stretch(of: tensor) {
                    job = TensorPass.Job(info: info, bytes: .stretch(storage.contents, at: range.lowerBound))
                    if range == 0..<storage.byteCount, storage.checksum != nil, storage.root == tensor.storage,
                        unchecked[index].remove(storage.root) != nil
                    {
                        job.storage = storage
                    }
                } else {
                    job = TensorPass.Job(info: info, bytes: .gathered(checkpoint, tensor))
                    if unchecked[index].remove(storage.root) != nil { job.storage = checkpoint.storages[storage.root] }
                }
                if targets.indices.contains(number) {
                    // No overflow: the layout has counted the whole file.
                    job.target = (targets[number], UInt64(layout.head.count) + info.offsets.lowerBound)
                }
                jobs.append(job)
            }
        }
        let storages = zip(plans, unchecked).flatMap { plan, roots in
            roots.sorted().map { plan.checkpoint.storages[$0] }
        }
        return TensorPass(jobs: jobs, storages: storages)
    }

    /// The pass over the new files, as their own headers describe them.
    private func reread(_ paths: [FilePath]) throws -> TensorPass {
        var jobs: [TensorPass.Job] = []
        for (path, layout) in zip(paths, layouts) {
            let header = try SafetensorsFile(path, mode: .strict).header
            guard header.tensors.elementsEqual(layout.tensors), header.dataStart == UInt64(layout.head.count) else {
                throw Failure(.mismatch, "the header of the converted file is not the one that was written")
            }
            let source = try FileSource(path)
            for info in header.tensors {
                jobs.append(
                    TensorPass.Job(
                        info: info, bytes: .stretch(source, at: header.dataStart + info.offsets.lowerBound)))
            }
        }
        return TensorPass(jobs: jobs)
    }
}
