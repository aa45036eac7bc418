// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Conversion
internal import FileIO
internal import Safetensors
internal import SystemPackage
internal import Tensors

/// Weighs one file on this machine, whatever container it is, on all cores.
enum SnapshotTensors {
    /// The digests of the tensors in a file; a record without a container for one that is none, and nil for a checkpoint whose
    /// tensors have no digest.
    ///
    /// - Throws: `Failure` when the file cannot be read, `CancellationError` when `progress` returns false.
    @concurrent
    static func read(
        _ path: FilePath, name: RelativePath, progress: @Sendable (Int) -> Bool
    ) async throws -> TensorRecord? {
        let source = try FileSource(path)
        let isGGUF: Bool
        do throws(ByteError) { isGGUF = try GGUFWeights.begins(source) } catch {
            throw Failure(.file, error.description)
        }
        if isGGUF || name.fileExtension == "safetensors" {
            let container: InspectionReport.Container = isGGUF ? .gguf : .safetensors
            let found = try await listening(progress) { report in
                try await TensorWork([TensorWork.Source(path: path, container: container)], report).run().first
            }
            if let failure = found?.failure { throw failure }
            guard let digests = found?.tensors else { return try TensorRecord.notWeights() }
            return TensorRecord(isGGUF ? .gguf : .safetensors, digests, metadata: found?.metadata)
        }
        let plan: CheckpointPlan
        do throws(Failure) { plan = try CheckpointPlan(source, name: name.description) } catch {
            if error.code == .file { throw error }
            return try TensorRecord.notWeights()
        }
        do {
            let digests = try await listening(progress) { report in
                try await CheckpointConversion(plan).digests { count in
                    report(count)
                    return !Task.isCancelled
                }
            }
            return digests.map { TensorRecord(.checkpoint, $0) }
        } catch let failure as Failure where failure.code != .file {
            // Storages whose checksums are wrong, for example: such a file has no tensor digest.
            return nil
        }
    }

    /// Does work on all cores whose counts come to the one caller of `progress`, which may end it.
    private static func listening<Found: Sendable>(
        _ progress: @Sendable (Int) -> Bool,
        _ work: @escaping @Sendable (@escaping @Sendable (Int) -> Void) async throws -> Found?
    ) async throws -> Found? {
        let (counts, mouth) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Found?.self) { group in
            group.addTask {
                defer { mouth.finish() }
                return try await work { mouth.yield($0) }
            }
            for await count in counts where !progress(count) {
                group.cancelAll()
                throw CancellationError()
            }
            let found = try await group.next() ?? nil
            try Task.checkCancellation()
            return found
        }
    }
}
