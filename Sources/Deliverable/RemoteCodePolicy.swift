// SPDX-License-Identifier: Apache-2.0

/// What happens to code that a repository carries.
package enum RemoteCodePolicy: String, Sendable, Hashable, CaseIterable {
    /// It is refused.
    case deny
    /// A person has to look at it before it is locked.
    case review
}
