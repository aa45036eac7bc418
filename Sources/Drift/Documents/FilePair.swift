// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// One path of one source on both sides.
struct FilePair: Sendable {
    let role: SourceRole
    let path: RelativePath
    /// What it was; nil when it came.
    let before: Snapshot.File?
    /// What it is; nil when it went.
    let after: Snapshot.File?

    /// The layer of the deliverable it belongs to.
    var component: Component { after?.component ?? before?.component ?? .other }
    /// Its name in a report.
    var name: String { role.pathPrefix + path.description }

    /// Whether the digests that are known say that the bytes are the same.
    var isSame: Bool {
        guard let before, let after else { return false }
        return before.state.sameContent(as: after.state)
    }

    /// Whether the digests that are known say that the bytes differ. Neither this nor `isSame` holds when the two sides
    /// know digests of different kinds, and the sizes are equal.
    var isDifferent: Bool {
        guard let old = before?.state, let new = after?.state else { return true }
        if old.size != new.size { return true }
        if let mine = old.sha256, let theirs = new.sha256 { return mine != theirs }
        if let mine = old.git, let theirs = new.git { return mine != theirs }
        return false
    }

    /// Pairs the files of two sides by source and path, sorted by them.
    static func all(_ before: Snapshot, _ after: Snapshot) -> [FilePair] {
        struct Key: Hashable {
            let role: SourceRole
            let path: RelativePath
        }
        let old = Dictionary(
            before.files.map { (Key(role: $0.role, path: $0.path), $0) }, uniquingKeysWith: { first, _ in first })
        let new = Dictionary(
            after.files.map { (Key(role: $0.role, path: $0.path), $0) }, uniquingKeysWith: { first, _ in first })
        return Set(old.keys).union(new.keys).sorted { ($0.role, $0.path) < ($1.role, $1.path) }
            .map { FilePair(role: $0.role, path: $0.path, before: old[$0], after: new[$0]) }
    }
}
