// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The repository and the route that a URL may mean.
///
/// Names have one or two segments and are not marked in the URL, so one URL can be read in two ways:
/// `/a/resolve/resolve/x/y` is a file of `a` at revision `resolve`, or of `a/resolve` at `x`. Whichever repository
/// exists decides.
struct RepositoryTarget {
    let id: RepositoryID
    let route: RepositoryRoute
    /// How many segments of the URL come before the route: what a redirect replaces.
    let prefixLength: Int

    /// The readings of a URL, the likelier one first; empty when it is not about a repository.
    static func readings(_ segments: [String]) -> [RepositoryTarget] {
        var start = 0
        let isAPI = segments.first == "api"
        if isAPI { start = 1 }
        var kind = RepositoryID.Kind.model
        if segments.count > start, let named = RepositoryID.Kind.allCases.first(where: { $0.plural == segments[start] })
        {
            // Web URLs of models carry no kind.
            if isAPI || named != .model {
                kind = named
                start += 1
            }
        } else if isAPI {
            return []
        }
        var found: [RepositoryTarget] = []
        for length in [2, 1] where segments.count >= start + length {
            let rest = segments[(start + length)...]
            guard let route = isAPI ? RepositoryRoute(api: rest) : RepositoryRoute(web: rest),
                !segments[start..<(start + length)].contains(where: { $0.utf8.contains(UInt8(ascii: "/")) }),
                let id = try? RepositoryID(segments[start..<(start + length)].joined(separator: "/"), kind: kind)
            else { continue }
            found.append(RepositoryTarget(id: id, route: route, prefixLength: start + length))
        }
        return found
    }

    /// The same URL under another name of the repository.
    func moved(to id: RepositoryID, _ target: RequestTarget) -> String {
        let isAPI = target.segments.first == "api"
        var path = isAPI ? "/api/\(id.kind.plural)/\(id.name)" : "/\(id.kind.urlPrefix)\(id.name)"
        for segment in target.encoded[prefixLength...] { path += "/" + segment }
        return path + (target.encodedQuery.map { "?" + $0 } ?? "")
    }
}
