// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// A stretch of bytes that tensors are views of.
package struct CheckpointStorage: Sendable {
    /// The key under which the pickle knows it.
    package let key: String
    /// The device that it was on, as in `cuda:0`; nothing depends on it.
    package let location: String
    /// The type of its elements; bytes for an untyped one.
    package let element: ElementType
    /// How many elements it has.
    package let elementCount: UInt64
    /// The bytes; their size is that of all elements.
    package let contents: any ByteSource
    /// Where the bytes lie in the file; nil when they are compressed.
    package let range: Range<UInt64>?
    /// The CRC-32 that the archive declares; nil where it was checked already, or there is none.
    package let checksum: UInt32?
    /// The storage whose bytes it is a part of: itself, but for the views of old files.
    package internal(set) var root: Int
    /// Where in `root` it begins, in bytes.
    package let rootOffset: UInt64

    /// Whether its own header says that its numbers are stored with the most significant byte first (numpy); for all others
    /// `Checkpoint.isBigEndian` says so.
    let isBigEndian: Bool
    /// The whole of the archive's member, where the checksum covers more than the storage.
    private let archived: StoragePlace?

    init(
        key: String, location: String, element: ElementType, elementCount: UInt64, contents: any ByteSource,
        range: Range<UInt64>?, checksum: UInt32?, root: Int, rootOffset: UInt64, isBigEndian: Bool = false,
        archived: StoragePlace? = nil
    ) {
        (self.key, self.location, self.element, self.elementCount) = (key, location, element, elementCount)
        (self.contents, self.range, self.checksum, self.root) = (contents, range, checksum, root)
        (self.rootOffset, self.isBigEndian, self.archived) = (rootOffset, isBigEndian, archived)
    }

    /// How many bytes it has.
    package var byteCount: UInt64 { contents.size }

    /// Whether the archive declares a checksum that its bytes are a part of, be it not of them alone.
    package var hasChecksum: Bool { checksum != nil || archived?.checksum != nil }

    /// Reads all bytes and compares their CRC-32 with the archive's; PyTorch itself does not.
    ///
    /// - Throws: `storage` when they differ. Does nothing where there is no checksum to compare.
    package func verify() throws(CheckpointError) {
        guard let checksum = checksum ?? archived?.checksum else { return }
        let contents = archived?.contents ?? contents
        let found: UInt32
        do throws(ByteError) {
            found = try CRC32.of(contents, at: 0, count: contents.size)
        } catch { throw .bytes(error) }
        guard found == checksum else {
            throw .storage(
                key: key,
                reason: "the checksum is \(String(found, radix: 16)), \(String(checksum, radix: 16)) is declared")
        }
    }
}
