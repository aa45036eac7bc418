// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Transport

/// The read side of a Hub.
package struct Hub: Sendable {
    /// The most pages a listing may have. The Hub sends 1,000 files a page.
    package static let maximumPages = 1_000
    /// The most files a listing may name.
    package static let maximumEntries = 1_000_000
    /// The largest file a listing may claim: 64 TiB.
    package static let maximumFileSize: Int64 = 64 << 40
    /// The longest answer that is not a file.
    package static let maximumAnswer = 64 << 20

    /// Where the Hub is.
    package let endpoint: WebAddress
    let token: Secret?
    let transport: HTTPTransport

    /// Names a Hub; nothing is sent yet. The token is only ever shown to `endpoint`'s origin.
    package init(endpoint: WebAddress, token: Secret?, transport: HTTPTransport) {
        (self.endpoint, self.token, self.transport) = (endpoint, token, transport)
    }

    /// Asks what a name means now.
    ///
    /// - Throws: `Failure` with the code that fits: `repositoryNotFound`, `repositoryGated`, `revisionNotFound`, …
    package func resolve(_ repository: RepositoryID, _ revision: Revision) async throws -> HubRevision {
        let subject = HubSubject(repository: repository, revision: revision)
        let address = try endpoint.appending(
            "/api/\(repository.kind.plural)/\(repository.name)/revision/\(PercentEncoding.quote(revision.description))")
        let (_, bytes) = try await answer(address, subject)
        let info = try HubMessages.decode(HubMessages.Info.self, bytes, subject.what)
        guard let commit = info.sha.flatMap({ GitObjectID($0) }) else {
            throw Failure(
                .protocolViolation, "the answer to \(subject.what) names no commit",
                hint: "is HF_ENDPOINT the address of a Hub?")
        }
        if let asked = revision.commit, asked != commit {
            throw Failure(
                .mismatch, "`\(endpoint.origin)` answered with another commit of `\(repository)`",
                details: ["expected: \(asked)", "found:    \(commit)"])
        }
        let name = info.id.flatMap { $0.utf8.elementsEqual(repository.name.utf8) ? nil : $0 }
        return HubRevision(
            commit: commit, date: info.lastModified.map { Escaped($0, limit: 40).description },
            name: name.map { Escaped($0).description },
            isGated: info.gated?.isGated ?? false)
    }

    /// Lists all files of a commit, in path order.
    ///
    /// - Throws: `Failure` with code `limitExceeded` for a listing that never ends, `protocolViolation` for one that repeats
    ///   or contradicts itself, `invalidPath` for names that cannot be files side by side.
    package func files(_ repository: RepositoryID, at commit: GitObjectID) async throws -> [HubEntry] {
        let subject = HubSubject(repository: repository, revision: Revision(commit))
        var next: WebAddress? = try endpoint.appending(
            "/api/\(repository.kind.plural)/\(repository.name)/tree/\(commit)?recursive=true&expand=false")
        var seenPages: Set<WebAddress> = []
        var seenPaths: Set<RelativePath> = []
        var entries: [HubEntry] = []
        while let page = next {
            guard seenPages.insert(page).inserted else { throw Hub.repeats(subject) }
            guard seenPages.count <= Hub.maximumPages else { throw Hub.neverEnds(subject, "\(Hub.maximumPages) pages") }
            let (head, bytes) = try await answer(page, subject)
            for message in try HubMessages.decode([HubMessages.Entry].self, bytes, "the listing of \(subject.what)") {
                guard let entry = try Hub.entry(message, subject) else { continue }
                guard seenPaths.insert(entry.path).inserted else { throw Hub.repeats(subject) }
                entries.append(entry)
            }
            guard entries.count <= Hub.maximumEntries else {
                throw Hub.neverEnds(subject, "\(Hub.maximumEntries) files")
            }
            next = try Hub.nextPage(head, page)
        }
        try RelativePath.checkDistinct(entries.map(\.path))
        return entries.sorted { $0.path < $1.path }
    }

    /// Opens a file for reading by ranges.
    package func file(
        _ repository: RepositoryID, at commit: GitObjectID, _ path: RelativePath, size: ByteCount
    ) throws(Failure) -> HubFile {
        let address = try endpoint.appending(
            "/\(repository)/resolve/\(commit)/\(PercentEncoding.quote(path.description, safe: "/"))")
        let subject = HubSubject(repository: repository, revision: Revision(commit), path: path)
        return HubFile(address: address, subject: subject, size: size, token: token, transport: transport)
    }

    /// Gets an answer that is not a file.
    private func answer(_ address: WebAddress, _ subject: HubSubject) async throws -> (ResponseHead, [UInt8]) {
        // A `Link` or a redirect may lead elsewhere; the token may not.
        let token = address.origin == endpoint.origin ? token : nil
        return try await transport.exchange(HTTPRequest(address, purpose: .metadata, token: token)) { response in
            guard response.head.status == 200 else {
                throw HubErrors.failure(response.head, subject, hasToken: token != nil)
            }
            return (response.head, try await response.collect(limit: Hub.maximumAnswer))
        }
    }

    private static func entry(_ message: HubMessages.Entry, _ subject: HubSubject) throws(Failure) -> HubEntry? {
        if message.type == "directory" { return nil }
        let path = try RelativePath(message.path)
        func bad(_ what: String) -> Failure {
            Failure(.protocolViolation, "the listing of \(subject.what) is wrong: `\(path)` \(what)")
        }
        guard message.type == "file" else {
            throw bad("is a `\(Escaped(message.type, limit: 40))`, which cannot be locked")
        }
        guard let size = message.size.value.flatMap({ ByteCount($0) }), size.value <= maximumFileSize else {
            throw bad("has an impossible size")
        }
        guard let git = GitObjectID(message.oid) else { throw bad("has no git id") }
        guard let large = message.lfs else { return HubEntry(path: path, size: size, git: git, sha256: nil) }
        guard let sha256 = Digest(large.oid) else { throw bad("has no SHA-256") }
        guard large.size.value == size.value else { throw bad("has two sizes") }
        return HubEntry(path: path, size: size, git: git, sha256: sha256)
    }

    /// The page that a `Link` header calls `next`.
    private static func nextPage(_ head: ResponseHead, _ page: WebAddress) throws(Failure) -> WebAddress? {
        guard let link = head["link"] else { return nil }
        for part in link.split(separator: ",<").flatMap({ $0.split(separator: ", <") }) {
            guard let close = part.firstIndex(of: ">"), part[close...].contains("rel=\"next\"") else { continue }
            let target = part[..<close].drop { $0 == "<" || $0 == " " }
            guard let next = page.resolving(String(target)), next.origin == page.origin else {
                throw Failure(
                    .redirectRefused, "the listing at `\(page)` goes on at another server",
                    hint: "ask who runs `\(page.origin)`")
            }
            return next
        }
        return nil
    }

    private static func repeats(_ subject: HubSubject) -> Failure {
        Failure(.protocolViolation, "the listing of \(subject.what) repeats itself", hint: "the fault is the server's")
    }

    private static func neverEnds(_ subject: HubSubject, _ limit: String) -> Failure {
        Failure(
            .limitExceeded, "the listing of \(subject.what) does not end: more than \(limit)",
            hint: "the fault is the server's")
    }
}
