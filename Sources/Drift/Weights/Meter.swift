// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Tells how far a comparison is, and remembers when it was told to stop.
final class Meter: Sendable {
    private let progress: @Sendable (Int) -> Bool
    private let stopped = Atomic<Bool>(false)

    init(_ progress: @escaping @Sendable (Int) -> Bool) { self.progress = progress }

    /// Tells of bytes just read; false when nobody wants the rest.
    func advance(_ count: Int) -> Bool {
        if stopped.load(ordering: .relaxed) { return false }
        if progress(count), !Task.isCancelled { return true }
        stopped.store(true, ordering: .relaxed)
        return false
    }

    /// Ends the work when it has been told to stop.
    ///
    /// - Throws: `CancellationError`.
    func check() throws {
        try Task.checkCancellation()
        if stopped.load(ordering: .relaxed) { throw CancellationError() }
    }
}
