// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import FileIO
package import Origins
package import Store
package import SystemPackage
package import Transport

/// What the environment says, read once.
package struct Settings: Sendable {
    /// `WEIGHLOCK_HOME`: the store and the views.
    package var home: FilePath
    /// The Hub to ask, when the user named one; it wins over the manifest's.
    package var endpoint: String?
    /// The token for that Hub.
    package var token: Secret?
    /// How to talk to it.
    package var transport: TransportConfiguration
    /// The user's own Hugging Face cache, from which blobs are adopted.
    package var hubCache: FilePath
    /// Who acts, for the history.
    package var author: String
    /// The time now, as `2026-01-31T12:00:00Z`; asked when something is written into the history.
    package var now: @Sendable () -> String
    /// How many connections may be open at once.
    package var connections = 8

    /// Puts the settings together.
    package init(
        home: FilePath, endpoint: String?, token: Secret?, transport: TransportConfiguration, hubCache: FilePath,
        author: String,
        now: @escaping @Sendable () -> String
    ) {
        (self.home, self.endpoint, self.token, self.transport) = (home, endpoint, token, transport)
        (self.hubCache, self.author, self.now) = (hubCache, author, now)
    }
}

/// What happens during an operation.
package enum OperationEvent: Sendable {
    /// Something worth a line.
    case note(String)
    /// Something that may be wrong.
    case warning(String)
    /// Work of known length begins: what it is, and how many bytes it will take.
    case began(String, total: ByteCount)
    /// So many bytes of it were done; negative when something has to be done again.
    case advanced(Int64)
    /// It ended, well or not.
    case ended
}

/// The settings with the doors they open: store, network, events.
package struct Session: Sendable {
    /// What the environment says.
    package let settings: Settings
    /// The network.
    package let transport: HTTPTransport
    /// The bytes on this machine.
    package let store: BlobStore
    /// Where events go.
    package let emit: @Sendable (OperationEvent) -> Void

    /// The Hub that is asked when nobody names another.
    package static let publicEndpoint = "https://huggingface.co"

    /// Opens a session; call `close` at its end.
    package init(_ settings: Settings, emit: @escaping @Sendable (OperationEvent) -> Void) {
        self.settings = settings
        self.emit = emit
        store = BlobStore(directory: settings.home.appending("store"))
        transport = HTTPTransport(settings.transport) { notice in
            switch notice {
            case .retrying(let reason, let pause):
                let seconds = Double(pause.components.seconds) + Double(pause.components.attoseconds) / 1e18
                emit(
                    .note(
                        "\(reason); trying again in \(Int((seconds * 10).rounded()) / 10).\(Int((seconds * 10).rounded()) % 10) s"
                    ))
            }
        }
    }

    /// Closes the connections.
    package func close() async { await transport.close() }

    /// The Hub of a project: what the user named, else what the manifest names, else the public one.
    ///
    /// A Hub that only the manifest names does not get the token: a manifest comes with a project that somebody else may
    /// have written, and must not be able to send the user's token where it likes.
    package func hub(for manifest: Manifest?) throws(Failure) -> Hub {
        let publicHub = try WebAddress(Session.publicEndpoint)
        if let chosen = settings.endpoint {
            return Hub(endpoint: try WebAddress(chosen), token: settings.token, transport: transport)
        }
        let address = try manifest?.endpoint.map(WebAddress.init) ?? publicHub
        let isTrusted = address.origin == publicHub.origin
        if !isTrusted, settings.token != nil {
            emit(
                .note(
                    "the token is not shown to `\(address.origin)`, which only weighlock.yaml names; set HF_ENDPOINT to it if it should be"
                ))
        }
        return Hub(endpoint: address, token: isTrusted ? settings.token : nil, transport: transport)
    }

    /// Notes that the views of a layout are in use, for the garbage collector. A view that is not there yet gets no note, and a
    /// home that may only be read needs none: nothing can be collected from it.
    func markUsed(_ layout: Layout) {
        for part in layout.parts where part.view.mode == .links && FileSystem.exists(part.view.directory) {
            try? FileSystem.replace(
                part.view.directory.removingLastComponent().appending("used"), with: [], durably: false)
        }
    }

    /// Holds the store open against its garbage collector, as long as the value lives.
    func holdStore() async throws -> FileLock {
        try await FileLock(settings.home.appending("store/collector.lock"), shared: true, patience: .seconds(3600)) {
            emit(.note("waiting for `weighlock cache gc` to end"))
        }
    }
}
