// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The last handler of a connection's pipeline: collects a request, has it answered on a thread that may block,
/// writes the answer. Requests come one at a time: the pipeline handler before it holds the next one back.
final class MirrorConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a connection needs to know of its server.
    struct Context: Sendable {
        let handler: MirrorHandler
        let threads: NIOThreadPool
        let limits: MirrorLimits
        let log: @Sendable (AccessRecord) -> Void
    }

    /// An answer with its file opened, as it comes from the thread that may block.
    private struct Prepared: Sendable {
        let response: MirrorResponse
        let file: FileBody?
    }

    /// The answer that is being written.
    private struct Answer {
        let record: (method: String, path: String, status: Int, start: ContinuousClock.Instant)
        let keepsAlive: Bool
        var file: FileBody?
        var bytes: Int64 = 0
    }

    private enum State {
        case waiting
        case receiving(HTTPRequestHead, ByteBuffer)
        case answering
        /// The connection will be closed; whatever else arrives is passed over.
        case closing
    }

    private let server: Context
    private let clock: ConnectionClock
    private var state = State.waiting

    init(_ server: Context, _ clock: ConnectionClock) {
        self.server = server
        self.clock = clock
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting):
            clock.headerArrived()
            state = .receiving(head, context.channel.allocator.buffer(capacity: 0))
            // Said before the body is sent, so that a client that asks first is spared it.
            if let length = head.headers.first(name: "content-length").flatMap({ Int64($0) }),
                length > Int64(server.limits.body)
            {
                refuseBody(context, head)
            }
        case (.body(var part), .receiving(let head, var body)):
            state = .waiting
            body.writeBuffer(&part)
            state = .receiving(head, body)
            if body.readableBytes > server.limits.body { refuseBody(context, head) }
        case (.end, .receiving(let head, let body)):
            state = .answering
            answer(context, head, body)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What cannot be parsed was answered by the protocol error handler; after anything else the state is unknown
        // too.
        context.close(promise: nil)
    }

    private func refuseBody(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        state = .closing
        let refusal = Refusal.badRequest("the body is longer than \(server.limits.body) bytes", status: 413)
        // Nobody reads the rest of the body, so the connection cannot go on; sent at once and then closed.
        write(context, head, Prepared(response: refusal.response, file: nil), keepsAlive: false, start: .now)
    }

    private func answer(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ body: ByteBuffer) {
        clock.requestArrived()
        let start = ContinuousClock.now
        var fields: HeaderFields = [:]
        for (name, value) in head.headers { fields.add(name, value) }
        let request = MirrorRequest(
            head.method.rawValue, head.uri, headers: fields, body: Array(body.readableBytesView))
        let handler = server.handler
        let prepared = server.threads.runIfActive(eventLoop: context.eventLoop) { () -> Prepared in
            let response = handler.respond(to: request)
            guard case .file(let path, let offset, let length) = response.body else {
                return Prepared(response: response, file: nil)
            }
            do {
                return Prepared(response: response, file: try FileBody(path, offset: offset, length: length))
            } catch {
                let refusal = Refusal(
                    status: 500, code: "ServerError", message: "the mirror could not open the file that it promised")
                return Prepared(response: refusal.response, file: nil)
            }
        }
        prepared.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let prepared):
                self.write(context, head, prepared, keepsAlive: head.isKeepAlive, start: start)
            case .failure:
                // The pool is shut down: so is the server.
                context.close(promise: nil)
            }
        }
    }

    private func write(
        _ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ prepared: Prepared, keepsAlive: Bool,
        start: ContinuousClock.Instant
    ) {
        let response = prepared.response
        var headers = HTTPHeaders(response.headers.fields.map { ($0.name, $0.value) })
        if !keepsAlive { headers.add(name: "Connection", value: "close") }
        let path = String(request.uri.prefix { $0 != "?" })
        let answer = Answer(
            record: (request.method.rawValue, path, response.status, start), keepsAlive: keepsAlive, file: prepared.file
        )
        clock.answerProgressed()
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if case .bytes(let bytes) = response.body, request.method != .HEAD {
            let buffer = context.channel.allocator.buffer(bytes: bytes)
            var sent = answer
            sent.bytes = Int64(bytes.count)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
            return end(context, sent)
        }
        continueFile(context, answer)
    }

    /// Sends the next piece of the file when the one before has left: so there is never more than one in the kernel's
    /// hands.
    private func continueFile(_ context: ChannelHandlerContext, _ answer: Answer) {
        var answer = answer
        guard let region = answer.file?.next() else { return end(context, answer) }
        let count = Int64(region.readableBytes)
        let written = context.writeAndFlush(wrapOutboundOut(.body(.fileRegion(region))))
        let waiting = answer
        written.assumeIsolated().whenComplete { result in
            var answer = waiting
            switch result {
            case .success:
                answer.bytes += count
                self.clock.answerProgressed()
                self.continueFile(context, answer)
            case .failure: self.finish(context, answer, isComplete: false)
            }
        }
    }

    private func end(_ context: ChannelHandlerContext, _ answer: Answer) {
        // The state changes before the write: the pipeline handler delivers the next request from inside of it.
        if answer.keepsAlive, case .answering = state { state = .waiting } else { state = .closing }
        clock.answerEnded()
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { result in
            self.finish(context, answer, isComplete: (try? result.get()) != nil)
        }
    }

    private func finish(_ context: ChannelHandlerContext, _ answer: Answer, isComplete: Bool) {
        answer.file?.close()
        server.log(
            AccessRecord(
                method: answer.record.method, path: answer.record.path, status: answer.record.status,
                bytes: answer.bytes,
                duration: ContinuousClock.now - answer.record.start, isComplete: isComplete))
        if !isComplete || !answer.keepsAlive { context.close(promise: nil) }
    }
}
