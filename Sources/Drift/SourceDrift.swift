// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable

/// The difference between a locked source and another revision of it.
package struct SourceDrift: Sendable, Hashable {
    /// Which source of its deliverable.
    package let role: SourceRole
    /// The repository.
    package let repository: RepositoryID
    /// The name that is followed.
    package let revision: Revision
    /// The locked commit.
    package let before: GitObjectID
    /// The commit that the name means now.
    package let after: GitObjectID
    /// The date of that commit, when the Hub says.
    package let date: String?
    /// The files that differ, by component and path.
    package let files: [FileChange]

    /// Whether nothing differs, the commit included.
    package var isEmpty: Bool { before == after && files.isEmpty }
    /// Whether a file differs that can change an output.
    package var affectsBehaviour: Bool { files.contains { $0.component.affectsBehaviour } }

    /// Compares a locked source with a listing of another commit, from which the files that the lock does not select have
    /// been left out.
    package init(
        _ locked: LockedSource, now commit: GitObjectID, date: String?,
        files now: [(path: RelativePath, state: FileState)]
    ) {
        role = locked.role
        repository = locked.request.repository
        revision = locked.request.revision
        before = locked.commit
        after = commit
        self.date = date
        files = SourceDrift.changes(
            locked.files.map { ($0.path, FileState(size: $0.size, git: $0.git, sha256: $0.sha256)) }, now,
            role: locked.role)
    }

    private static func changes(
        _ old: [(path: RelativePath, state: FileState)], _ new: [(path: RelativePath, state: FileState)],
        role: SourceRole
    ) -> [FileChange] {
        let before = Dictionary(old.map { ($0.path, $0.state) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.path, $0.state) }, uniquingKeysWith: { first, _ in first })
        var changes: [FileChange] = []
        func note(_ kind: FileChange.Kind, _ path: RelativePath, from former: RelativePath? = nil) {
            changes.append(
                FileChange(
                    kind: kind, path: path, formerPath: former,
                    component: ComponentClassifier.component(of: path, role: role),
                    before: before[former ?? path], after: after[path]))
        }
        var removed = old.filter { after[$0.path] == nil }
        for (path, state) in new {
            if let former = before[path] {
                if !former.sameContent(as: state) { note(.changed, path) }
            } else if state.size > .zero, let index = removed.firstIndex(where: { $0.state.sameContent(as: state) }) {
                note(.renamed, path, from: removed.remove(at: index).path)
            } else {
                note(.added, path)
            }
        }
        for (path, _) in removed { note(.removed, path) }
        return changes.sorted { ($0.component, $0.path) < ($1.component, $1.path) }
    }
}
