// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Synchronization
internal import Transport

/// One file of a Hub, read by ranges over any number of connections.
package final class HubFile: Sendable {
    private let address: WebAddress
    private let subject: HubSubject
    private let size: ByteCount
    private let token: Secret?
    private let transport: HTTPTransport
    /// Where the Hub sent us for the bytes: a signed address that serves further ranges too, without asking the Hub, whose
    /// answers are counted.
    private let location = Mutex<WebAddress?>(nil)

    init(address: WebAddress, subject: HubSubject, size: ByteCount, token: Secret?, transport: HTTPTransport) {
        (self.address, self.subject, self.size, self.token, self.transport) = (address, subject, size, token, transport)
    }

    /// Reads the bytes from `offset()` up to `end`, handing each piece to `consume`, which must move `offset` on: after a broken
    /// connection the reading goes on from there.
    ///
    /// - Throws: `Failure`: the Hub's refusals, `mismatch` when the server's file has another size, `network`; and what
    ///   `consume` throws.
    package func read(
        from offset: () -> Int64, to end: Int64, _ consume: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        while offset() < end {
            let before = offset()
            try await transport.exchange(
                request(from: offset(), to: end),
                onRedirect: { _, next in if next.origin != address.origin { location.withLock { $0 = next } } },
                { response in try await self.receive(response, from: offset(), to: end, consume) })
            // The server may send less than was asked for, but not nothing, for ever.
            guard offset() > before else {
                throw Failure(.protocolViolation, "`\(response)` sends no bytes of \(subject.what)")
            }
        }
    }

    private var response: WebAddress.Origin { (location.withLock { $0 } ?? address).origin }

    private func request(from: Int64, to end: Int64) -> HTTPRequest {
        let elsewhere = location.withLock { $0 }
        var request = HTTPRequest(elsewhere ?? address, purpose: .file, token: elsewhere == nil ? token : nil)
        if from > 0 || end < size.value { request.headers.append(("range", "bytes=\(from)-\(end - 1)")) }
        return request
    }

    private func receive(
        _ response: HTTPResponse, from: Int64, to end: Int64, _ consume: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        let head = response.head
        var skip: Int64 = 0
        var wanted = end - from
        switch head.status {
        case 206:
            guard let range = ContentRange(head["content-range"]), range.first == from, range.last >= from,
                range.last < end
            else {
                throw Failure(
                    .protocolViolation,
                    "`\(head.address.origin)` sent another range of \(subject.what) than was asked for")
            }
            if let total = range.total, total != size.value { throw wrongSize(total) }
            if let length = head.contentLength, length != range.last - range.first + 1 { throw wrongSize(length) }
            wanted = range.last - range.first + 1
        case 200:
            // The whole file: the server does not know ranges, or the whole was asked for.
            if let length = head.contentLength, length != size.value { throw wrongSize(length) }
            skip = from
        case 416: throw wrongSize(ContentRange.total(ofUnsatisfied: head["content-range"]))
        case let status where [401, 403, 404, 410].contains(status) && location.withLock({ $0 != nil }):
            // A signed address has expired: ask the Hub for a new one.
            location.withLock { $0 = nil }
            throw TryAgain(HubErrors.failure(head, subject, hasToken: token != nil), madeProgress: false)
        default: throw HubErrors.failure(head, subject, hasToken: token != nil)
        }
        let whole = head.status == 200 && end == size.value
        var total: Int64 = 0
        try await response.read { piece in
            var bytes = piece
            if skip > 0 {
                let drop = Int(min(skip, Int64(bytes.count)))
                skip -= Int64(drop)
                bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(drop))
            }
            if Int64(bytes.count) > wanted - total {
                guard !whole else { throw self.wrongSize(nil) }
                bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(wanted - total)))
            }
            total += Int64(bytes.count)
            if !bytes.isEmpty { try consume(bytes) }
            // A whole file is read to its end, so that bytes too many are noticed.
            return whole || total < wanted
        }
        guard total == wanted else {
            throw TryAgain(
                Failure(
                    .mismatch, "`\(subject.path.map(\.description) ?? "")` of `\(subject.repository)` ended too early",
                    hint: "try again; if it stays so, ask who runs `\(head.address.origin)`",
                    details: ["expected: \(size.value) bytes", "found:    \(from + total) bytes"]),
                madeProgress: total >= 64 << 10)
        }
    }

    private func wrongSize(_ found: Int64?) -> Failure {
        Failure(
            .mismatch,
            "`\(subject.path.map(\.description) ?? "")` of `\(subject.repository)` has the wrong size on the server",
            hint: "nothing of it was stored; try again, and if it stays wrong, ask who runs the server",
            details: ["expected: \(size.value) bytes", "found:    \(found.map { "\($0)" } ?? "more") bytes"])
    }
}

/// The value of a `Content-Range` header.
private struct ContentRange {
    let first: Int64
    let last: Int64
    let total: Int64?

    init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-")
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), first >= 0, last >= first else {
            return nil
        }
        (self.first, self.last, total) = (first, last, Int64(parts[1]))
    }

    static func total(ofUnsatisfied text: String?) -> Int64? {
        text.flatMap { $0.split(separator: "/").last }.flatMap { Int64($0) }
    }
}
