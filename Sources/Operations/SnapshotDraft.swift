// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import FileIO
internal import Origins
internal import SystemPackage
internal import Tensors

/// One side of a comparison before it is known which of its files have to be hashed: that depends on the other side.
struct SnapshotDraft: Sendable {
    /// A file.
    struct File: Sendable {
        let role: SourceRole
        let path: RelativePath
        let size: ByteCount
        var git: GitObjectID?
        var sha256: Digest?
        let place: SnapshotFiles.Place
        /// What was found out about its tensors while it was hashed.
        var tensors: TensorRecord?

        var key: SnapshotFiles.Key { SnapshotFiles.Key(role: role, path: path) }

        /// Where it is on this machine, when nothing is known of its digest.
        var unknown: FilePath? {
            guard case .local(let path) = place, sha256 == nil, git == nil else { return nil }
            return path
        }
    }

    var label: String
    var sources: [Snapshot.Source] = []
    var files: [File] = []
    var launch: LaunchRequest?
    var localFiles: [LocalFile] = []
    /// Where the project's own files may be as they were locked.
    var projects: [FilePath] = []
    var behaviour: Digest?
    var identity: Digest?
    /// What is known of the sources themselves: renamed, gone, rewritten.
    var changes: [DriftChange] = []
    /// What could not be listed.
    var unchecked: [DriftReport.Unchecked] = []
    /// The sources whose files could not be listed: nothing is said of theirs.
    var unlisted: Set<SourceRole> = []
    /// Whether it is one file that the user named.
    var isSingleFile = false

    /// The finished side.
    func snapshot(_ session: Session, _ hub: Hub?) -> Snapshot {
        var places: [SnapshotFiles.Key: SnapshotFiles.Place] = [:]
        var tensors: [SnapshotFiles.Key: TensorRecord] = [:]
        for file in files {
            places[file.key] = file.place
            if let record = file.tensors { tensors[file.key] = record }
        }
        return Snapshot(
            label: label, sources: sources,
            files: files.map {
                Snapshot.File(
                    role: $0.role, path: $0.path, state: FileState(size: $0.size, git: $0.git, sha256: $0.sha256))
            }, launch: launch, localFiles: localFiles, behaviour: behaviour, identity: identity,
            reader: SnapshotFiles(
                places, tensors: tensors, projects: projects, session: session, hub: hub))
    }

    // MARK: Digests

    /// Hashes those files on this machine whose content may be that of a file on the other side, and no others: what has another
    /// length differs anyway.
    ///
    /// Two files at the same path on both sides are compared byte by byte up to their first difference.
    static func complete(_ left: inout SnapshotDraft, _ right: inout SnapshotDraft, _ session: Session) async throws {
        let leftPlaces = Dictionary(
            left.files.indices.map { (left.files[$0].key, $0) }, uniquingKeysWith: { a, _ in a })
        let rightPlaces = Dictionary(
            right.files.indices.map { (right.files[$0].key, $0) }, uniquingKeysWith: { a, _ in a })
        var (wantedLeft, wantedRight) = (Set<Int>(), Set<Int>())
        var equal: [(Int, Int)] = []
        var (loneLeft, loneRight) = ([Int](), [Int]())
        for (place, file) in left.files.enumerated() {
            guard let other = rightPlaces[file.key] else {
                loneLeft.append(place)
                continue
            }
            let partner = right.files[other]
            guard file.size == partner.size else { continue }
            switch (file.unknown, partner.unknown) {
            case (let one?, let two?):
                if one == two {
                    equal.append((place, other))
                } else if try await sameBytes(one, two) {
                    equal.append((place, other))
                }
            case (_?, nil): wantedLeft.insert(place)
            case (nil, _?): wantedRight.insert(other)
            case (nil, nil): break
            }
        }
        for (place, file) in right.files.enumerated() where leftPlaces[file.key] == nil { loneRight.append(place) }
        // A file that went and one that came with the same length may be one that moved.
        let leftSizes = Set(loneLeft.map { left.files[$0].size })
        let rightSizes = Set(loneRight.map { right.files[$0].size })
        wantedLeft.formUnion(
            loneLeft.filter { left.files[$0].unknown != nil && rightSizes.contains(left.files[$0].size) })
        wantedRight.formUnion(
            loneRight.filter { right.files[$0].unknown != nil && leftSizes.contains(right.files[$0].size) })
        wantedLeft.formUnion(equal.map(\.0))
        try await left.hash(wantedLeft.sorted(), withGit: right.hasGitOnly, session)
        for (one, two) in equal { right.files[two].take(left.files[one]) }
        try await right.hash(wantedRight.sorted(), withGit: left.hasGitOnly, session)
    }

    /// Whether some file is known by its git id alone.
    private var hasGitOnly: Bool { files.contains { $0.sha256 == nil && $0.git != nil } }

    private mutating func hash(_ places: [Int], withGit: Bool, _ session: Session) async throws {
        guard !places.isEmpty else { return }
        let items = places.compactMap { place -> DigestWork.Item? in
            guard let path = files[place].unknown else { return nil }
            return DigestWork.Item(
                path: path, size: files[place].size, wantsBytes: true,
                wantsTensors: files[place].path.fileExtension == "safetensors")
        }
        guard items.count == places.count else { return }
        for (place, found) in zip(places, try await DigestWork(items: items, session: session).run("hashing")) {
            // What has become unreadable meanwhile is said when it is read.
            files[place].sha256 = found.sha256
            files[place].tensors = found.tensors.map { TensorRecord(.safetensors, $0) }
            // Only what git itself keeps is listed by its git id alone, and that is small.
            if withGit, files[place].size.value <= Snapshot.maximumDocument, case .local(let path) = files[place].place
            {
                files[place].git = try Digests.of(path, git: true).git
            }
        }
    }

    /// Compares two files on this machine, which have the same length, up to their first difference.
    @concurrent
    private static func sameBytes(_ one: FilePath, _ two: FilePath) async throws -> Bool {
        let left = try FileIO.File(one, .reading)
        let right = try FileIO.File(two, .reading)
        let size = 1 << 20
        var (first, second) = ([UInt8](repeating: 0, count: size), [UInt8](repeating: 0, count: size))
        var offset: Int64 = 0
        while true {
            try Task.checkCancellation()
            let counts = (try left.fill(&first, at: offset), try right.fill(&second, at: offset))
            guard counts.0 == counts.1 else { return false }
            if counts.0 == 0 { return true }
            guard counts.0 < size ? first[..<counts.0] == second[..<counts.1] : first == second else { return false }
            offset += Int64(counts.0)
        }
    }
}

extension SnapshotDraft.File {
    /// Adopts what is known of a file with the same bytes.
    fileprivate mutating func take(_ other: SnapshotDraft.File) {
        (sha256, git, tensors) = (other.sha256, other.git, other.tensors)
    }
}
