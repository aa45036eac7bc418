// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FoundationEssentials

/// What `repository.json` says of a repository.
package struct RepositorySettings: Hashable, Sendable {
    /// Who may read.
    package enum Access: String, Sendable, Codable, CaseIterable {
        /// Everybody.
        case `public`
        /// Callers with a token; for others the repository does not exist.
        case `private`
        /// Everybody the listing, callers with a token the contents.
        case gated
    }

    /// Who may read.
    package var access: Access
    /// When the repository was created.
    package var created: Timestamp
    /// Whether every request is refused.
    package var isDisabled: Bool
    /// The name that the repository has now, when it is another one.
    package var movedTo: RepositoryID?

    /// Creates settings; a repository is public unless something else is said.
    package init(
        access: Access = .public, created: Timestamp = Timestamp(clamping: 0), isDisabled: Bool = false,
        movedTo: RepositoryID? = nil
    ) {
        self.access = access
        self.created = created
        self.isDisabled = isDisabled
        self.movedTo = movedTo
    }

    private struct Record: Decodable {
        let version: Int
        let access: Access
        let created: String
        let disabled: Bool?
        let moved_to: String?
    }

    /// The longest file accepted, in bytes.
    static let maximumLength = 64 << 10

    init(_ bytes: [UInt8], of id: RepositoryID) throws(Failure) {
        guard let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)), record.version == 1,
            let date = Timestamp(record.created)
        else {
            throw Failure(
                .file, "the settings of `\(id)` are not what version 1 of the format allows",
                hint: "correct `repository.json` in the mirror's directory of `\(id)`")
        }
        access = record.access
        created = date
        isDisabled = record.disabled ?? false
        if let name = record.moved_to { movedTo = try RepositoryID(name, kind: id.kind) } else { movedTo = nil }
    }

    var bytes: [UInt8] {
        let value = JSONValue.object([
            "version": 1, "access": .string(access.rawValue), "created": .string(created.description),
            "disabled": isDisabled ? true : nil, "moved_to": movedTo.map { .string($0.name) },
        ])
        return Array((value.text() + "\n").utf8)
    }
}
