// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A `MirrorHandler` behind HTTP/1.1: keep-alive, pipelining, bounded, bodies by sendfile.
///
/// It encrypts nothing and listens where it is told to; put a proxy before it to be reached over the internet.
package final class MirrorServer: Sendable {
    /// The address it listens on.
    package let host: String
    /// The port it listens on, also when it was asked to choose one.
    package let port: Int

    private let group: MultiThreadedEventLoopGroup
    private let threads: NIOThreadPool
    private let listener: any Channel
    private let connections: ConnectionList

    /// The connections that are open.
    private final class ConnectionList: Sendable {
        private struct State {
            var channels: [ObjectIdentifier: any Channel] = [:]
            var isClosing = false
        }
        private let state = Mutex(State())

        /// Notes a connection; false when there are `limit` already, or none is to come any more.
        func add(_ channel: any Channel, limit: Int) -> Bool {
            let key = ObjectIdentifier(channel)
            let isTaken = state.withLock { state in
                guard !state.isClosing, state.channels.count < limit else { return false }
                state.channels[key] = channel
                return true
            }
            if isTaken { channel.closeFuture.whenComplete { _ in self.state.withLock { $0.channels[key] = nil } } }
            return isTaken
        }

        /// Takes no more connections, and returns those that are open.
        func close() -> [any Channel] {
            state.withLock { state in
                state.isClosing = true
                return Array(state.channels.values)
            }
        }
    }

    /// Listens on `host` (a name or an address) and `port`; 0 chooses a free one.
    ///
    /// `log` hears of each answer when it has left; it is called on an event loop and must not block.
    ///
    /// - Throws: `Failure` with code `network` when the address cannot be listened on.
    package static func start(
        _ handler: MirrorHandler, host: String = "127.0.0.1", port: Int = 0, limits: MirrorLimits = MirrorLimits(),
        log: @escaping @Sendable (AccessRecord) -> Void = { _ in }
    ) async throws(Failure) -> MirrorServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, min(System.coreCount, 4)))
        let threads = NIOThreadPool(numberOfThreads: max(2, min(System.coreCount * 2, 16)))
        threads.start()
        let context = MirrorConnection.Context(handler: handler, threads: threads, limits: limits, log: log)
        let connections = ConnectionList()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard connections.add(channel, limit: limits.connections) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture { try configure(channel, context) }
            }
        do {
            let listener = try await bootstrap.bind(host: host, port: port).get()
            return MirrorServer(host, listener.localAddress?.port ?? port, group, threads, listener, connections)
        } catch {
            try? await threads.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw Failure(
                .network, "could not listen on `\(Escaped(host)):\(port)`: \(Escaped("\(error)"))",
                hint: "choose another address or port; port 0 takes a free one")
        }
    }

    private init(
        _ host: String, _ port: Int, _ group: MultiThreadedEventLoopGroup, _ threads: NIOThreadPool,
        _ listener: any Channel,
        _ connections: ConnectionList
    ) {
        self.host = host
        self.port = port
        self.group = group
        self.threads = threads
        self.listener = listener
        self.connections = connections
    }

    private static func configure(_ channel: any Channel, _ context: MirrorConnection.Context) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = context.limits.headerField
        limits.maxHeaderListSize = context.limits.header
        let clock = ConnectionClock(context.limits)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(clock)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(NIOHTTPResponseHeadersValidator())
        try pipeline.addHandler(HTTPServerProtocolErrorHandler())
        try pipeline.addHandler(MirrorConnection(context, clock))
    }

    /// The URL to give to clients.
    package var url: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Returns when the server no longer listens.
    package func waitUntilClosed() async { try? await listener.closeFuture.get() }

    /// Stops listening, lets the answers under way finish, closes idle connections, and after `grace` all of them.
    ///
    /// To be called once; afterwards all threads of the server have ended.
    package func shutdown(grace: Duration = .seconds(10)) async {
        try? await listener.close()
        let open = connections.close()
        // The pipeline handler closes an idle connection at this event, and a busy one after its answer. Sent once: the
        // handler takes a second one for a mistake.
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = group.next().scheduleTask(in: TimeAmount(grace)) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
        try? await threads.shutdownGracefully()
        try? await group.shutdownGracefully()
    }
}
