// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Mirror
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SystemPackage

/// One connection of a `LoopbackHub`: decodes requests, and writes answers byte by byte as the faults want them.
final class HubConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let desk: HubDesk
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var waiting: [(HTTPRequestHead, [UInt8])] = []
    private var current: HubDesk.Ticket?

    /// How much of a body is written at once.
    private static let piece: Int64 = 256 << 10

    init(_ desk: HubDesk) { self.desk = desk }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part): body += Array(part.readableBytesView)
        case .end:
            guard let head else { return }
            waiting.append((head, body))
            if current == nil { answerNext(context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let current { desk.update(current) { $0.isOver = true } }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answerNext(_ context: ChannelHandlerContext) {
        guard !waiting.isEmpty else { return }
        let (head, body) = waiting.removeFirst()
        var fields: HeaderFields = [:]
        for (name, value) in head.headers { fields.add(name, value) }
        let (ticket, request, faults) = desk.receive(head.method.rawValue, head.uri, fields, body)
        current = ticket
        let handler = desk.handler
        let host = fields["Host"] ?? "127.0.0.1"
        let made = NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) {
            FaultyAnswer(request, faults, host: host) { handler.respond(to: $0) }
        }
        made.assumeIsolated().whenComplete { result in
            guard case .success(let answer) = result, !answer.isCut else { return context.close(promise: nil) }
            if answer.isSilent { return }
            self.begin(context, answer, head, ticket)
        }
    }

    private func begin(
        _ context: ChannelHandlerContext, _ answer: FaultyAnswer, _ head: HTTPRequestHead, _ ticket: HubDesk.Ticket
    ) {
        desk.update(ticket) { $0.status = answer.status }
        var text = "HTTP/1.1 \(answer.status) \(HTTPResponseStatus(statusCode: answer.status).reasonPhrase)\r\n"
        for field in answer.headers.fields { text += "\(field.name): \(field.value)\r\n" }
        if !head.isKeepAlive { text += "Connection: close\r\n" }
        context.write(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
        context.flush()
        guard head.method != .HEAD else { return end(context, ticket, closing: !head.isKeepAlive) }
        do {
            let writer = try BodyWriter(answer)
            step(context, writer, ticket, closing: !head.isKeepAlive || answer.closeAfter != nil)
        } catch { context.close(promise: nil) }
    }

    private func step(_ context: ChannelHandlerContext, _ writer: BodyWriter, _ ticket: HubDesk.Ticket, closing: Bool) {
        guard let (bytes, pause) = writer.next(HubConnection.piece) else {
            if writer.isStalled { return }
            if writer.answer.isChunked {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "0\r\n\r\n")), promise: nil)
            }
            return end(context, ticket, closing: closing || writer.isTruncated)
        }
        var buffer = ByteBuffer()
        if writer.answer.isChunked { buffer.writeString(String(bytes.count, radix: 16) + "\r\n") }
        buffer.writeBytes(bytes)
        if writer.answer.isChunked { buffer.writeString("\r\n") }
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { result in
            guard (try? result.get()) != nil else { return context.close(promise: nil) }
            self.desk.update(ticket) { $0.bytesSent += Int64(bytes.count) }
            guard let pause else { return self.step(context, writer, ticket, closing: closing) }
            context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
                self.step(context, writer, ticket, closing: closing)
            }
        }
    }

    private func end(_ context: ChannelHandlerContext, _ ticket: HubDesk.Ticket, closing: Bool) {
        desk.update(ticket) { $0.isOver = true }
        current = nil
        if closing { return context.close(promise: nil) }
        answerNext(context)
    }
}

/// Hands out the body of an answer piece by piece, with its faults.
private final class BodyWriter {
    let answer: FaultyAnswer
    private(set) var isStalled = false
    private(set) var isTruncated = false
    private var sent: Int64 = 0
    private let file: OpenFile?

    /// A class around the file, which cannot be copied and so not be optional in one.
    private final class OpenFile {
        let file: File
        init(_ path: FilePath) throws { file = try File(path, .reading) }
    }

    init(_ answer: FaultyAnswer) throws {
        self.answer = answer
        if case .file(let path, _, _) = answer.body { file = try OpenFile(path) } else { file = nil }
    }

    /// The next bytes, and how long to wait after them; nil when there are none to send.
    func next(_ piece: Int64) -> ([UInt8], TimeAmount?)? {
        var limit = answer.length + Int64(answer.padding.count)
        if let close = answer.closeAfter, close < limit {
            limit = close
            isTruncated = sent >= limit
        }
        if let stall = answer.stallAfter, stall < limit {
            limit = stall
            isStalled = sent >= limit
        }
        guard sent < limit else { return nil }
        var count = min(piece, limit - sent)
        var pause: TimeAmount?
        if let rate = answer.bytesPerSecond {
            // Twenty drops a second, or one whenever a byte is due.
            count = min(count, max(1, Int64(rate) / 20))
            pause = .nanoseconds(count * 1_000_000_000 / Int64(rate))
        }
        var bytes = read(Int(min(count, max(0, answer.length - sent))))
        for place in answer.flips {
            let index = place - answer.base - sent
            if index >= 0, index < Int64(bytes.count) { bytes[Int(index)] ^= 0xFF }
        }
        if bytes.isEmpty {
            // The file became shorter meanwhile.
            guard sent >= answer.length else {
                isTruncated = true
                return nil
            }
            let start = Int(sent - answer.length)
            bytes = Array(answer.padding[start..<min(answer.padding.count, start + Int(count))])
        }
        sent += Int64(bytes.count)
        return (bytes, pause)
    }

    private func read(_ count: Int) -> [UInt8] {
        switch answer.body {
        case .none: []
        case .bytes(let bytes): Array(bytes[Int(sent)..<Int(sent) + count])
        case .file: (try? file?.file.read(count, at: answer.base + sent)) ?? []
        }
    }
}
