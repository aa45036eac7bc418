// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension MirrorCall {
    /// How many commits a page has.
    static let commitPage = 100

    /// `/refs`: branches, tags and conversions, and pull requests when they are asked for.
    func references(_ repository: MirrorRepository) throws(Refusal) -> MirrorResponse {
        func list(_ kind: ReferenceName.Kind) throws(Refusal) -> JSONValue {
            let found = try read { () throws(Failure) in try repository.references(kind) }
            return .array(
                found.map { name, commit in
                    // A pull request is called by its full name, everything else by its own.
                    .object([
                        "name": .string(kind == .pullRequest ? name.description : name.name.description),
                        "ref": .string(name.description), "targetCommit": .string(commit.description),
                    ])
                })
        }
        return .json(
            .object([
                "branches": try list(.branch), "tags": try list(.tag), "converts": try list(.conversion),
                "pullRequests": try target.query.flag("include_prs") ? try list(.pullRequest) : nil,
            ]))
    }

    /// `/commits`: the history, newest first.
    func commits(_ repository: MirrorRepository, _ revision: String) throws(Refusal) -> MirrorResponse {
        let head = try commit(repository, revision)
        let history = try read { () throws(Failure) in try repository.history(from: head.id) }
        let page = try page(
            history, path: "/api/\(repository.id.kind.plural)/\(repository.id.name)/commits/\(head.id)",
            defaultLimit: MirrorCall.commitPage)
        let isFormatted = target.query.all("expand").contains("formatted")
        let items = page.items.map { header in
            JSONValue.object([
                "id": .string(header.id.description), "title": .string(header.title),
                "message": .string(header.message),
                "authors": .array([.object(["user": .string(header.author.name)])]),
                "date": .string(header.date.hubForm),
                "formatted": isFormatted
                    ? .object([
                        "title": .string(MirrorCall.html(header.title)),
                        "message": .string(MirrorCall.html(header.message)),
                    ]) : nil,
            ])
        }
        var headers = page.headers
        headers.add("X-Total-Count", String(history.count))
        return .json(.array(items), headers: headers)
    }

    /// Text as HTML: what `formatted` means to the clients.
    private static func html(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
