// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
package import ContentModel
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The HTTP client. Opens nothing before the first request; must be closed.
package final class HTTPTransport: Sendable {
    /// What happened on the way that a person may want to know.
    package enum Notice: Sendable {
        /// The request will be sent again after a pause, because of this.
        case retrying(reason: String, after: Duration)
    }

    private struct Clients {
        let metadata: HTTPClient
        let file: HTTPClient
    }

    /// What it may do.
    package let configuration: TransportConfiguration
    private let clients = Mutex<Clients?>(nil)
    private let notify: @Sendable (Notice) -> Void

    /// Creates a transport; `notify` is called for each retry.
    package init(_ configuration: TransportConfiguration, notify: @escaping @Sendable (Notice) -> Void = { _ in }) {
        self.configuration = configuration
        self.notify = notify
    }

    /// Closes all connections. The transport can be used again afterwards.
    package func close() async {
        let open = clients.withLock { state in
            defer { state = nil }
            return state
        }
        try? await open?.metadata.shutdown()
        try? await open?.file.shutdown()
    }

    private func client(for purpose: HTTPRequest.Purpose) -> HTTPClient {
        clients.withLock { state in
            let open =
                state
                ?? Clients(
                    metadata: makeClient(silence: configuration.metadataTimeout),
                    file: makeClient(silence: configuration.downloadTimeout))
            state = open
            return purpose == .file ? open.file : open.metadata
        }
    }

    private func makeClient(silence: Duration) -> HTTPClient {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .nanoseconds(configuration.metadataTimeout.nanoseconds),
                read: .nanoseconds(silence.nanoseconds)),
            decompression: .disabled)
        // One file a connection: ranges of several files over one HTTP/2 connection would share its window.
        settings.httpVersion = .http1Only
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        // Trying again is this type's business, with notices; the pool would do it silently until the time-out.
        settings.connectionPool.retryConnectionEstablishment = false
        if let proxy = configuration.proxy { settings.proxy = .server(host: proxy.host, port: proxy.port) }
        if let file = configuration.certificateAuthorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(file)
            settings.tlsConfiguration = tls
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Sends a request, follows redirects, and hands the final answer to `body`; tries again when that may help.
    ///
    /// `makeRequest` and `body` are called once for each attempt; `body` can throw `TryAgain` to ask for another.
    /// An answer with a transient status is retried without being shown to `body`, until the attempts are used up.
    ///
    /// - Throws: `Failure` with code `offline`, `network`, `rateLimited`, `server`, `redirectRefused`; what `body` throws.
    package func exchange<Result: Sendable>(
        _ makeRequest: @autoclosure () -> HTTPRequest, onRedirect: (ResponseHead, WebAddress) -> Void = { _, _ in },
        _ body: (HTTPResponse) async throws -> Result
    ) async throws -> Result {
        var request = makeRequest()
        if let reason = configuration.offlineReason {
            throw Failure(
                .offline, "cannot ask `\(request.address.origin)`: \(reason)",
                hint: "run the command again with the network, or without `--offline` and HF_HUB_OFFLINE")
        }
        var attempt = 0
        while true {
            try Task.checkCancellation()
            do {
                let response = try await follow(request, onRedirect)
                guard !RetryPolicy.isTransient(response.head.status) else { throw TransientStatus(head: response.head) }
                return try await body(response)
            } catch {
                let outcome = try classify(error, request.address)
                attempt = outcome.madeProgress ? 1 : attempt + 1
                guard attempt < configuration.retry.attempts else { throw outcome.failure }
                let pause = outcome.pause ?? configuration.retry.pause(after: attempt - 1)
                notify(.retrying(reason: outcome.failure.message, after: pause))
                try await Task.sleep(for: pause)
                request = makeRequest()
            }
        }
    }

    private struct TransientStatus: Error { let head: ResponseHead }

    /// What to do about an error: try again with this failure in hand, or throw what a person can read.
    private func classify(
        _ error: any Error, _ address: WebAddress
    ) throws -> (failure: Failure, pause: Duration?, madeProgress: Bool) {
        func again(_ reason: String) -> (Failure, Duration?, Bool) {
            (HTTPTransport.unreachable(address, reason), nil, false)
        }
        switch error {
        case let error as TransientStatus:
            let failure = HTTPTransport.transientFailure(error.head)
            guard let asked = RetryPolicy.requestedPause(error.head) else { return (failure, nil, false) }
            guard asked <= configuration.retry.longestRequestedPause else { throw failure }
            // A little later than asked, and not all of a team's machines in the same millisecond.
            return (failure, asked + .milliseconds(Int64.random(in: 1...250)), false)
        case let error as TryAgain: return (error.failure, nil, error.madeProgress)
        case let error as HTTPClientError:
            if case .cancelled = error { throw CancellationError() }
            return again(HTTPTransport.reason(error))
        case let error as NIOConnectionError: return again(HTTPTransport.reason(error))
        case let error as IOError: return again(error.localizedReason)
        case is ChannelError: return again("the connection was cut")
        case is HTTPParserError:
            throw Failure(
                .protocolViolation, "the answer of `\(address.origin)` is not HTTP",
                hint: "is HF_ENDPOINT the address of a Hub?")
        case let error as NIOSSLError:
            throw Failure(
                .network, "no secure connection to `\(address.origin)`: \(error)",
                hint: "if a proxy uses its own certificates, name its authority file in SSL_CERT_FILE")
        default: throw error
        }
    }

    /// One exchange with redirects, at most twenty. The token stays with the origin it was given for.
    private func follow(
        _ request: HTTPRequest, _ onRedirect: (ResponseHead, WebAddress) -> Void
    ) async throws -> HTTPResponse {
        var address = request.address
        for _ in 0...20 {
            var raw = HTTPClientRequest(url: address.text)
            raw.method = .init(rawValue: request.method.rawValue)
            for header in request.headers { raw.headers.add(name: header.name, value: header.value) }
            raw.headers.add(name: "user-agent", value: configuration.userAgent)
            raw.headers.add(name: "accept-encoding", value: "identity")
            if let token = request.token, address.origin == request.address.origin {
                raw.headers.add(name: "authorization", value: "Bearer \(token.revealed)")
            }
            if request.method == .post { raw.body = .bytes(request.body) }
            let answer = try await client(for: request.purpose).execute(raw, deadline: .distantFuture)
            let head = ResponseHead(
                status: Int(answer.status.code), address: address,
                fields: answer.headers.map { ($0.name, HTTPTransport.redacted($0.value, request.token)) })
            let response = HTTPResponse(head, answer.body)
            guard [301, 302, 303, 307, 308].contains(head.status) else { return response }
            guard let location = head["location"], let next = address.resolving(location) else {
                throw Failure(.protocolViolation, "`\(address)` redirects to nowhere: there is no usable `Location`")
            }
            guard address.origin.scheme == next.origin.scheme || next.origin.scheme == "https" else {
                throw Failure(
                    .redirectRefused, "`\(address.origin)` redirects to `\(next.origin)`, which is not encrypted",
                    hint: "this can be an attack; ask who runs the server")
            }
            onRedirect(head, next)
            address = next
        }
        throw Failure(.redirectRefused, "`\(request.address)` redirects more than 20 times")
    }

    /// A header of an answer without the token: what a server echoes must not come out in a message.
    private static func redacted(_ value: String, _ token: Secret?) -> String {
        guard let token, value.contains(token.revealed) else { return value }
        return value.split(separator: token.revealed, omittingEmptySubsequences: false).joined(separator: "[redacted]")
    }

    private static func transientFailure(_ head: ResponseHead) -> Failure {
        if head.status == 429 {
            let wait = RetryPolicy.requestedPause(head).map { "; it asks to wait \($0.components.seconds) s" } ?? ""
            return Failure(
                .rateLimited, "`\(head.address.origin)` refuses more requests for now (429)\(wait)",
                hint: "wait, or set HF_TOKEN: signed-in users have higher limits; a mirror (`weighlock serve`) has none"
            )
        }
        return Failure(
            .server, "`\(head.address)` failed: status \(head.status)",
            hint: "the fault is the server's; try again later")
    }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout: "no connection in time"
        case .readTimeout, .deadlineExceeded: "the server went silent"
        case .remoteConnectionClosed: "the connection was cut"
        default: error.shortDescription
        }
    }

    private static func unreachable(_ address: WebAddress, _ reason: String) -> Failure {
        Failure(
            .network, "could not get `\(address)`: \(reason)",
            hint: "check the network, HF_ENDPOINT and the proxy settings; what has arrived is kept")
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
            return "the host's name is not known"
        }
        if let first = error.connectionErrors.first?.error as? IOError { return first.localizedReason }
        return "no connection"
    }
}

/// Thrown by the reader of an answer to have the request sent again.
package struct TryAgain: Error {
    /// What to report when the attempts are used up.
    package let failure: Failure
    /// Whether enough bytes arrived that the count of attempts begins again.
    package let madeProgress: Bool

    /// Asks for another attempt.
    package init(_ failure: Failure, madeProgress: Bool) {
        (self.failure, self.madeProgress) = (failure, madeProgress)
    }
}

extension IOError {
    fileprivate var localizedReason: String {
        switch errnoCode {
        case 111: "connection refused"
        case 104, 32: "the connection was cut"
        case 113, 101: "the host cannot be reached"
        default: "input/output error \(errnoCode)"
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
