// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP connection to a server on this machine, for what no HTTP client would send or put up with.
package final class RawConnection: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            change { $0.bytes += Array(buffer.readableBytesView) }
        }
        func channelInactive(context: ChannelHandlerContext) { change { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func change(_ body: (inout State) -> Void) {
            let ready = state.withLock { state in
                body(&state)
                let ready = state.waiters.filter { state.isClosed || state.bytes.count >= $0.count }
                state.waiters.removeAll { state.isClosed || state.bytes.count >= $0.count }
                return ready
            }
            for waiter in ready { waiter.continuation.resume() }
        }

        func wait(_ count: Int) async -> [UInt8] {
            await withCheckedContinuation { continuation in
                change { $0.waiters.append((count, continuation)) }
            }
            return state.withLock { $0.bytes }
        }
    }

    private let channel: any Channel
    private let inbox: Inbox

    /// Connects. With `reading` false the client never takes a byte, and the server's buffers fill up.
    package init(port: Int, host: String = "127.0.0.1", reading: Bool = true) async throws {
        let inbox = Inbox()
        self.inbox = inbox
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reading)
            .channelInitializer { $0.pipeline.addHandler(inbox) }
            .connect(host: host, port: port).get()
    }

    deinit { channel.close(promise: nil) }

    /// Sends text.
    package func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Everything received so far, as soon as it is at least `count` bytes or the server has closed the connection.
    package func receive(atLeast count: Int) async -> [UInt8] { await inbox.wait(count) }

    /// Everything the server sent until it closed the connection.
    package func receiveAll() async -> [UInt8] { await inbox.wait(.max) }

    /// Closes the connection.
    package func close() async { try? await channel.close() }
}
