// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What is asked of a Hub: a repository, the name of a revision, and which of its files.
package struct SourceRequest: Hashable, Sendable {
    /// The repository.
    package let repository: RepositoryID
    /// The name to follow; the lock pins its commit.
    package let revision: Revision
    /// A file is wanted when one of these matches it; when there are none, every file is.
    package let include: [FilePattern]
    /// A file that one of these matches is not wanted.
    package let exclude: [FilePattern]

    /// Creates a request; by default for every file of the default branch.
    package init(
        repository: RepositoryID, revision: Revision = .main, include: [FilePattern] = [], exclude: [FilePattern] = []
    ) {
        self.repository = repository
        self.revision = revision
        self.include = include
        self.exclude = exclude
    }

    /// Whether the request asks for the file at `path`.
    package func selects(_ path: RelativePath) -> Bool {
        FilePattern.selects(path, include: include, exclude: exclude)
    }
}
