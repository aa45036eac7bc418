// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// The processors of this machine.
package enum Processors {
    /// How many this process may use, at least 1.
    package static var count: Int { processorCount() }

    /// Calls `work` with every number below `count`, on as many threads, of which this one is one, and returns when all calls
    /// have: whatever it borrows, it borrows no longer than this call.
    ///
    /// For work that is not asynchronous and whose inputs cannot leave their scope; everything else is a task group. The calls
    /// must not wait for each other.
    package static func spread(_ count: Int, _ work: @Sendable (Int) -> Void) {
        if count == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: max(0, count), execute: work) }
    }
}
