// SPDX-License-Identifier: Apache-2.0

internal import CLinux

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The processors of this machine.
package enum Processors {
    /// How many this process may use, at least 1.
    package static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Calls `here` on this thread, and `elsewhere` on up to `count - 1` more at the same time; returns when all calls have:
    /// whatever they borrow, they borrow no longer than this call, and no thread is left.
    ///
    /// For work that is not asynchronous and whose inputs cannot leave their scope; everything else is a task group. There may be
    /// fewer calls of `elsewhere`, or none, so `here` must be able to do all the work, and none may wait for another.
    package static func spread(_ count: Int, here: () -> Void, elsewhere: @Sendable () -> Void) {
        guard count > 1 else { return here() }
        withoutActuallyEscaping(here) { here in
            withoutActuallyEscaping(elsewhere) { elsewhere in
                var (first, others) = (here, elsewhere)
                unsafe withUnsafeMutablePointer(to: &first) { first in
                    unsafe withUnsafeMutablePointer(to: &others) { others in
                        // SAFETY: both closures stay where they are until the call returns, which is after the last thread has
                        // ended; the threads only read `others`.
                        _ = unsafe weighlock_spread(
                            Int32(clamping: count - 1),
                            { context in
                                unsafe context?.assumingMemoryBound(to: (@Sendable () -> Void).self).pointee()
                                return nil
                            }, others,
                            { context in
                                unsafe context?.assumingMemoryBound(to: (() -> Void).self).pointee()
                                return nil
                            }, first)
                    }
                }
            }
        }
    }
}
