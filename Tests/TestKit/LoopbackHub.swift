// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Mirror
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization
package import SystemPackage

/// A Hub on this machine: a `MirrorHandler` on a temporary root, behind a server that records every request and can
/// be told to answer any of them wrongly.
///
/// It writes the bytes of its answers itself, so that it can also send what no correct HTTP library would.
package final class LoopbackHub: Sendable {
    /// Says how to answer a request wrongly; nil for the truth.
    package typealias FaultPlan = @Sendable (RecordedRequest) -> Fault?

    /// The repositories that it serves.
    package let root: MirrorRoot
    /// The port it listens on.
    package let port: Int
    /// The host it listens on.
    package let host: String

    private let directory: TemporaryDirectory?
    private let listener: any Channel
    private let desk: HubDesk

    /// Starts a Hub on a free port, with an empty root of its own unless one is given.
    package init(
        root: MirrorRoot? = nil, access: MirrorAccess = MirrorAccess(), host: String = "127.0.0.1",
        fault: FaultPlan? = nil
    ) async throws {
        let directory = root == nil ? try TemporaryDirectory() : nil
        let root = try root ?? MirrorRoot(directory?.appending("mirror") ?? "", creating: true)
        let desk = HubDesk(MirrorHandler(root: root, access: access), fault)
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                desk.add(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    try channel.pipeline.syncOperations.addHandler(HubConnection(desk))
                }
            }
            .bind(host: host, port: 0).get()
        port = listener.localAddress?.port ?? 0
        self.host = host
        self.root = root
        self.directory = directory
        self.desk = desk
    }

    deinit {
        listener.close(promise: nil)
        desk.closeAll()
    }

    /// Stops listening and cuts every connection.
    package func stop() async {
        try? await listener.close()
        desk.closeAll()
    }

    /// The URL for `HF_ENDPOINT`.
    package var url: String { "http://\(host):\(port)" }

    /// All requests so far, in the order of their arrival.
    package var requests: [RecordedRequest] { desk.requests }

    /// How many bytes of bodies were sent by GET requests for files.
    package var bytesDownloaded: Int64 { requests.filter(\.isDownload).reduce(0) { $0 + $1.bytesSent } }

    /// Forgets the requests so far; attempts are counted anew.
    package func forgetRequests() { desk.forget() }

    /// Replaces the way in which requests are answered wrongly.
    package func setFault(_ fault: FaultPlan?) { desk.setFault(fault) }

    /// Returns as soon as `condition` holds of the requests. It is looked at after every change; there is no time
    /// limit.
    package func wait(until condition: @escaping @Sendable ([RecordedRequest]) -> Bool) async {
        await desk.wait(condition)
    }

    // MARK: Contents

    /// Commits files to a repository, which is created when it is new. Without a date each commit is a day after the
    /// last.
    @discardableResult
    package func commit(
        _ name: String, kind: RepositoryID.Kind = .model, _ files: [String: [UInt8]], branch: String = "main",
        tags: [String] = [],
        title: String = "Add files", base: CommitRequest.Base = .replacing, removing: [String] = [],
        date: Timestamp? = nil
    ) throws -> GitObjectID {
        let repository = try root.createRepository(try RepositoryID(name, kind: kind))
        let date = date ?? Timestamp(clamping: 1_704_067_200 + 86_400 * desk.nextDay())
        let request = CommitRequest(
            branch: try Revision(branch), tags: try tags.map { tag in try Revision(tag) }, title: title, date: date,
            base: base)
        return try repository.createCommit(
            request, files: try files.map { name, bytes in (try RelativePath(name), .bytes(bytes)) },
            removing: try removing.map { path in try RelativePath(path) })
    }

    /// Commits a folder as the whole tree of `main`.
    @discardableResult
    package func importFolder(_ folder: FilePath, _ name: String, title: String = "Add files") throws -> GitObjectID {
        let date = Timestamp(clamping: 1_704_067_200 + 86_400 * desk.nextDay())
        return try root.importFolder(folder, into: try RepositoryID(name), CommitRequest(title: title, date: date))
    }
}
