// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a source is in a deliverable.
package enum SourceRole: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The model itself.
    case model
    /// The tokenizer, where it comes from elsewhere.
    case tokenizer
    /// The adapter with this place in the manifest's list, from 0.
    case adapter(Int)
    /// The dataset with this place in the manifest's list, from 0.
    case dataset(Int)
    /// What the model was derived from: watched, not fetched, no part of the identity.
    case base

    /// The most adapters, and the most datasets, of one deliverable.
    package static let maximumListLength = 64

    /// The text in the lock and in listings: `model`, `tokenizer`, `adapters/0`, `datasets/0`, `base`.
    package var description: String {
        switch self {
        case .model: "model"
        case .tokenizer: "tokenizer"
        case .adapter(let index): "adapters/\(index)"
        case .dataset(let index): "datasets/\(index)"
        case .base: "base"
        }
    }

    /// Reads what `description` writes; nil for anything else, such as an index with a leading zero or over the limit.
    package init?(_ text: String) {
        switch text {
        case "model": self = .model
        case "tokenizer": self = .tokenizer
        case "base": self = .base
        default:
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let index = Int(parts[1]), (0..<SourceRole.maximumListLength).contains(index),
                String(index).utf8.elementsEqual(parts[1].utf8)
            else { return nil }
            switch parts[0] {
            case "adapters": self = .adapter(index)
            case "datasets": self = .dataset(index)
            default: return nil
            }
        }
    }

    /// The kind of repository that can have this role.
    package var repositoryKind: RepositoryID.Kind {
        if case .dataset = self { .dataset } else { .model }
    }

    /// What stands before a file's path in listings: nothing for the model, else the role and `/`.
    package var pathPrefix: String { self == .model ? "" : description + "/" }

    private var rank: (Int, Int) {
        switch self {
        case .model: (0, 0)
        case .tokenizer: (1, 0)
        case .adapter(let index): (2, index)
        case .dataset(let index): (3, index)
        case .base: (4, 0)
        }
    }

    /// Orders model, tokenizer, adapters, datasets, base.
    package static func < (left: SourceRole, right: SourceRole) -> Bool { left.rank < right.rank }
}
