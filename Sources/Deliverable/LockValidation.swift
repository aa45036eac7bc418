// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Turns the shape on disk into values and compares every recorded digest with a recomputed one.
struct LockValidation {
    let file: String

    private func failure(_ message: String, hint: String = LockReader.remedy) -> Failure {
        Failure(.lockFile, "`\(file)`: \(message)", hint: hint)
    }

    func lock(_ disk: LockFileV1) throws(Failure) -> Lock {
        guard disk.deliverables.count <= LockReader.maximumDeliverables else {
            throw failure(
                "there are \(disk.deliverables.count) deliverables, at most \(LockReader.maximumDeliverables) are read")
        }
        var budget = LockReader.maximumFiles
        for entry in disk.deliverables {
            for source in entry.sources { budget -= source.files.count }
            budget -= entry.files.count
        }
        guard budget >= 0 else { throw failure("there are more than \(LockReader.maximumFiles) files") }
        var deliverables: [LockedDeliverable] = []
        var names: Set<DeliverableName> = []
        for entry in disk.deliverables {
            let deliverable = try deliverable(entry)
            guard names.insert(deliverable.name).inserted else {
                throw failure("the deliverable `\(deliverable.name)` is there twice")
            }
            try check(entry, deliverable)
            deliverables.append(deliverable)
        }
        let lock = Lock(deliverables: deliverables)
        try compare(disk.identity, lock.identity, "the identity of the project")
        return lock
    }

    /// Runs `body`; an error of a value's own rules gets the place.
    private func at<Value>(_ place: String, _ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw failure("\(place): \(error.message)")
        }
    }

    private func required<Value>(
        _ value: Value?, _ text: String, _ what: String, _ place: String
    ) throws(Failure) -> Value {
        guard let value else { throw failure("\(place): `\(Escaped(text, limit: 100))` is not \(what)") }
        return value
    }

    private func deliverable(_ entry: LockFileV1.Deliverable) throws(Failure) -> LockedDeliverable {
        let name = try at("name of a deliverable") { () throws(Failure) in try DeliverableName(entry.name) }
        guard entry.image == nil, entry.patches.isEmpty, entry.variants.isEmpty else {
            throw failure(
                "`\(name)` has an image, patches or variants, which this program does not know",
                hint: "upgrade weighlock: the lock was written by a newer one")
        }
        var sources: [LockedSource] = []
        for source in entry.sources { sources.append(try self.source(source, "`\(name)`")) }
        try checkRoles(sources.map(\.role), "`\(name)`")
        var launch: LaunchRequest?
        if let request = entry.launch { launch = try self.launch(request, "`\(name)`: launch") }
        var localFiles: [LocalFile] = []
        for local in entry.files { localFiles.append(try localFile(local, "`\(name)`")) }
        for component in LocalFile.components.sorted() {
            let paths = localFiles.filter { $0.component == component }.map(\.path)
            try at("`\(name)`: \(component)") { () throws(Failure) in try RelativePath.checkDistinct(paths) }
        }
        let started = localFiles.filter { $0.component == .launch }.map(\.path).sorted()
        guard started == launch?.files ?? [] else {
            throw failure("`\(name)`: the files of component `launch` are not those that `launch` names")
        }
        var defaults: [EffectiveDefault] = []
        for value in entry.defaults {
            let path = try at("`\(name)`: defaults") { () throws(Failure) in try RelativePath(value.file) }
            defaults.append(EffectiveDefault(name: value.name, value: value.value, file: path, key: value.key))
        }
        return LockedDeliverable(
            name: name, sources: sources, launch: launch, localFiles: localFiles, defaults: defaults,
            tensors: try tensors(entry, name),
            scan: try entry.scan.map { scan throws(Failure) in try self.scan(scan, name) },
            replacements: try replacements(entry, sources, name))
    }

    private func scan(_ entry: LockFileV1.Scan, _ name: DeliverableName) throws(Failure) -> LockedScan {
        let place = "`\(name)`: scan"
        let version = try required(Int(exactly: entry.rules), String(entry.rules), "a version of the rules", place)
        var files: [LockedScan.File] = []
        for file in entry.files {
            let here = "\(place): `\(Escaped(file.path, limit: 200))`"
            _ = try at(here) { () throws(Failure) in try RelativePath(file.path) }
            guard LockedScan.verdicts.contains(file.verdict) else {
                throw failure("\(here): `\(Escaped(file.verdict, limit: 40))` is not a verdict")
            }
            files.append(LockedScan.File(path: file.path, verdict: file.verdict, rules: file.rules))
        }
        return LockedScan(rulesVersion: version, files: files)
    }

    private func replacements(
        _ entry: LockFileV1.Deliverable, _ sources: [LockedSource], _ name: DeliverableName
    ) throws(Failure) -> [LockedReplacement] {
        var found: [LockedReplacement] = []
        for item in entry.replacements {
            let place = "`\(name)`: replacement of `\(Escaped(item.path, limit: 200))`"
            let role = try required(SourceRole(item.role), item.role, "a role", place)
            let path = try at(place) { () throws(Failure) in try RelativePath(item.path) }
            guard sources.first(where: { $0.role == role })?.files.contains(where: { $0.path == path }) == true else {
                throw failure("\(place): there is no such file")
            }
            guard !found.contains(where: { $0.role == role && $0.path == path }) else {
                throw failure("\(place): it is there twice")
            }
            var result: LockedReplacement.Result?
            if let shown = item.result {
                result = LockedReplacement.Result(
                    path: try at(place) { () throws(Failure) in try RelativePath(shown.path) },
                    size: try required(ByteCount(shown.size), String(shown.size), "a size", place),
                    sha256: try required(Digest(shown.sha256), shown.sha256, "a SHA-256 of 64 lower-case digits", place)
                )
            }
            found.append(LockedReplacement(role: role, path: path, result: result))
        }
        for role in Set(found.map(\.role)) {
            let here = found.filter { $0.role == role }
            let kept = (sources.first { $0.role == role }?.files ?? []).map(\.path).filter { path in
                !here.contains { $0.path == path }
            }
            try at("`\(name)`: replacements") { () throws(Failure) in
                try RelativePath.checkDistinct(kept + here.compactMap(\.result?.path))
            }
        }
        return found
    }

    /// The tensor digest of the weights. It follows from their bytes, so it is believed as the files' digests are.
    private func tensors(_ entry: LockFileV1.Deliverable, _ name: DeliverableName) throws(Failure) -> Digest? {
        var found: Digest?
        for component in entry.components {
            guard let text = component.tensors else { continue }
            let place = "`\(name)`: tensors of component `\(Escaped(component.component, limit: 100))`"
            guard component.component == Component.weights.description else {
                throw failure("\(place): only `weights` has a tensor digest")
            }
            found = try required(Digest(text), text, "a SHA-256 of 64 lower-case digits", place)
        }
        return found
    }

    private func source(_ entry: LockFileV1.Source, _ owner: String) throws(Failure) -> LockedSource {
        let role = try required(SourceRole(entry.role), entry.role, "a role", owner)
        let place = "\(owner): \(role)"
        let kind = try required(RepositoryID.Kind(rawValue: entry.kind), entry.kind, "a kind of repository", place)
        guard kind == role.repositoryKind else {
            throw failure("\(place): kind is `\(kind)`, expected `\(role.repositoryKind)`")
        }
        let request = try at(place) { () throws(Failure) in
            SourceRequest(
                repository: try RepositoryID(entry.repository, kind: kind), revision: try Revision(entry.revision),
                include: try patterns(entry.include), exclude: try patterns(entry.exclude))
        }
        let commit = try required(GitObjectID(entry.commit), entry.commit, "a commit id of 40 digits", place)
        if let date = entry.date, LockedSource.normalisedDate(date) != date {
            throw failure("\(place): `\(Escaped(date, limit: 60))` is not a date such as `2024-01-01T00:00:00Z`")
        }
        var files: [LockedFile] = []
        files.reserveCapacity(entry.files.count)
        for file in entry.files { files.append(try self.file(file, role: role, place)) }
        let paths = files.map(\.path)
        try at(place) { () throws(Failure) in try RelativePath.checkDistinct(paths) }
        return LockedSource(role: role, request: request, commit: commit, date: entry.date, files: files)
    }

    private func patterns(_ texts: [String]) throws(Failure) -> [FilePattern] {
        var patterns: [FilePattern] = []
        for text in texts { patterns.append(try FilePattern(text)) }
        return patterns
    }

    private func file(_ entry: LockFileV1.File, role: SourceRole, _ place: String) throws(Failure) -> LockedFile {
        let path = try at(place) { () throws(Failure) in try RelativePath(entry.path) }
        let here = "\(place): `\(Escaped(entry.path, limit: 200))`"
        let component = try required(Component(rawValue: entry.component), entry.component, "a component", here)
        let isFitting =
            role.repositoryKind == .dataset
            ? component == .datasets : ComponentClassifier.components.contains(component)
        guard isFitting else { throw failure("\(here): a file of `\(role)` cannot be `\(component)`") }
        return LockedFile(
            path: path, size: try required(ByteCount(entry.size), String(entry.size), "a size", here),
            sha256: try required(Digest(entry.sha256), entry.sha256, "a SHA-256 of 64 lower-case digits", here),
            git: try entry.git.map { text throws(Failure) in
                try required(GitObjectID(text), text, "a git id of 40 lower-case digits", here)
            },
            isLFS: entry.lfs, component: component)
    }

    private func localFile(_ entry: LockFileV1.LocalEntry, _ owner: String) throws(Failure) -> LocalFile {
        let path = try at(owner) { () throws(Failure) in try RelativePath(entry.path) }
        let here = "\(owner): `\(Escaped(entry.path, limit: 200))`"
        let component = try required(Component(rawValue: entry.component), entry.component, "a component", here)
        guard LocalFile.components.contains(component) else {
            throw failure("\(here): a local file cannot be `\(component)`")
        }
        return LocalFile(
            component: component, path: path,
            size: try required(ByteCount(entry.size), String(entry.size), "a size", here),
            sha256: try required(Digest(entry.sha256), entry.sha256, "a SHA-256 of 64 lower-case digits", here))
    }

    private func launch(_ entry: LockFileV1.Launch, _ place: String) throws(Failure) -> LaunchRequest {
        var files: [RelativePath] = []
        for text in entry.files { files.append(try at(place) { () throws(Failure) in try RelativePath(text) }) }
        let launch = LaunchRequest(
            command: entry.command, environment: entry.env.map { .init($0.name, $0.value) }, files: files)
        if let defect = launch.defect { throw failure("\(place): \(defect)") }
        return launch
    }

    private func checkRoles(_ roles: [SourceRole], _ owner: String) throws(Failure) {
        guard Set(roles).count == roles.count else { throw failure("\(owner): a role is there twice") }
        guard roles.contains(.model) else { throw failure("\(owner): there is no source with role `model`") }
        for role in roles {
            switch role {
            case .adapter(let index) where index > 0 && !roles.contains(.adapter(index - 1)),
                .dataset(let index) where index > 0 && !roles.contains(.dataset(index - 1)):
                throw failure("\(owner): there is `\(role)`, but not the one before it")
            default: break
            }
        }
    }

    private func check(_ entry: LockFileV1.Deliverable, _ value: LockedDeliverable) throws(Failure) {
        let recorded = entry.components.map(\.component)
        let expected = value.components.map(\.component.description)
        guard recorded == expected else {
            throw failure(
                "`\(value.name)`: the components are \(expected.joined(separator: ", ")); recorded are "
                    + Escaped(recorded.joined(separator: ", ")).description)
        }
        for (entry, component) in zip(entry.components, value.components) {
            try compare(
                entry.sha256, component.sha256, "`\(value.name)`: the digest of component `\(component.component)`")
            guard entry.files == Int64(component.files), entry.size == component.size.value else {
                throw failure(
                    "`\(value.name)`: component `\(component.component)` has \(component.files) files of \(component.size.value) bytes;"
                        + " recorded are \(entry.files) of \(entry.size)")
            }
        }
        try compare(entry.behaviour, value.behaviour, "the behaviour of `\(value.name)`")
        try compare(entry.identity, value.identity, "the identity of `\(value.name)`")
    }

    private func compare(_ recorded: String, _ computed: Digest, _ what: String) throws(Failure) {
        guard recorded.utf8.elementsEqual(computed.description.utf8) else {
            throw Failure(
                .lockFile, "`\(file)`: \(what) is not the one recorded: the file was edited or merged by hand",
                hint: LockReader.remedy,
                details: ["expected: \(computed)", "found:    \(Escaped(recorded, limit: 100))"])
        }
    }
}
