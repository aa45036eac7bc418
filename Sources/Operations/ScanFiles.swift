// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Scanning
internal import Store
internal import SystemPackage

/// The files of one target of a scan.
struct ScanFiles: Sendable {
    let origin: InspectionReport.Origin
    let items: [ScanItem]
    let notes: [String]

    /// Finds the files of a target. Of a repository only the listing is read.
    ///
    /// - Throws: `Failure` when the target is not there, or a server fails.
    init(_ target: ModelTarget, _ session: Session, _ project: Project) async throws {
        if case .local(let path) = target.place {
            self = try ScanFiles(local: path, target.text, session)
            return
        }
        let files = try await ModelFiles(target, session, project)
        let prefix = ScanFiles.prefix(target)
        let chosen = files.focus.map { [$0] } ?? Array(files.entries.indices)
        origin = files.origin
        notes = []
        let owners = try ScanFiles.owners(target, project)
        items = chosen.map { index in
            let entry = files.entries[index]
            let place: ScanItem.Place =
                switch entry.source {
                case .local(let path): .local(path)
                case .remote: .remote(files, index)
                case .absent: .nowhere(.fileAbsent, "it is not in the store")
                }
            return ScanItem(
                path: entry.name, name: prefix + entry.name, size: entry.size, place: place,
                repository: owners[entry.name] ?? ScanFiles.repository(target))
        }
    }

    private init(origin: InspectionReport.Origin, items: [ScanItem], notes: [String]) {
        (self.origin, self.items, self.notes) = (origin, items, notes)
    }

    private init(local path: FilePath, _ text: String, _ session: Session) throws(Failure) {
        let shown = "`\(Escaped(path.string, limit: 1024))`"
        guard let status = try FileSystem.status(path) else {
            throw Failure(.file, "\(shown) does not exist", hint: "check the path")
        }
        switch status.kind {
        case .directory:
            let walk = try ScanWalk(
                path, prefix: ScanFiles.prefix(ofDirectory: text), store: session.store.directory)
            self.init(origin: .directory(path), items: walk.items, notes: walk.notes)
        case .regular:
            let item = ScanItem(
                path: path.lastComponent?.string ?? path.string, name: text, size: status.size, place: .local(path))
            self.init(origin: .file(path), items: [item], notes: [])
        default: throw Failure(.file, "\(shown) is neither a file nor a directory")
        }
    }

    private static func repository(_ target: ModelTarget) -> RepositoryID? {
        guard case .repository(let repository, _, _) = target.place else { return nil }
        return repository
    }

    /// The repositories that the files of a deliverable are from, by their paths in its listing.
    private static func owners(_ target: ModelTarget, _ project: Project) throws(Failure) -> [String: RepositoryID] {
        guard case .deliverable(let name, _) = target.place, let locked = try project.lock().deliverable(name) else {
            return [:]
        }
        var owners: [String: RepositoryID] = [:]
        for source in locked.sources {
            for file in source.files {
                owners[source.role.pathPrefix + file.path.description] = source.request.repository
            }
        }
        return owners
    }

    /// What stands before the name of a file of a directory, so that the whole can be typed again.
    private static func prefix(ofDirectory text: String) -> String {
        var text = text
        while text.utf8.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text == "." ? "" : text == "/" ? text : text + "/"
    }

    /// What stands before the name of a file that is elsewhere: `name:` or `org/model@revision:`.
    private static func prefix(_ target: ModelTarget) -> String {
        switch target.place {
        case .local: ""
        case .deliverable(let name, _): "\(name):"
        case .repository(let repository, let revision, _): "\(repository)\(revision == .main ? "" : "@\(revision)"):"
        }
    }
}
