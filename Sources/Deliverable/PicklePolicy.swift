// SPDX-License-Identifier: Apache-2.0

/// What happens to files that can run code when they are loaded.
package enum PicklePolicy: String, Sendable, Hashable, CaseIterable {
    /// They are refused.
    case deny
    /// They are converted to safetensors.
    case convert
    /// They are taken as they are.
    case allow
}
