// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What is known of a blob in the store without reading it.
package enum BlobCondition: Sendable, Hashable {
    /// There is none.
    case missing
    /// Its bytes were hashed before, and the file has not changed since as far as `stat` can tell.
    case attested
    /// It is there with the right size, and nobody has vouched for its bytes.
    case unattested
    /// It is there and cannot be right: this is its size.
    case wrongSize(ByteCount)
}
