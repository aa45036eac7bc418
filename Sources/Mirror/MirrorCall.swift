// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// One request under way: what was asked, and by whom. The answers are in the extensions, a file for each group.
struct MirrorCall {
    let handler: MirrorHandler
    let request: MirrorRequest
    let target: RequestTarget
    let caller: MirrorAccess.Caller

    var root: MirrorRoot { handler.root }

    /// Refuses other methods than `method`; where GET is taken HEAD is too.
    func require(_ method: String) throws(Refusal) {
        if request.method == method || method == "GET" && request.method == "HEAD" { return }
        let allowed = method == "GET" ? "GET, HEAD" : method
        throw Refusal(
            status: 405, code: "MethodNotAllowed",
            message: "`\(request.method)` is not allowed here; this mirror can only be read",
            headers: ["Allow": allowed])
    }

    func read<Value>(_ body: () throws(Failure) -> Value) throws(Refusal) -> Value { try handler.read(body) }

    /// Answers a request for a repository that the caller may know of.
    func serve(
        _ route: RepositoryRoute, _ repository: MirrorRepository, _ settings: RepositorySettings
    ) throws(Refusal) -> MirrorResponse {
        if settings.access == .gated, caller != .known, route.isContent || route == .authCheck(write: false) {
            throw Refusal(
                status: caller == .anonymous ? 401 : 403, code: "GatedRepo",
                message: "access to `\(repository.id)` is restricted: ask who runs this mirror for a token")
        }
        switch route {
        case .resolve(let revision, let path): return try resolve(repository, revision, path)
        case .raw(let revision, let path): return try raw(repository, revision, path)
        case .info(let revision): return try info(repository, settings, revision)
        case .tree(let revision, let path): return try tree(repository, revision, path)
        case .pathsInfo(let revision): return try pathsInfo(repository, revision)
        case .references: return try references(repository)
        case .commits(let revision): return try commits(repository, revision)
        case .authCheck(write: false): return .json(.object([]))
        case .authCheck(write: true):
            throw Refusal(status: 403, code: "Forbidden", message: "this mirror can only be read")
        case .xetToken:
            throw .notFound("this mirror has no Xet storage; set HF_HUB_DISABLE_XET=1 in the client")
        }
    }

    func whoAmI() throws(Refusal) -> MirrorResponse {
        switch caller {
        case .known: break
        case .anonymous: throw Refusal(status: 401, code: "Unauthorized", message: "no token was sent")
        case .unverified, .rejected: throw .badToken
        }
        return .json(
            .object([
                "type": "user", "name": "mirror", "fullname": "Holder of a token of this mirror", "orgs": .array([]),
                "auth": .object([
                    "type": "access_token", "accessToken": .object(["displayName": "mirror", "role": "read"]),
                ]),
            ]))
    }

    /// Finds the commit that a revision in the URL means.
    func commit(_ repository: MirrorRepository, _ text: String) throws(Refusal) -> MirrorCommit {
        guard let revision = try? Revision(text) else {
            throw .revisionNotFound("`\(text)` cannot be the name of a revision")
        }
        return try read { () throws(Failure) in
            let id = try repository.resolve(revision)
            guard let commit = try repository.commit(id) else {
                throw Failure(.file, "a reference of `\(repository.id)` names commit `\(id)`, which has no record")
            }
            return commit
        }
    }

    // MARK: Pages

    /// The part of a list that this request asks for, and the header that leads to the next part.
    struct Page<Item> {
        let items: ArraySlice<Item>
        let headers: HeaderFields
    }

    /// Cuts a page from `items` by `limit` and `cursor`. The cursor is the number of items before the page: there is
    /// nothing in it to forge. `path` is the URL of the next page; it names a commit and not a branch, so that a list
    /// that was begun is finished as it was even when the branch moves.
    func page<Item>(_ items: [Item], path: String, defaultLimit: Int) throws(Refusal) -> Page<Item> {
        let limit = min(try target.query.number("limit", in: 1...9_999_999) ?? defaultLimit, defaultLimit)
        let start = try target.query.number("cursor", in: 0...9_999_999) ?? 0
        guard start <= items.count else { throw .badRequest("`cursor` is not one that this mirror gave out") }
        let end = min(start + limit, items.count)
        return Page(items: items[start..<end], headers: end < items.count ? try next(path, cursor: String(end)) : [:])
    }

    /// The `Link` header. Clients take its URL as it is, so it must be absolute: the `Host` that was asked says how.
    func next(_ path: String, cursor: String) throws(Refusal) -> HeaderFields {
        guard let host = request.headers["Host"] else {
            throw .badRequest("the list goes on, and without a `Host` header this mirror cannot say where")
        }
        let scheme = request.headers["X-Forwarded-Proto"] == "https" ? "https" : "http"
        let query = (target.query.query(without: "cursor") + ["cursor=" + PercentEncoding.quote(cursor)]).joined(
            separator: "&")
        return ["Link": "<\(scheme)://\(host)\(path)?\(query)>; rel=\"next\""]
    }
}
