// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Closes a connection whose client takes too long, by a limit of its own for each phase of a request.
///
/// The first handler of the pipeline: it sees bytes arrive before the decoder does. Lives on the connection's event
/// loop.
final class ConnectionClock: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase {
        case idle, header, body, answering, writing
    }
    private let limits: MirrorLimits
    private var phase = Phase.idle
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(_ limits: MirrorLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        enter(.idle)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Later bytes of the same header do not wind the clock up again.
        if phase == .idle { enter(.header) }
        context.fireChannelRead(data)
    }

    /// The header of a request is complete.
    func headerArrived() { enter(.body) }
    /// The body of a request is complete; the answer is being made.
    func requestArrived() { enter(.answering) }
    /// A piece of the answer has left, or is about to.
    func answerProgressed() { enter(.writing) }
    /// The answer has left; the next request may come.
    func answerEnded() { enter(.idle) }

    private func enter(_ next: Phase) {
        guard let context else { return }
        timer?.cancel()
        phase = next
        let patience: Duration
        switch next {
        case .idle: patience = limits.idle
        case .header: patience = limits.headerTime
        case .body: patience = limits.bodyTime
        case .answering:
            timer = nil
            return
        case .writing: patience = limits.writeTime
        }
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: TimeAmount(patience)) { channel.close(promise: nil) }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        context = nil
    }
}
