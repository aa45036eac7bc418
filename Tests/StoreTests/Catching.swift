// SPDX-License-Identifier: Apache-2.0

import ContentModel

/// The failure that `body` throws; nil when it throws none.
func failure(_ body: () throws -> Void) -> Failure? {
    do { try body() } catch { return error as? Failure ?? Failure(.usage, "not a Failure: \(error)") }
    return nil
}
