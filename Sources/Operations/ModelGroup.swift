// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors

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

    static func isIndex(_ entry: ModelFiles.Entry) -> Bool {
        entry.name.contains(".safetensors.index.") && entry.name.hasSuffix(".json")
    }

    static func isWeights(_ entry: ModelFiles.Entry) -> Bool { entry.name.hasSuffix(".safetensors") }

    static func parse(_ bytes: [UInt8]) throws(Failure) -> ShardIndex { try ShardIndex(parsing: bytes.span) }

    /// Puts the files of a target together. Reads the indexes and nothing else.
    ///
    /// - Throws: what reading throws; what an index says wrongly is a `problem` of its group.
    static func groups(_ files: ModelFiles) async throws -> [ModelGroup] {
        let entries = files.entries
        if let focus = files.focus, !isIndex(entries[focus]) { return [single(focus, entries)] }
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
            var members: [Int: RelativePath] = [:]
            for file in index.content.files {
                if let path = path(file, beside: entries[index.entry]), let place = places[path] {
                    members[place] = file
                }
            }
            let folder = directory(entries[index.entry].name)
            let strays = entries.compactMap { entry -> RelativePath? in
                guard isWeights(entry), let path = entry.path, !named.contains(path),
                    directory(entry.name).utf8.elementsEqual(folder.utf8)
                else { return nil }
                return try? RelativePath(path.name)
            }
            groups.append(
                ModelGroup(
                    name: entries[index.entry].name, container: .safetensors, index: index,
                    files: members.keys.sorted(), names: members, strays: strays, expectedFiles: nil, problem: nil))
        }
        if files.focus == nil {
            let loose = entries.indices.filter { place in
                isWeights(entries[place]) && !(entries[place].path.map(named.contains) ?? false)
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

    private static func single(_ place: Int, _ entries: [ModelFiles.Entry]) -> ModelGroup {
        ModelGroup(
            name: entries[place].name, container: .safetensors, index: nil, files: [place], names: [:], strays: [],
            expectedFiles: nil, problem: nil)
    }

    private static func unreadable(_ entry: ModelFiles.Entry, _ failure: Failure) -> ModelGroup {
        ModelGroup(
            name: entry.name, container: .safetensors, index: nil, files: [], names: [:], strays: [],
            expectedFiles: nil, problem: failure.message)
    }

    /// Numbered files without an index are one model; others are one each.
    private static func series(_ loose: [Int], _ entries: [ModelFiles.Entry]) -> [ModelGroup] {
        var numbered: [TensorName: (total: Int, places: [Int])] = [:]
        var groups: [ModelGroup] = []
        for place in loose {
            guard let (series, total) = shardSeries(entries[place].name) else {
                groups.append(single(place, entries))
                continue
            }
            // Names are bytes, and a `String` as a key would fold some of them.
            numbered[TensorName(series), default: (total, [])].places.append(place)
        }
        for (series, found) in numbered {
            groups.append(
                ModelGroup(
                    name: series.string, container: .safetensors, index: nil, files: found.places.sorted(), names: [:],
                    strays: [], expectedFiles: found.total, problem: nil))
        }
        return groups
    }

    /// `model-*-of-00003.safetensors` and 3, of `model-00001-of-00003.safetensors`; nil for other names.
    static func shardSeries(_ name: String) -> (String, Int)? {
        let bytes = Array(name.utf8)
        func isDigit(_ place: Int) -> Bool {
            bytes.indices.contains(place) && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place])
        }
        let middle = Array("-of-".utf8)
        guard
            let place = bytes.indices.last(where: {
                bytes[$0...].starts(with: middle) && isDigit($0 - 1) && isDigit($0 + 4)
            })
        else { return nil }
        var (first, end) = (place, place + 4)
        while isDigit(first - 1) { first -= 1 }
        while isDigit(end) { end += 1 }
        guard let total = Int(String(decoding: bytes[(place + 4)..<end], as: UTF8.self)), total > 0 else { return nil }
        return (String(decoding: bytes[..<first] + Array("*".utf8) + bytes[place...], as: UTF8.self), total)
    }

    private static func directory(_ name: String) -> String {
        name.lastIndex(of: "/").map { String(name[...$0]) } ?? ""
    }

    private static func path(_ file: RelativePath, beside index: ModelFiles.Entry) -> RelativePath? {
        try? RelativePath(directory(index.name) + file.description)
    }
}
