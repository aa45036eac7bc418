// SPDX-License-Identifier: Apache-2.0

/// An error that can be shown to a person as it is.
public protocol Diagnosable: Error {
    /// Which kind of failure it is; the command line derives the exit code from it.
    var code: Failure.Code { get }
    /// What failed, on what, expected and found: lower case, no full stop.
    var message: String { get }
    /// The command or the edit that helps.
    var hint: String? { get }
    /// One line for each thing concerned, when there are several.
    var details: [String] { get }
}

/// What every layer above the format parsers throws.
public struct Failure: Diagnosable, CustomStringConvertible, Sendable {
    /// The kind of failure. Open: a module may declare codes of its own.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The word that `--json` prints.
        public let rawValue: String
        /// Creates a code.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The word that `--json` prints.
        public var description: String { rawValue }
    }

    /// Which kind of failure it is.
    public let code: Code
    /// What failed, on what, expected and found.
    public let message: String
    /// The command or the edit that helps.
    public let hint: String?
    /// One line for each thing concerned, when there are several.
    public let details: [String]

    /// Creates a failure.
    public init(_ code: Code, _ message: String, hint: String? = nil, details: [String] = []) {
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details
    }

    /// The message with its details and its hint, for logs and tests.
    public var description: String {
        ([message] + details.map { "  " + $0 } + (hint.map { ["hint: " + $0] } ?? [])).joined(separator: "\n")
    }
}

extension Failure.Code {
    // The command line or a file of the user's
    /// The command's arguments are wrong.
    public static let usage = Self(rawValue: "usage")
    /// `weighlock.yaml` is missing, or not what its schema says.
    public static let manifest = Self(rawValue: "manifest")
    /// `weighlock.lock` cannot be read: damaged, of another version, with conflict markers.
    public static let lockFile = Self(rawValue: "lock-file")
    /// The lock does not fit the manifest and the command may not change it.
    public static let lockOutdated = Self(rawValue: "lock-outdated")
    /// A name of a file, repository or revision breaks the rules.
    public static let invalidPath = Self(rawValue: "invalid-path")
    /// A repository id or revision breaks the rules.
    public static let invalidName = Self(rawValue: "invalid-name")

    // The machine
    /// The file system refused: permissions, no space, missing.
    public static let file = Self(rawValue: "file")
    /// There is no space left.
    public static let noSpace = Self(rawValue: "no-space")
    /// Another process holds what is needed.
    public static let busy = Self(rawValue: "busy")

    // The network and the server
    /// The command may not use the network.
    public static let offline = Self(rawValue: "offline")
    /// No connection, a cut connection, a time-out.
    public static let network = Self(rawValue: "network")
    /// The server answered with something that is not the protocol.
    public static let protocolViolation = Self(rawValue: "protocol")
    /// The server failed (5xx).
    public static let server = Self(rawValue: "server")
    /// 429, and the wait is too long.
    public static let rateLimited = Self(rawValue: "rate-limited")
    /// The token is not accepted, or there is none where one is needed.
    public static let unauthorized = Self(rawValue: "unauthorized")
    /// The repository does not exist, or is private and not visible to this token.
    public static let repositoryNotFound = Self(rawValue: "repository-not-found")
    /// The repository asks for conditions to be accepted.
    public static let repositoryGated = Self(rawValue: "repository-gated")
    /// The repository was disabled by the Hub.
    public static let repositoryDisabled = Self(rawValue: "repository-disabled")
    /// The branch, tag or commit does not exist.
    public static let revisionNotFound = Self(rawValue: "revision-not-found")
    /// The file does not exist in that revision.
    public static let entryNotFound = Self(rawValue: "entry-not-found")
    /// A redirect leads somewhere it must not be followed to.
    public static let redirectRefused = Self(rawValue: "redirect-refused")
    /// A named limit of this program was exceeded.
    public static let limitExceeded = Self(rawValue: "limit-exceeded")

    // The bytes
    /// Bytes are not what the lock, the listing or the store says.
    public static let mismatch = Self(rawValue: "mismatch")
    /// Bytes that should be in the store are not.
    public static let missing = Self(rawValue: "missing")
    /// The history's chain is broken.
    public static let historyBroken = Self(rawValue: "history-broken")

    // The answer
    /// Drift or a difference was found.
    public static let drift = Self(rawValue: "drift")
    /// Refused by policy.
    public static let refused = Self(rawValue: "refused")
    /// A person said no.
    public static let declined = Self(rawValue: "declined")
    /// The command was interrupted.
    public static let interrupted = Self(rawValue: "interrupted")
}
