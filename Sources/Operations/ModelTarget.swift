// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
package import SystemPackage

/// What a user points at with one word: files on this machine, a locked deliverable, or a repository of a Hub.
package struct ModelTarget: Sendable, Hashable {
    /// Where the files are.
    package enum Place: Sendable, Hashable {
        /// A file or a directory on this machine.
        case local(FilePath)
        /// The files of a deliverable of the project's lock; with a path, one of them or those below it.
        case deliverable(DeliverableName, path: RelativePath?)
        /// The files of a revision of a repository; with a path, one of them or those below it.
        case repository(RepositoryID, Revision, path: RelativePath?)
    }

    /// The word as it was typed.
    package let text: String
    /// What it means.
    package let place: Place

    /// Finds out what a word means.
    ///
    /// `hf://…` is a repository and `/…`, `./…`, `../…` a path, always. Of anything else the first that fits counts: a
    /// path where something is; `name` or `name:path` with the name of a deliverable of `lock`; `org/model`, with a
    /// revision after `@` and a path after `:`.
    ///
    /// - Throws: `Failure` with code `invalidName`, `invalidPath`, or `file` when nothing fits.
    package init(
        _ text: String, lock: Lock?, absolute: (String) -> FilePath, exists: (FilePath) -> Bool
    ) throws(Failure) {
        self.text = text
        guard !text.isEmpty, !text.utf8.contains(0) else { throw Failure(.usage, "a target is empty or holds NUL") }
        let isPath = text == "." || text == ".." || ["/", "./", "../"].contains { text.hasPrefix($0) }
        if text.hasPrefix("hf://") {
            place = try ModelTarget.address(String(text.dropFirst("hf://".utf8.count)))
        } else if isPath || exists(absolute(text)) {
            place = .local(absolute(text))
        } else if let found = try ModelTarget.deliverable(text, lock) {
            place = found
        } else if ModelTarget.mayBeRepository(text) {
            place = try ModelTarget.reference(text)
        } else {
            let known = lock.map { $0.deliverables.map { "`\($0.name)`" }.joined(separator: ", ") } ?? ""
            throw Failure(
                .file, "there is no file, directory or deliverable `\(Escaped(text))`",
                hint: known.isEmpty
                    ? "a repository is written `namespace/name`, or `hf://…`" : "the lock has the deliverables \(known)"
            )
        }
    }

    /// A file or a directory on this machine.
    package init(at path: FilePath) { (text, place) = (path.string, .local(path)) }

    private static func deliverable(_ text: String, _ lock: Lock?) throws(Failure) -> Place? {
        let (head, path) = cut(text, at: ":")
        guard let name = try? DeliverableName(head), lock?.deliverable(name) != nil else { return nil }
        return .deliverable(name, path: try path.map(relative))
    }

    /// A path that was mistyped must not become a question to a Hub.
    private static func mayBeRepository(_ text: String) -> Bool {
        let (head, path) = cut(text, at: ":")
        let name = cut(head, at: "@").0
        let segments = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).count
        let isNested = segments == 3 && kinds.contains { name.hasPrefix($0.urlPrefix) }
        let files = [
            ".safetensors", ".json", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".txt", ".md", ".jinja",
        ]
        let looksLikeFile = path == nil && head.utf8.elementsEqual(name.utf8) && files.contains { name.hasSuffix($0) }
        return (segments == 2 || isNested) && !looksLikeFile
    }

    /// `org/model[@revision][:path]`.
    private static func reference(_ text: String) throws(Failure) -> Place {
        let (head, path) = cut(text, at: ":")
        let (name, revision) = cut(head, at: "@")
        return .repository(
            try repository(name), try revision.map { text throws(Failure) in try Revision(text) } ?? .main,
            path: try path.map(relative))
    }

    /// `org/model[@revision][/path]` after `hf://`, as the Hub's own clients write it: `%2F` is a slash in a revision, and
    /// `refs/pr/N` and `refs/convert/NAME` need no such writing. A name without a namespace needs its `@revision`.
    private static func address(_ text: String) throws(Failure) -> Place {
        var rest = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let last = rest.last, last.isEmpty, rest.count > 1 { rest.removeLast() }
        var kind = RepositoryID.Kind.model
        if let found = kinds.first(where: { rest.first == $0.plural }), rest.count > 1 {
            kind = found
            rest.removeFirst()
        }
        var name = rest.isEmpty ? "" : rest.removeFirst()
        var revision: String?
        func take() {
            let (head, tail) = cut(name, at: "@")
            if let tail { (name, revision) = (head, tail) }
        }
        take()
        if revision == nil, !rest.isEmpty {
            name += "/" + rest.removeFirst()
            take()
        }
        if revision == "refs", rest.count >= 2, ["pr", "convert"].contains(rest[0]) {
            revision = "refs/" + rest.removeFirst() + "/" + rest.removeFirst()
        }
        if let written = revision {
            guard let decoded = PercentEncoding.unquote(written) else {
                throw Failure(.invalidName, "`\(Escaped(written))` is not a revision: it has a broken `%` escape")
            }
            revision = decoded
        }
        return .repository(
            try RepositoryID(name, kind: kind),
            try revision.map { text throws(Failure) in try Revision(text) } ?? .main,
            path: rest.isEmpty ? nil : try relative(rest.joined(separator: "/")))
    }

    private static let kinds: [RepositoryID.Kind] = [.dataset, .space]

    private static func repository(_ text: String) throws(Failure) -> RepositoryID {
        for kind in kinds
        where text.hasPrefix(kind.urlPrefix) && text.utf8.count(where: { $0 == UInt8(ascii: "/") }) == 2 {
            return try RepositoryID(String(text.dropFirst(kind.urlPrefix.count)), kind: kind)
        }
        return try RepositoryID(text)
    }

    private static func relative(_ text: String) throws(Failure) -> RelativePath {
        do throws(Failure) { return try RelativePath(text) } catch {
            throw Failure(error.code, error.message, hint: "name a file of the repository, with `/` between its parts")
        }
    }

    private static func cut(_ text: String, at separator: Character) -> (String, String?) {
        guard let place = text.firstIndex(of: separator) else { return (text, nil) }
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }
}
