// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What a URL asks of a repository, once its name is known.
enum RepositoryRoute: Hashable {
    case resolve(revision: String, path: String)
    case raw(revision: String, path: String)
    case info(revision: String?)
    case tree(revision: String, path: String)
    case pathsInfo(revision: String)
    case references
    case commits(revision: String)
    case authCheck(write: Bool)
    case xetToken

    /// Reads what follows the name in a web URL.
    init?(web rest: ArraySlice<String>) {
        let parts = Array(rest)
        guard parts.count >= 3 else { return nil }
        let path = parts[2...].joined(separator: "/")
        switch parts[0] {
        case "resolve": self = .resolve(revision: parts[1], path: path)
        case "raw": self = .raw(revision: parts[1], path: path)
        default: return nil
        }
    }

    /// Reads what follows the name in an API URL.
    init?(api rest: ArraySlice<String>) {
        let parts = Array(rest)
        switch (parts.first, parts.count) {
        case (nil, 0): self = .info(revision: nil)
        case ("revision", 2): self = .info(revision: parts[1])
        case ("tree", 2...): self = .tree(revision: parts[1], path: parts[2...].joined(separator: "/"))
        case ("paths-info", 2): self = .pathsInfo(revision: parts[1])
        case ("refs", 1): self = .references
        case ("commits", 2): self = .commits(revision: parts[1])
        case ("auth-check", 1): self = .authCheck(write: false)
        case ("auth-check", 2) where parts[1] == "write": self = .authCheck(write: true)
        case ("xet-read-token", 2), ("xet-write-token", 2): self = .xetToken
        default: return nil
        }
    }

    /// Whether the bytes of files are asked for, which a gated repository gives to known callers only.
    var isContent: Bool {
        switch self {
        case .resolve, .raw: true
        default: false
        }
    }

    /// The method it takes; HEAD goes wherever GET does.
    var method: String {
        if case .pathsInfo = self { return "POST" }
        return "GET"
    }
}
