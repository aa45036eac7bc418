// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import SystemPackage

/// Answers the requests of Hub clients from a `MirrorRoot`: the read side of the protocol, without a socket.
///
/// Each answer has a `X-Request-Id`; each error has `X-Error-Code`, `X-Error-Message` and a JSON body. Xet storage is
/// never announced. Answers are made from what is on disk at that moment, so a mirror can be written to while it
/// serves.
package struct MirrorHandler: Sendable {
    /// The repositories.
    package let root: MirrorRoot
    /// Who may read what is not public.
    package let access: MirrorAccess
    private let report: @Sendable (Failure) -> Void

    /// Creates a handler. `report` hears of what is wrong with the mirror's own files; the client only learns that it
    /// is.
    package init(
        root: MirrorRoot, access: MirrorAccess = MirrorAccess(),
        report: @escaping @Sendable (Failure) -> Void = { _ in }
    ) {
        self.root = root
        self.access = access
        self.report = report
    }

    /// Answers a request, away from the caller's executor. It reads files, and so blocks a thread for a short time.
    @concurrent
    package func handle(_ request: MirrorRequest) async -> MirrorResponse { respond(to: request) }

    /// Answers a request on the calling thread: what `handle` does, for those who have a thread of their own to block.
    package func respond(to request: MirrorRequest) -> MirrorResponse {
        var response: MirrorResponse
        do throws(Refusal) { response = try answer(request) } catch { response = error.response }
        response.headers.add("X-Request-Id", String(UInt64.random(in: .min ... .max), radix: 16))
        if request.method == "HEAD" { response.body = .none }
        return response
    }

    private func answer(_ request: MirrorRequest) throws(Refusal) -> MirrorResponse {
        guard request.headers.all("Host").count <= 1, request.headers["Host"].map(MirrorHandler.isHost) ?? true else {
            throw .badRequest("the `Host` header is not a host name")
        }
        let target = try RequestTarget(request.target)
        let caller = access.caller(request)
        if caller == .rejected { throw .badToken }
        let call = MirrorCall(handler: self, request: request, target: target, caller: caller)
        switch target.segments {
        case ["api", "whoami-v2"]:
            try call.require("GET")
            return try call.whoAmI()
        case ["api", "models"], ["api", "datasets"], ["api", "spaces"]:
            try call.require("GET")
            guard let kind = RepositoryID.Kind.allCases.first(where: { $0.plural == target.segments[1] }) else { break }
            return try call.list(kind)
        default: break
        }
        return try answerRepository(call)
    }

    private func answerRepository(_ call: MirrorCall) throws(Refusal) -> MirrorResponse {
        let readings = RepositoryTarget.readings(call.target.segments)
        guard let likeliest = readings.first else { throw .notFound("this mirror serves nothing at this URL") }
        for reading in readings {
            guard let repository = try read({ () throws(Failure) in try root.repository(reading.id) }) else { continue }
            let settings = try read { () throws(Failure) in try repository.settings() }
            if settings.access == .private, call.caller != .known { continue }
            try call.require(reading.route.method)
            if settings.isDisabled { throw .disabled }
            if let moved = settings.movedTo {
                let location = reading.moved(to: moved, call.target)
                return MirrorResponse(307, headers: ["Location": location, "Content-Length": "0"])
            }
            return try call.serve(reading.route, repository, settings)
        }
        try call.require(likeliest.route.method)
        throw Refusal(
            status: call.caller == .anonymous ? 401 : 404, code: "RepoNotFound",
            message: "repository `\(likeliest.id)` does not exist, or is private and needs a token")
    }

    /// Runs what reads the mirror's files. What fails there is the mirror's fault, and reported as such.
    func read<Value>(_ body: () throws(Failure) -> Value) throws(Refusal) -> Value {
        do throws(Failure) { return try body() } catch {
            if error.code == .revisionNotFound { throw .revisionNotFound(error.message) }
            report(error)
            throw Refusal(
                status: 500, code: "ServerError",
                message: "the mirror could not read its own files; its log says which (\(error.code))")
        }
    }

    private static func isHost(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".:-_[]".utf8.contains(byte)
                }
            }
    }
}
