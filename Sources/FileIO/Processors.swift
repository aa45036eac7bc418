// SPDX-License-Identifier: Apache-2.0

/// The processors of this machine.
package enum Processors {
    /// How many this process may use, at least 1.
    package static var count: Int { processorCount() }
}
