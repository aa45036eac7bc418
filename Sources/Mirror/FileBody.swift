// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import SystemPackage

/// A range of an open file on its way to a socket, by sendfile.
///
/// Opened by whoever may block, closed exactly once by its owner. It leaves in pieces, so that a client that takes
/// nothing is noticed and one large file does not hold up the event loop's other connections.
struct FileBody: Sendable {
    // NIO recommends its newer file APIs in place of this handle; none of them can be sent by sendfile.
    private let handle: NIOFileHandle
    private let end: Int
    private(set) var position: Int

    /// How much of a file is handed to the kernel at once.
    static let piece = 1 << 20

    /// Opens a file. Blocks.
    init(_ path: FilePath, offset: Int64, length: Int64) throws {
        handle = try NIOFileHandle(_deprecatedPath: path.string)
        position = Int(offset)
        end = Int(offset + length)
    }

    /// The next piece; nil when everything was handed out.
    mutating func next() -> FileRegion? {
        guard position < end else { return nil }
        let stop = min(position + FileBody.piece, end)
        defer { position = stop }
        return FileRegion(fileHandle: handle, readerIndex: position, endIndex: stop)
    }

    /// Closes the file.
    func close() { try? handle.close() }
}
