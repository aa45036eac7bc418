// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Scanning
internal import SystemPackage

/// Collects the files below a directory for a scan: nothing that could be loaded is left out in silence.
struct ScanWalk {
    /// The most files of a directory.
    static let maximumFiles = 1_000_000
    /// How deep directories are followed.
    static let maximumDepth = 64

    private(set) var items: [ScanItem] = []
    private(set) var notes: [String] = []
    /// Files whose size is not known yet.
    private var candidates: [ScanSizes.Candidate] = []
    private let prefix: String
    /// Where links may lead, without links themselves.
    private let roots: [FilePath]

    /// Walks `directory`. Names for people begin with `prefix`; links are followed below `directory`, into the blobs of the
    /// Hugging Face cache that it is a snapshot of, and below `store`.
    ///
    /// - Throws: `Failure` when the directory itself cannot be listed, or a limit is exceeded.
    init(_ directory: FilePath, prefix: String, store: FilePath) throws(Failure) {
        self.prefix = prefix
        var roots = [FileSystem.realPath(directory) ?? directory]
        if let blobs = ScanWalk.blobs(of: roots[0]) { roots.append(blobs) }
        if let store = FileSystem.realPath(store) { roots.append(store) }
        self.roots = roots
        try add(directory, "", depth: 0)
        measure()
        items.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// `…/models--org--name/blobs`, for `…/models--org--name/snapshots/<commit>` and what lies below it.
    private static func blobs(of directory: FilePath) -> FilePath? {
        var place = directory
        while let last = place.lastComponent {
            place.removeLastComponent()
            if last.string == "snapshots", place.lastComponent?.string.contains("--") == true {
                return place.appending("blobs")
            }
        }
        return nil
    }

    private mutating func add(_ directory: FilePath, _ path: String, depth: Int) throws(Failure) {
        guard depth <= ScanWalk.maximumDepth else {
            return nowhere(path, .fileUnreadable, "directories are nested more than \(ScanWalk.maximumDepth) deep")
        }
        let entries: [DirectoryEntry]
        do throws(Failure) { entries = try FileSystem.entries(directory) } catch {
            if depth == 0 { throw error }
            return nowhere(path, .fileUnreadable, error.message)
        }
        for entry in entries {
            let place = directory.appending(entry.name)
            let path = path.isEmpty ? entry.name : path + "/" + entry.name
            guard items.count < ScanWalk.maximumFiles else {
                throw Failure(
                    .limitExceeded, "there are more than \(ScanWalk.maximumFiles) files below the directory",
                    hint: "name a directory further down")
            }
            if entry.kind == .regular {
                candidates.append(ScanSizes.Candidate(item: items.count, file: place))
                local(path, place, .zero)
            } else {
                try add(entry.name, place, path, depth: depth)
            }
        }
    }

    /// Finds out the sizes of the files that their directories called regular.
    private mutating func measure() {
        for piece in ScanSizes.of(candidates) {
            for (item, status) in piece {
                switch status {
                case .success(let status?) where status.kind == .regular: items[item].size = status.size
                case .success(_?):
                    items[item].place = .nowhere(.fileUnreadable, "it was replaced while it was looked at")
                case .success(nil): items[item].place = .nowhere(.fileUnreadable, ScanWalk.nothing)
                case .failure(let error): items[item].place = .nowhere(.fileUnreadable, error.message)
                }
            }
        }
        candidates = []
    }

    private mutating func add(_ name: String, _ place: FilePath, _ path: String, depth: Int) throws(Failure) {
        let status: FileStatus?
        do throws(Failure) { status = try FileSystem.status(place, followLinks: false) } catch {
            return nowhere(path, .fileUnreadable, error.message)
        }
        switch status?.kind {
        case .regular: local(path, place, status?.size ?? .zero)
        case .directory where name == ".git" && FileSystem.exists(place.appending("HEAD")):
            notes.append("`\(Escaped(path, limit: 1024))` is git's own directory and was passed over")
        case .directory: try add(place, path, depth: depth + 1)
        case .symbolicLink: link(path, place)
        case .other: nowhere(path, .fileUnreadable, "it is neither a file nor a directory")
        case nil: nowhere(path, .fileUnreadable, ScanWalk.nothing)
        }
    }

    private mutating func link(_ path: String, _ place: FilePath) {
        guard let target = FileSystem.realPath(place) else {
            notes.append("`\(Escaped(path, limit: 1024))` is a link to nothing")
            return
        }
        let isInside = roots.contains { target.starts(with: $0) }
        guard let status = (try? FileSystem.status(target)) ?? nil else {
            return nowhere(path, .fileUnreadable, "what the link leads to cannot be examined")
        }
        switch status.kind {
        case .regular where isInside: local(path, target, status.size)
        // What a directory inside holds is scanned where it stands.
        case .directory where target.starts(with: roots[0]): break
        default: nowhere(path, .fileOutside, "the link leads to `\(Escaped(target.string, limit: 1024))`")
        }
    }

    private static let nothing = "its name is not UTF-8, or it went away"

    private mutating func local(_ path: String, _ place: FilePath, _ size: ByteCount) {
        items.append(ScanItem(path: path, name: prefix + path, size: size, place: .local(place)))
    }

    private mutating func nowhere(_ path: String, _ rule: ScanRule, _ reason: String) {
        items.append(ScanItem(path: path, name: prefix + path, size: .zero, place: .nowhere(rule, reason)))
    }
}
