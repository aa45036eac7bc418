// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import ContentModel
internal import NIOCore

/// An answer whose body has not been read yet.
package struct HTTPResponse {
    /// Status and headers.
    package let head: ResponseHead
    private let body: HTTPClientResponse.Body

    init(_ head: ResponseHead, _ body: HTTPClientResponse.Body) {
        (self.head, self.body) = (head, body)
    }

    /// Reads the body piece by piece; the next piece is asked for when `consume` has returned, which may end the reading by
    /// returning false.
    ///
    /// - Throws: `TryAgain` when the connection breaks, with `madeProgress` true after 64 KiB or more; what `consume` throws.
    package func read(_ consume: (UnsafeRawBufferPointer) throws -> Bool) async throws {
        var total = 0
        var iterator = body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do { piece = try await iterator.next() } catch let error as CancellationError { throw error } catch {
                try Task.checkCancellation()
                throw TryAgain(
                    Failure(
                        .network,
                        "could not read all of `\(head.address)`: \(HTTPResponse.reason(error)) after \(total) bytes",
                        hint: "check the network; what has arrived is kept, the next run goes on from there"),
                    madeProgress: total >= 64 << 10)
            }
            guard let piece else { return }
            total += piece.readableBytes
            if try !piece.withUnsafeReadableBytes(consume) { return }
        }
    }

    /// Reads the whole body.
    ///
    /// - Throws: `Failure` with code `limitExceeded` past `limit` bytes; `TryAgain` when the connection breaks.
    package func collect(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await read { piece in
            guard bytes.count + piece.count <= limit else {
                throw Failure(
                    .limitExceeded,
                    "the answer of `\(head.address)` is too large: more than \(ByteCount(clamping: Int64(limit)))")
            }
            bytes.append(contentsOf: piece)
            return true
        }
        return bytes
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .some(.readTimeout): "the server went silent"
        case .some(.remoteConnectionClosed): "the connection was cut"
        case .some(let other): other.shortDescription
        case nil: "the connection was cut"
        }
    }
}
