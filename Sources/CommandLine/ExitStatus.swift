// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The exit codes. Append-only: scripts rely on them.
enum ExitStatus: Int32 {
    /// Yes, or done.
    case success = 0
    /// Could not.
    case failure = 1
    /// The command line or the manifest is wrong.
    case usage = 2
    /// Bytes are not what the lock says.
    case mismatch = 3
    /// Drift or a difference was found.
    case drift = 4
    /// Refused by policy.
    case refused = 5
    /// Interrupted by the user.
    case interrupted = 130
    /// Ended from outside.
    case terminated = 143

    /// The one table from error to exit code.
    init(_ code: Failure.Code) {
        self =
            switch code {
            case .usage, .manifest, .invalidName: .usage
            case .mismatch, .missing, .historyBroken: .mismatch
            case .drift: .drift
            case .refused: .refused
            case .interrupted: .interrupted
            default: .failure
            }
    }
}
