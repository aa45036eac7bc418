// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import FileIO
internal import Origins
internal import Store
internal import SystemPackage

/// Turns what a manifest asks for into what a lock holds, changing as little as possible.
///
/// A name that the current lock has resolved stays resolved, unless its deliverable is being updated. Two sources that name
/// the same repository and revision always get the same commit.
struct Resolver: Sendable {
    private struct Pin: Hashable {
        let repository: RepositoryID
        let revision: Revision
    }

    private struct Place: Hashable {
        let repository: RepositoryID
        let commit: GitObjectID
    }

    let session: Session
    let hub: Hub
    let project: Project
    let current: Lock?

    /// Resolves all of a manifest; the names in `updating` are asked anew.
    func resolve(_ manifest: Manifest, updating: Set<DeliverableName>) async throws -> Lock {
        try Resolver.refuseUnsupported(manifest)
        var fresh: Set<Pin> = []
        for deliverable in manifest.deliverables where updating.contains(deliverable.name) {
            for source in deliverable.sources { fresh.insert(Resolver.pin(source.request)) }
        }
        var pins: [Pin: (commit: GitObjectID, date: String?)] = [:]
        for source in current?.deliverables.flatMap(\.sources) ?? [] where !fresh.contains(Resolver.pin(source.request))
        {
            pins[Resolver.pin(source.request)] = (source.commit, source.date)
        }
        for request in manifest.deliverables.flatMap(\.sources).map(\.request) where pins[Resolver.pin(request)] == nil
        {
            let revision = try await hub.resolve(request.repository, request.revision)
            if let name = revision.name {
                session.emit(.warning("`\(request.repository)` is called `\(name)` now: change it in weighlock.yaml"))
            }
            pins[Resolver.pin(request)] = (revision.commit, revision.date.flatMap(LockedSource.normalisedDate))
        }
        try enforceCooldown(
            manifest, pins.compactMap { pin, value in value.date.map { (pin.repository, pin.revision, $0) } }, fresh)
        var listings: [Place: [HubEntry]] = [:]
        var deliverables: [LockedDeliverable] = []
        for wanted in manifest.deliverables {
            var sources: [LockedSource] = []
            for source in wanted.sources {
                guard let pin = pins[Resolver.pin(source.request)] else { continue }
                sources.append(try await lock(source, pin.commit, pin.date, &listings))
            }
            let local = try await localFiles(wanted)
            let kept = current?.deliverable(wanted.name).flatMap { old in
                old.sources == sources && old.launch == wanted.launch && Set(old.localFiles) == Set(local)
                    ? old.defaults : nil
            }
            let defaults =
                if let kept { kept } else {
                    try await readDefaults(sources) + launchDefaults(wanted.launch, local)
                }
            deliverables.append(
                LockedDeliverable(
                    name: wanted.name, sources: sources, launch: wanted.launch, localFiles: local, defaults: defaults
                ).adoptingKnowledge(of: current?.deliverable(wanted.name)))
        }
        return Lock(deliverables: deliverables)
    }

    private static func pin(_ request: SourceRequest) -> Pin {
        Pin(repository: request.repository, revision: request.revision)
    }

    static func refuseUnsupported(_ manifest: Manifest) throws(Failure) {
        let unsupported = manifest.deliverables.flatMap { deliverable in
            deliverable.unsupported.map { "`\(deliverable.name)`: \($0)" }
        }
        guard unsupported.isEmpty else {
            throw Failure(
                .manifest, "`\(Manifest.fileName)` asks for what this version cannot lock",
                hint: "leave it out for now", details: unsupported)
        }
    }

    private func enforceCooldown(
        _ manifest: Manifest, _ pins: [(RepositoryID, Revision, String)], _ fresh: Set<Pin>
    ) throws(Failure) {
        guard let cooldown = manifest.policy.cooldown, let now = Timestamp(session.settings.now()) else { return }
        for (repository, revision, date) in pins {
            let isNew =
                fresh.contains(Pin(repository: repository, revision: revision))
                || current?.deliverables.flatMap(\.sources).contains {
                    $0.request.repository == repository && $0.request.revision == revision
                } != true
            guard isNew, let made = Timestamp(date), now.seconds - made.seconds < cooldown.components.seconds else {
                continue
            }
            throw Failure(
                .refused, "`\(repository)` at `\(revision)` is too young: it was made at \(date)",
                hint:
                    "wait, or name an older commit in `revision`; `policy.cooldown` is \(cooldown.components.seconds / 86_400) days"
            )
        }
    }

    private func lock(
        _ source: ManifestSource, _ commit: GitObjectID, _ date: String?, _ listings: inout [Place: [HubEntry]]
    ) async throws -> LockedSource {
        let request = source.request
        let known = current?.deliverables.flatMap(\.sources).first {
            $0.request == request && $0.commit == commit && $0.role.repositoryKind == source.role.repositoryKind
                && ($0.role == source.role || ($0.role != .base && source.role != .base))
        }
        if let known, known.role == source.role { return known }
        // A base is watched, not fetched: its commit is all that is locked of it.
        if source.role == .base {
            return LockedSource(role: .base, request: request, commit: commit, date: date, files: [])
        }
        let place = Place(repository: request.repository, commit: commit)
        let listing: [HubEntry]
        if let seen = listings[place] {
            listing = seen
        } else {
            listing = try await hub.files(request.repository, at: commit)
            listings[place] = listing
        }
        let entries = listing.filter { request.selects($0.path) }
        guard !entries.isEmpty else {
            throw Failure(
                .manifest, "no file of `\(request.repository)` at `\(request.revision)` is selected",
                hint: "check `include` and `exclude`; the revision has \(listing.count) files")
        }
        let digests = try await digests(of: entries, request.repository, commit)
        let files = zip(entries, digests).map { entry, digest in
            LockedFile(
                path: entry.path, size: entry.size, sha256: digest, git: entry.git, isLFS: entry.sha256 != nil,
                component: ComponentClassifier.component(of: entry.path, role: source.role))
        }
        return LockedSource(role: source.role, request: request, commit: commit, date: date, files: files)
    }

    /// The SHA-256 of each entry: from the listing, from the current lock, or by fetching the small file it is.
    private func digests(
        of entries: [HubEntry], _ repository: RepositoryID, _ commit: GitObjectID
    ) async throws -> [Digest] {
        var known: [GitObjectID: (Digest, ByteCount)] = [:]
        for file in current?.deliverables.flatMap(\.sources).flatMap(\.files) ?? [] where !file.isLFS {
            if let git = file.git { known[git] = (file.sha256, file.size) }
        }
        var result: [Digest?] = entries.map { entry in
            if let sha256 = entry.sha256 { return sha256 }
            return known[entry.git].flatMap { $0.1 == entry.size ? $0.0 : nil }
        }
        let missing = result.indices.filter { result[$0] == nil }
        guard !missing.isEmpty else { return result.compactMap { $0 } }
        let items = missing.map { index in
            DownloadItem(
                repository: repository, commit: commit, path: entries[index].path,
                expected: ExpectedBlob(
                    name: entries[index].path.description, size: entries[index].size, git: entries[index].git))
        }
        session.emit(
            .began("reading small files of `\(repository)`", total: items.reduce(.zero) { $0 + $1.expected.size }))
        defer { session.emit(.ended) }
        let held = try await session.holdStore()
        defer { withExtendedLifetime(held) {} }
        for (index, digest) in zip(missing, try await Download(session: session, hub: hub).run(items)) {
            result[index] = digest
        }
        return result.compactMap { $0 }
    }

    /// The effective defaults of a deliverable, from the small files of its sources.
    private func readDefaults(_ sources: [LockedSource]) async throws -> [EffectiveDefault] {
        var defaults: [EffectiveDefault] = []
        for source in sources where source.role.repositoryKind == .model && source.role != .base {
            var contents: [(path: RelativePath, content: [UInt8])] = []
            for file in source.files where EffectiveDefaults.wants(file.path) {
                let limit = EffectiveDefaults.maximumSize(of: file.path)
                guard file.size.value <= Int64(limit) else {
                    // Not fetched: a stand-in that is one byte too long gives the entry which says that it was not read.
                    contents.append((file.path, [UInt8](repeating: 0x20, count: limit + 1)))
                    continue
                }
                contents.append((file.path, try await read(file, source)))
            }
            defaults += EffectiveDefaults.extract(from: contents, role: source.role)
        }
        return defaults
    }

    /// The chat template that the launch names: it stands before those of the repository.
    private func launchDefaults(_ launch: LaunchRequest?, _ files: [LocalFile]) async throws -> [EffectiveDefault] {
        let snapshot = Snapshot(
            label: "", sources: [], files: [], launch: launch, localFiles: files,
            reader: SnapshotFiles([:], projects: [project.directory], session: session, hub: nil))
        guard let found = try await LaunchTemplate.find(in: snapshot) else { return [] }
        let digest = found.copy.map { Digest(of: $0.text).description }
        let place = found.copy?.location ?? found.place
        guard let file = try? RelativePath(place.file) else { return [] }
        return [
            EffectiveDefault(
                name: "chat-template-launched", value: .string(digest ?? found.value), file: file, key: place.key)
        ]
    }

    /// The content of a small locked file, from the store or, when that has not got it, from the Hub.
    private func read(_ file: LockedFile, _ source: LockedSource) async throws -> [UInt8] {
        if !session.store.contains(file.sha256, size: file.size) {
            let item = DownloadItem(
                repository: source.request.repository, commit: source.commit, path: file.path,
                expected: ExpectedBlob(name: file.path.description, size: file.size, sha256: file.sha256))
            _ = try await Download(session: session, hub: hub).run([item])
        }
        return try session.store.read(file.sha256, limit: EffectiveDefaults.maximumSize(of: file.path))
    }

    /// The files of the project that are part of the delivery. Their content is kept, so that a later comparison can show it.
    private func localFiles(_ wanted: ManifestDeliverable) async throws -> [LocalFile] {
        var files: [LocalFile] = []
        let held = try await session.holdStore()
        defer { withExtendedLifetime(held) {} }
        func add(_ component: Component, _ path: RelativePath) throws(Failure) {
            let place = project.directory.appending(path.description)
            guard FileSystem.exists(place) else {
                throw Failure(
                    .manifest, "`\(path)` of deliverable `\(wanted.name)` does not exist",
                    hint: "it is named under `\(component)` in weighlock.yaml")
            }
            let found = try Digests.of(place, git: false)
            files.append(LocalFile(component: component, path: path, size: found.size, sha256: found.sha256))
            keep(place, found)
        }
        for path in wanted.launch?.files ?? [] { try add(.launch, path) }
        if let packages = wanted.packages { try add(.packages, packages) }
        if !wanted.prompts.isEmpty {
            let matches = try ProjectFiles.all(in: project.directory).filter { path in
                wanted.prompts.contains { $0.matches(path) }
            }
            guard !matches.isEmpty else {
                throw Failure(.manifest, "no file matches `prompts` of deliverable `\(wanted.name)`")
            }
            for path in matches { try add(.prompts, path) }
        }
        return files
    }

    /// Keeps the content of a project's file in the store. What only its owner may read stays where it is, unless nobody else
    /// gets at the store either: it may be a secret, and a blob can be read by everybody. A store that may only be read keeps
    /// nothing.
    private func keep(_ place: FilePath, _ found: FileDigests) {
        guard found.size.value <= Snapshot.maximumLocalFile, let status = try? FileSystem.status(place),
            let home = try? FileSystem.status(session.settings.home),
            status.mode & 0o044 != 0 || home.mode & 0o055 == 0
        else { return }
        let expected = ExpectedBlob(name: place.string, size: found.size, sha256: found.sha256)
        guard
            session.store.contains(found.sha256, size: found.size)
                || (try? session.store.ingest(copying: place, expecting: expected)) != nil
        else { return }
        session.store.keep(.local, of: found.sha256, [])
    }
}
