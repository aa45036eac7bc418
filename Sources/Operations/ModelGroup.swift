// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Conversion
internal import FileIO
internal import Safetensors
internal import Tensors

/// Files that are one model together: what an index names, what is numbered `…-00001-of-00003…`, or one file.
struct ModelGroup: Sendable {
    /// The name for people: that of the index, of the series or of the file.
    let name: String
    /// The container that the files are.
    let container: InspectionReport.Container
    /// The index with its place in the listing.
    let index: (entry: Int, content: ShardIndex)?
    /// The files by their places in the listing, in the order of their names.
    let files: [Int]
    /// The names that the files have in the index.
    let names: [Int: RelativePath]
    /// Files beside the index that no index names.
    let strays: [RelativePath]
    /// How many files there should be, when their names say it and no index does.
    let expectedFiles: Int?
    /// Why the index could not be read; then there are no files.
    let problem: String?

    static let maximumIndexSize = ShardIndex.sizeLimit

    static func isIndex(_ entry: ModelFiles.Entry) -> Bool { ContainerGuess.ofIndex(entry.name) != nil }

    static func parse(_ bytes: [UInt8]) throws(Failure) -> ShardIndex { try ShardIndex(parsing: bytes.span) }

    /// Puts the files of a target together. Reads the indexes and nothing else.
    ///
    /// - Throws: what reading throws; what an index says wrongly is a `problem` of its group.
    static func groups(_ files: ModelFiles) async throws -> [ModelGroup] {
        let entries = files.entries
        if let focus = files.focus, !isIndex(entries[focus]) {
            let head = try await head(of: focus, files)
            return [single(focus, entries, ContainerGuess.of(head, name: entries[focus].name))]
        }
        var places: [RelativePath: Int] = [:]
        for (place, entry) in entries.enumerated() { if let path = entry.path { places[path] = place } }
        var indexes: [(entry: Int, content: ShardIndex)] = []
        var groups: [ModelGroup] = []
        for (place, entry) in entries.enumerated() where isIndex(entry) && (files.focus ?? place) == place {
            switch try await content(of: place, files) {
            case .success(let index): indexes.append((place, index))
            case .failure(let failure): groups.append(unreadable(entry, failure))
            }
        }
        // What another index of the directory names is no stray: `fp16` variants lie side by side.
        var named: Set<RelativePath> = []
        for index in indexes {
            for file in index.content.files {
                if let path = path(file, beside: entries[index.entry]) { named.insert(path) }
            }
        }
        for index in indexes {
            let container = ContainerGuess.ofIndex(entries[index.entry].name) ?? .safetensors
            var members: [Int: RelativePath] = [:]
            for file in index.content.files {
                if let path = path(file, beside: entries[index.entry]), let place = places[path] {
                    members[place] = file
                }
            }
            let folder = directory(entries[index.entry].name)
            let strays = entries.compactMap { entry -> RelativePath? in
                // Among checkpoints many a file is none of the model's; one with a number is.
                guard ContainerGuess.of(entry) == container, let path = entry.path, !named.contains(path),
                    container == .safetensors || ShardName(entry.name) != nil,
                    directory(entry.name).utf8.elementsEqual(folder.utf8)
                else { return nil }
                return try? RelativePath(path.name)
            }
            groups.append(
                ModelGroup(
                    name: entries[index.entry].name, container: container, index: index,
                    files: members.keys.sorted(), names: members, strays: strays, expectedFiles: nil, problem: nil))
        }
        if files.focus == nil {
            let loose = entries.indices.filter { place in
                ContainerGuess.of(entries[place]) != nil && !(entries[place].path.map(named.contains) ?? false)
            }
            groups += series(loose, entries)
        }
        return groups.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func content(of place: Int, _ files: ModelFiles) async throws -> Result<ShardIndex, Failure> {
        let entry = files.entries[place]
        guard entry.size.value <= Int64(maximumIndexSize) else {
            return .failure(Failure(.limitExceeded, "the index is too large: \(entry.size)"))
        }
        let bytes: [UInt8]
        do { bytes = try await files.read(place, 0..<UInt64(entry.size.value)) } catch let failure as Failure {
            // What this machine cannot read is a fact about one file; what a server does wrong ends the command.
            if case .remote = entry.source { throw failure }
            return .failure(failure)
        }
        do throws(Failure) { return .success(try parse(bytes)) } catch { return .failure(error) }
    }

    /// The first bytes of a file on this machine; none of one that is elsewhere or cannot be read, which its reader will say.
    private static func head(of place: Int, _ files: ModelFiles) async throws -> [UInt8] {
        guard case .local = files.entries[place].source else { return [] }
        return (try? await files.read(place, 0..<UInt64(min(files.entries[place].size.value, 512)))) ?? []
    }

    private static func single(
        _ place: Int, _ entries: [ModelFiles.Entry], _ container: InspectionReport.Container
    ) -> ModelGroup {
        ModelGroup(
            name: entries[place].name, container: container, index: nil, files: [place], names: [:], strays: [],
            expectedFiles: nil, problem: nil)
    }

    private static func unreadable(_ entry: ModelFiles.Entry, _ failure: Failure) -> ModelGroup {
        ModelGroup(
            name: entry.name, container: ContainerGuess.ofIndex(entry.name) ?? .safetensors, index: nil, files: [],
            names: [:], strays: [], expectedFiles: nil, problem: failure.message)
    }

    /// Numbered files without an index are one model; others are one each.
    private static func series(_ loose: [Int], _ entries: [ModelFiles.Entry]) -> [ModelGroup] {
        var numbered: [TensorName: (total: Int, container: InspectionReport.Container, places: [Int])] = [:]
        var groups: [ModelGroup] = []
        for place in loose {
            guard let container = ContainerGuess.of(entries[place]) else { continue }
            guard let name = ShardName(entries[place].name), let total = name.total else {
                groups.append(single(place, entries, container))
                continue
            }
            // Names are bytes, and a `String` as a key would fold some of them.
            numbered[TensorName(name.pattern), default: (total, container, [])].places.append(place)
        }
        for (series, found) in numbered {
            groups.append(
                ModelGroup(
                    name: series.string, container: found.container, index: nil, files: found.places.sorted(),
                    names: [:], strays: [], expectedFiles: found.total, problem: nil))
        }
        return groups
    }

    /// Whether nothing but a file's name says that this is a model: many a `.bin` file of a repository is no checkpoint.
    func isGuess(_ files: ModelFiles) -> Bool {
        container == .checkpoint && index == nil && problem == nil && files.focus == nil
    }

    /// The groups without guesses about files on this machine that turn out to be wrong; opens those, and reads no tensor.
    static func withoutOthers(_ groups: [ModelGroup], _ files: ModelFiles) -> [ModelGroup] {
        groups.filter { group in
            guard group.isGuess(files) else { return true }
            return !group.files.allSatisfy { place in
                guard let path = files.localPath(place), let source = try? FileSource(path) else { return false }
                do throws(CheckpointContents.Problem) { _ = try CheckpointContents(of: source) } catch {
                    return error.isOther
                }
                return false
            }
        }
    }

    /// Of several models in one place, those that commands about one model mean: safetensors come before their twins.
    static func preferred(_ groups: [ModelGroup]) -> [ModelGroup] {
        let safe = groups.filter { $0.container == .safetensors }
        return safe.isEmpty ? groups : safe
    }

    private static func directory(_ name: String) -> String {
        name.lastIndex(of: "/").map { String(name[...$0]) } ?? ""
    }

    private static func path(_ file: RelativePath, beside index: ModelFiles.Entry) -> RelativePath? {
        try? RelativePath(directory(index.name) + file.description)
    }
}
