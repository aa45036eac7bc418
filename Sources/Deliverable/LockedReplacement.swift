// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A file that the view does not show: withheld, or shown in another form.
package struct LockedReplacement: Sendable, Hashable {
    /// The form in which a file is shown.
    package struct Result: Sendable, Hashable {
        /// Where the view shows it.
        package let path: RelativePath
        /// Its length.
        package let size: ByteCount
        /// Its content.
        package let sha256: Digest

        /// Describes it.
        package init(path: RelativePath, size: ByteCount, sha256: Digest) {
            (self.path, self.size, self.sha256) = (path, size, sha256)
        }
    }

    /// The source that the file is of.
    package let role: SourceRole
    /// The file.
    package let path: RelativePath
    /// What is shown instead; nil for a file that is withheld.
    package let result: Result?

    /// Describes a replacement.
    package init(role: SourceRole, path: RelativePath, result: Result?) {
        (self.role, self.path, self.result) = (role, path, result)
    }

    static func precedes(_ left: LockedReplacement, _ right: LockedReplacement) -> Bool {
        (left.role, left.path) < (right.role, right.path)
    }
}

extension LockedFile {
    /// The file that is shown instead of another.
    package init(_ result: LockedReplacement.Result) {
        self.init(
            path: result.path, size: result.size, sha256: result.sha256, git: nil, isLFS: true, component: .weights)
    }
}
