// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
internal import FileIO
package import Store
package import SystemPackage

/// Where the views of a lock are and what they show: a pure function of lock, manifest and home.
package struct Layout: Sendable {
    /// One view and what it shows.
    package struct Part: Sendable {
        /// The view.
        package let view: View
        /// The revisions in it.
        package let snapshots: [ViewSnapshot]
        /// The deliverables it serves.
        package let deliverables: [DeliverableName]
    }

    /// The views, the project's own first.
    package let parts: [Part]

    /// Lays out a lock. Deliverables without a `cache_dir` share the view `views/<identity>/hub` under the home directory.
    package init(_ lock: Lock, _ manifest: Manifest?, project: FilePath, home: FilePath, store: BlobStore) {
        var groups: [(directory: String?, deliverables: [LockedDeliverable])] = []
        for deliverable in lock.deliverables {
            let directory = manifest?.deliverable(deliverable.name)?.cacheDirectory
            if let index = groups.firstIndex(where: { $0.directory == directory }) {
                groups[index].deliverables.append(deliverable)
            } else {
                groups.append((directory, [deliverable]))
            }
        }
        groups.sort { ($0.directory ?? "") < ($1.directory ?? "") }
        parts = groups.map { directory, deliverables in
            let view =
                if let directory {
                    View(
                        directory: project.pushing(FilePath(directory)).lexicallyNormalized(), mode: .merged,
                        store: store)
                } else {
                    View(directory: home.appending("views/\(lock.identity)/hub"), mode: .links, store: store)
                }
            return Part(view: view, snapshots: Layout.snapshots(deliverables), deliverables: deliverables.map(\.name))
        }
    }

    private static func snapshots(_ deliverables: [LockedDeliverable]) -> [ViewSnapshot] {
        struct Place: Hashable {
            let repository: RepositoryID
            let commit: GitObjectID
        }
        let sources = deliverables.flatMap { deliverable in
            deliverable.sources.filter { $0.role != .base }.map { ShownSource($0, of: deliverable) }
        }
        var order: [Place] = []
        var files: [Place: [RelativePath: ViewFile]] = [:]
        var withheld: [Place: Set<RelativePath>] = [:]
        var whole: Set<Place> = []
        var names: [RepositoryID: [Revision: GitObjectID]] = [:]
        for source in sources {
            let place = Place(repository: source.request.repository, commit: source.commit)
            if files[place] == nil { order.append(place) }
            for file in source.files { files[place, default: [:]][file.path] = file }
            withheld[place, default: []].formUnion(source.withheld)
            if source.request.include.isEmpty, source.request.exclude.isEmpty { whole.insert(place) }
            if names[place.repository, default: [:]][source.request.revision] == nil {
                names[place.repository, default: [:]][source.request.revision] = source.commit
            }
        }
        // `main` is what unmodified code asks for: the source that follows it, else the first that names the repository.
        for source in sources where names[source.request.repository]?[.main] == nil {
            names[source.request.repository]?[.main] = source.commit
        }
        return order.map { place in
            ViewSnapshot(
                repository: place.repository, commit: place.commit,
                names: (names[place.repository] ?? [:]).filter { $0.value == place.commit }.keys.sorted {
                    $0.description.utf8.lexicographicallyPrecedes($1.description.utf8)
                },
                files: files[place].map { Array($0.values) } ?? [], isWhole: whole.contains(place),
                // What one deliverable withholds another may show.
                withheld: withheld[place, default: []].filter { files[place]?[$0] == nil }.sorted())
        }
    }
}

/// A source as the view shows it: without what is withheld, with what is shown instead.
private struct ShownSource {
    let request: SourceRequest
    let commit: GitObjectID
    let files: [ViewFile]
    let withheld: [RelativePath]

    init(_ source: LockedSource, of deliverable: LockedDeliverable) {
        (request, commit) = (source.request, source.commit)
        let replaced = deliverable.replacements.filter { $0.role == source.role }
        let hidden = Set(replaced.map(\.path))
        let results = replaced.compactMap(\.result)
        files = source.files.filter { !hidden.contains($0.path) }.map { ViewFile($0) } + results.map { ViewFile($0) }
        withheld = Array(hidden)
    }
}

extension ViewFile {
    /// A replaced file as a view shows it.
    init(_ result: LockedReplacement.Result) {
        self.init(
            path: result.path, size: result.size, sha256: result.sha256,
            git: GitPointer.objectID(sha256: result.sha256, size: result.size), isLFS: true)
    }

    /// A locked file as a view shows it.
    init(_ file: LockedFile) {
        let pointer = GitPointer.objectID(sha256: file.sha256, size: file.size)
        self.init(
            path: file.path, size: file.size, sha256: file.sha256, git: file.git ?? pointer,
            isLFS: file.isLFS || file.git == nil)
    }
}
