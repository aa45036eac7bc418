// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
package import ContentModel
internal import Conversion
internal import FileIO
internal import Safetensors
internal import Scanning
package import SystemPackage

/// `weighlock convert`: writes the same tensors into other files, and proves that they are the same.
///
/// Every new file is written under another name, read again, and compared tensor by tensor with the source; only then does
/// it get its name. Memory is buffers, whatever the size of the model.
package struct ConversionOperation: Sendable {
    /// What came of it.
    package struct Outcome: Sendable {
        /// The tensor digest, the same before and after; nil where no byte of a tensor was touched or read.
        package let digest: Digest?
        /// The digests of the new files in the order of the plan; empty where only a header was written.
        package let files: [Digest]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Decides what to do; `target` is nil for a change in place.
    ///
    /// - Throws: when the source is not one readable model, or the target is in the way.
    package func plan(
        _ source: ModelTarget, to target: FilePath?, _ request: ConversionPlan.Request
    ) async throws -> ConversionPlan {
        let model = try await model(source)
        guard let target else {
            guard case .local = source.place else {
                throw Failure(
                    .usage, "the files of a deliverable lie in the store and never change",
                    hint: "name a directory to write to")
            }
            return try ConversionPlan(inPlace: model, request)
        }
        return try ConversionPlan(model, to: target, request)
    }

    /// The one model that a target is. Checkpoints are scanned before anybody else looks into them.
    private func model(_ target: ModelTarget) async throws -> ConversionPlan.Source {
        if case .repository(let repository, _, _) = target.place {
            throw Failure(
                .usage, "the files of `\(repository)` are not here", hint: "lock and sync it, then name the deliverable"
            )
        }
        let files = try await ModelFiles(target, session, project)
        let all = ModelGroup.withoutOthers(try await ModelGroup.groups(files), files)
        let groups = ModelGroup.preferred(all)
        guard let group = groups.first else {
            throw Failure(
                .usage, "there is no safetensors file and no checkpoint in `\(Escaped(target.text, limit: 1024))`",
                hint: "name a safetensors file, a checkpoint, an index, or a directory with one model")
        }
        guard groups.count == 1 else {
            throw Failure(
                .usage, "there are \(groups.count) models in `\(Escaped(target.text, limit: 1024))`",
                hint: "name one of them", details: groups.prefix(20).map { "`\(Escaped($0.name, limit: 1024))`" })
        }
        let shown = Escaped(group.name, limit: 1024)
        guard group.container != .gguf else {
            throw Failure(
                .usage, "`\(shown)` is GGUF, whose blocks no other container has",
                hint: "`digest` and `inspect` read it")
        }
        if let problem = group.problem ?? group.missingFiles {
            throw Failure(
                group.container == .checkpoint ? .invalidCheckpoint : .invalidSafetensors, "`\(shown)`: \(problem)")
        }
        var paths: [FilePath] = []
        var names: [RelativePath] = []
        for place in group.files {
            if case .absent(let failure) = files.entries[place].source { throw failure }
            guard let path = files.localPath(place) else { continue }
            paths.append(path)
            let last = files.entries[place].name.split(separator: "/").last.map(String.init) ?? ""
            names.append(try group.names[place] ?? RelativePath(last))
        }
        let index = group.index.flatMap { index in
            files.entries[index.entry].path.flatMap { try? RelativePath($0.name) }.map {
                (path: $0, content: index.content)
            }
        }
        let isCheckpoint = group.container == .checkpoint
        return ConversionPlan.Source(
            container: group.container, name: group.name, files: paths, names: names, index: index,
            checkpoints: isCheckpoint ? try await ConversionOperation.scanned(paths, names) : [])
    }

    /// Opens checkpoints that the scan clears, or lets a person look at.
    ///
    /// - Throws: `Failure` with code `refused` that names what was found.
    @concurrent
    private static func scanned(_ paths: [FilePath], _ names: [RelativePath]) async throws -> [FileSource] {
        var sources: [FileSource] = []
        var lines: [String] = []
        var refused = 0
        for (path, name) in zip(paths, names) {
            try Task.checkCancellation()
            let source = try FileSource(path)
            sources.append(source)
            let scan: FileScan
            do throws(ByteError) { scan = try Scanner.scan(source, name: name.description) } catch {
                throw Failure(.file, error.description)
            }
            guard scan.verdict > .review else { continue }
            refused += 1
            guard lines.count < 40 else { continue }
            lines.append("`\(name)`: \(scan.verdict.rawValue)")
            for finding in scan.findings.prefix(4) where finding.verdict > .review {
                lines.append("    \(finding.rule.id): \(finding.reason)")
            }
        }
        guard refused == 0 else {
            throw Failure(
                .refused,
                "the scan does not clear \(refused == 1 ? "the checkpoint" : "\(refused) of the checkpoints")",
                hint: "`weighlock scan` says more; what it does not clear is not converted", details: lines)
        }
        return sources
    }

    /// Carries a plan out.
    ///
    /// - Throws: `Failure` with code `mismatch` when the new files do not hold the same tensors; then nothing has changed.
    ///
    /// - Parameter wantsFiles: whether the digests of the new files of checkpoints are wanted, for which those are read once more.
    package func run(_ plan: ConversionPlan, wantsFiles: Bool = true) async throws -> Outcome {
        switch plan.work {
        case .checkpoints(let set, let destination):
            return try await write(plan, set, destination, wantsFiles)
        case .nothing: return Outcome(digest: nil, files: [])
        case .header(let editor):
            try await ConversionOperation.edit(plan.sources[0], editor)
            return Outcome(digest: nil, files: [])
        case .set(let shards, let destination):
            return try await write(plan, shards, destination)
        }
    }

    /// Writes a header over the old one, and reads it again: every tensor is where it was, so its bytes are what they were.
    @concurrent
    private static func edit(_ path: FilePath, _ editor: HeaderEditor) async throws {
        let before = try SafetensorsFile(path).header
        try editor.apply()
        let after = try SafetensorsFile(path).header
        guard before.dataStart == after.dataStart, before.fileSize == after.fileSize,
            before.tensors.elementsEqual(after.tensors), Set(after.metadata ?? []) == Set(editor.metadata ?? [])
        else {
            throw Failure(.mismatch, "`\(Escaped(path.string, limit: 1024))` was changed by another program meanwhile")
        }
    }

    private func write(
        _ plan: ConversionPlan, _ shards: ShardPlan, _ destination: ConversionPlan.Destination
    ) async throws -> Outcome {
        let workplace = FileSystem.temporaryName(beside: destination.path)
        defer { try? FileSystem.removeTree(workplace) }
        session.emit(.began("writing", total: plan.outputs.reduce(.zero) { $0 + $1.size }))
        do { try await ConversionOperation.write(shards, workplace, session) } catch SafetensorsError.stopped {
            throw CancellationError()
        }
        session.emit(.ended)
        let outcome = try await compare(plan, shards, workplace)
        try Task.checkCancellation()
        try ConversionPlacement(
            shards.names, index: shards.indexName?.description, from: workplace, to: destination,
            replacing: plan.replacing
        ).publish()
        return outcome
    }

    /// Writes what checkpoints become; every tensor is compared before it returns.
    private func write(
        _ plan: ConversionPlan, _ set: CheckpointSet, _ destination: ConversionPlan.Destination, _ wantsFiles: Bool
    ) async throws -> Outcome {
        let workplace = FileSystem.temporaryName(beside: destination.path)
        defer { try? FileSystem.removeTree(workplace) }
        try FileSystem.createDirectories(workplace)
        var names = set.files.map(\.name.description)
        var paths: [FilePath] = []
        for name in names {
            let path = workplace.appending(name)
            try FileSystem.createDirectories(path.removingLastComponent())
            paths.append(path)
        }
        let conversion = CheckpointConversion(set)
        session.emit(.began("converting", total: ByteCount(clamping: Int64(clamping: conversion.work))))
        let written = try await conversion.write(to: paths) { count in
            session.emit(.advanced(Int64(clamping: count)))
            return !Task.isCancelled
        }
        session.emit(.ended)
        guard let digests = written else { throw CancellationError() }
        if let index = set.index {
            names.append(index.name.description)
            paths.append(workplace.appending(index.name.description))
            try FileSystem.replace(paths[paths.count - 1], with: index.bytes)
        }
        var files: [Digest] = []
        if wantsFiles {
            let items = zip(paths, plan.outputs).map { path, output in
                DigestWork.Item(path: path, size: output.size, wantsBytes: true, wantsTensors: false)
            }
            for found in try await DigestWork(items: items, session: session).run("hashing") {
                if let failure = found.failure { throw failure }
                if let digest = found.sha256 { files.append(digest) }
            }
        }
        try Task.checkCancellation()
        try ConversionPlacement(
            names, index: set.index?.name.description, from: workplace, to: destination, replacing: plan.replacing
        ).publish()
        return Outcome(digest: digests.model, files: files)
    }

    @concurrent
    private static func write(_ shards: ShardPlan, _ workplace: FilePath, _ session: Session) async throws {
        try shards.write(to: workplace) { count in
            session.emit(.advanced(Int64(clamping: count)))
            return !Task.isCancelled
        }
    }

    /// Reads the sources and the new files again and compares every tensor.
    private func compare(_ plan: ConversionPlan, _ shards: ShardPlan, _ workplace: FilePath) async throws -> Outcome {
        func items(_ paths: [FilePath], bytes: Bool) throws(Failure) -> [DigestWork.Item] {
            var items: [DigestWork.Item] = []
            for path in paths {
                let size = try FileSystem.status(path)?.size ?? .zero
                items.append(DigestWork.Item(path: path, size: size, wantsBytes: bytes, wantsTensors: true))
            }
            return items
        }
        let sources = try items(plan.sources, bytes: false)
        var results = try items(shards.shards.map { workplace.appending($0.name.description) }, bytes: true)
        if let name = shards.indexName, let index = shards.index {
            results.append(
                DigestWork.Item(
                    path: workplace.appending(name.description), size: ByteCount(clamping: Int64(index.count)),
                    wantsBytes: true, wantsTensors: false))
        }
        let found = try await DigestWork(items: sources + results, session: session).run("checking")
        var parts: [TensorDigests] = []
        for (place, outcome) in found.enumerated() where place < sources.count + shards.shards.count {
            if let failure = outcome.failure { throw failure }
            guard let digests = outcome.tensors else {
                let path = (sources + results)[place].path
                throw Failure(
                    .mismatch,
                    "`\(Escaped(path.string, limit: 1024))` cannot be read again: \(outcome.problem ?? "no tensors")")
            }
            parts.append(digests)
        }
        let before = try TensorDigests(merging: Array(parts.prefix(sources.count)))
        let after = try TensorDigests(merging: Array(parts.dropFirst(sources.count)))
        let differing = after.differences(from: before)
        guard differing.isEmpty else {
            throw Failure(
                .mismatch, "\(differing.count) tensors are not what they were; nothing was put in place",
                hint: "another program was writing, or the disk is failing; run the command again",
                details: differing.prefix(20).map { "`\($0)`" })
        }
        return Outcome(digest: after.model, files: found.dropFirst(sources.count).compactMap(\.sha256))
    }
}

extension ConversionPlan.Destination {
    /// The directory or the file.
    var path: FilePath {
        switch self {
        case .directory(let path), .file(let path): path
        }
    }
}

extension ModelGroup {
    /// What is to be said when not all files are there; nil when they are.
    var missingFiles: String? {
        let expected = index.map { $0.content.files.count } ?? expectedFiles ?? files.count
        guard files.count < expected else { return nil }
        return "\(expected - files.count) of its \(expected) files missing"
    }
}
