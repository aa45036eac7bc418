// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The small text that git keeps in place of a file whose content is in LFS (git-lfs spec, version 1).
package enum GitPointer {
    /// The pointer's text for content with this digest and size.
    package static func text(sha256: Digest, size: ByteCount) -> String {
        "version https://git-lfs.github.com/spec/v1\noid sha256:\(sha256)\nsize \(size.value)\n"
    }

    /// The blob id that git gives the pointer: what a Hub lists as the `oid` of such a file.
    package static func objectID(sha256: Digest, size: ByteCount) -> GitObjectID {
        GitObjectID(ofBlob: Array(text(sha256: sha256, size: size).utf8))
    }
}
