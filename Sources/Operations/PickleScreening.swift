// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Conversion
internal import Deliverable
internal import FileIO
internal import Safetensors
internal import Scanning
internal import Store
internal import SystemPackage
internal import Tensors

/// Decides what the view shows instead of the pickles of a deliverable, and makes it.
///
/// | policy | weights with a safetensors twin | weights without | other pickles |
/// |---|---|---|---|
/// | none | withheld | converted | shown |
/// | `deny` | withheld | refused | withheld |
/// | `convert` | withheld | converted | withheld |
/// | `allow` | shown | shown | shown |
struct PickleScreening: Sendable {
    let session: Session
    let policy: PicklePolicy?

    /// What is shown otherwise than the sources have it.
    func replacements(_ files: [Screening.Screened]) async throws -> [LockedReplacement] {
        guard policy != .allow else { return [] }
        var found: [LockedReplacement] = []
        var refused: [String] = []
        for source in Set(files.map(\.source)) where source.role.repositoryKind == .model {
            let own = files.filter { $0.source == source }
            let names = Set(own.map(\.file.path))
            var replaced: [RelativePath: LockedReplacement.Result?] = [:]
            for file in own where file.record.hasPickle {
                let path = file.file.path
                func replace(_ result: LockedReplacement.Result?) {
                    found.append(LockedReplacement(role: source.role, path: path, result: result))
                    replaced[path] = .some(result)
                }
                guard file.file.component == .weights, let target = ConvertedName.of(path) else {
                    if policy != nil { replace(nil) }
                    continue
                }
                if hasTwin(target, names) {
                    replace(nil)
                } else if policy == .deny {
                    refused.append(
                        "`\(file.path)` of `\(file.deliverable)` is a pickle, and no safetensors file has its tensors")
                } else if PickleScreening.isCheckpoint(file.record.kind) {
                    replace(try await convert(file, to: target))
                } else if policy == .convert {
                    refused.append(
                        "`\(file.path)` of `\(file.deliverable)` is a `\(file.record.kind)`, which cannot be converted")
                }
            }
            found += try indexes(own, replaced)
        }
        guard refused.isEmpty else {
            throw Failure(
                .refused, "the policy refuses pickles; the view is not laid out",
                hint: "leave them out with `exclude`, or set `policy.pickle: allow`", details: refused)
        }
        return found
    }

    private static func isCheckpoint(_ kind: String) -> Bool { kind == "torch" || kind == "pickle" || kind == "tar" }

    /// Whether the tensors are there as safetensors too: in a file of the converted name, or in a set of its stem.
    private func hasTwin(_ target: RelativePath, _ names: Set<RelativePath>) -> Bool {
        let stem = ShardName(target.description)?.stem ?? String(target.description.dropLast(".safetensors".count))
        return [target.description, stem + ".safetensors", stem + ".safetensors.index.json"].contains { name in
            (try? RelativePath(name)).map { names.contains($0) } ?? false
        }
    }

    // MARK: - Conversion

    private func convert(_ file: Screening.Screened, to target: RelativePath) async throws -> LockedReplacement.Result {
        let blob = file.file.sha256
        if let known = session.store.note(.conversion, of: blob).flatMap({ ConversionRecord(bytes: $0) }),
            session.store.contains(known.result, size: known.size)
        {
            return LockedReplacement.Result(path: target, size: known.size, sha256: known.result)
        }
        let name = "\(file.path)"
        let plan: CheckpointPlan
        do throws(Failure) {
            plan = try CheckpointPlan(try FileSource(session.store.path(of: blob)), name: name)
        } catch {
            throw Failure(
                error.code, "`\(name)` of `\(file.deliverable)` has to be converted and cannot be: \(error.message)",
                hint: "leave it out with `exclude`, or set `policy.pickle: allow`", details: error.details)
        }
        let conversion = CheckpointConversion(plan)
        session.emit(.began("converting `\(name)`", total: ByteCount(clamping: Int64(clamping: conversion.work))))
        defer { session.emit(.ended) }
        let stored = try await session.store.ingest { path in
            guard
                let digests = try await conversion.write(
                    to: path,
                    progress: { count in
                        session.emit(.advanced(Int64(count)))
                        return true
                    })
            else { throw CancellationError() }
            return digests
        }
        let record = ConversionRecord(result: stored.digest, size: stored.size, tensors: stored.value.model)
        session.store.keep(.conversion, of: blob, record.bytes)
        session.store.keep(.tensors, of: stored.digest, TensorRecord(.safetensors, stored.value).bytes)
        session.store.keep(.tensors, of: blob, TensorRecord(.checkpoint, stored.value).bytes)
        for item in plan.skipped.prefix(8) {
            session.emit(.note("`\(name)`: `\(item.name)` is not a tensor: \(item.what)"))
        }
        return LockedReplacement.Result(path: target, size: stored.size, sha256: stored.digest)
    }

    /// What becomes of indexes whose files are shown otherwise: withheld with them, or written anew for what was made of them.
    private func indexes(
        _ files: [Screening.Screened], _ replaced: [RelativePath: LockedReplacement.Result?]
    ) throws -> [LockedReplacement] {
        guard !replaced.isEmpty else { return [] }
        var found: [LockedReplacement] = []
        for file in files {
            guard file.file.path.description.hasSuffix(".index.json"),
                let target = ConvertedName.ofIndex(file.file.path),
                let bytes = try? session.store.read(file.file.sha256, limit: ShardIndex.sizeLimit),
                let index = try? ShardIndex(parsing: bytes.span)
            else { continue }
            let folder = TensorSet.directory(of: file.file.path)
            let shards = Set(index.tensors.map(\.file)).sorted().compactMap {
                try? RelativePath(folder + $0.description)
            }
            guard !shards.isEmpty, shards.allSatisfy({ replaced[$0] != nil }) else { continue }
            let results = shards.compactMap { replaced[$0] ?? nil }
            let content = results.count == shards.count ? try self.index(of: results, in: folder) : nil
            found.append(
                LockedReplacement(
                    role: file.source.role, path: file.file.path,
                    result: try content.map { content in
                        LockedReplacement.Result(
                            path: target, size: ByteCount(clamping: Int64(content.count)),
                            sha256: try session.store.ingest(content))
                    }))
        }
        return found
    }

    /// The text of the index of these shards.
    private func index(of shards: [LockedReplacement.Result], in folder: String) throws -> [UInt8] {
        var weightMap: [(name: TensorName, file: String)] = []
        var total: UInt64 = 0
        for shard in shards {
            let header = try SafetensorsFile(session.store.path(of: shard.sha256)).header
            for tensor in header.tensors {
                weightMap.append((tensor.name, String(shard.path.description.dropFirst(folder.count))))
                total += tensor.byteCount
            }
        }
        let map = weightMap.sorted { $0.name < $1.name }.map { JSONValue.Member($0.name.string, .string($0.file)) }
        return Array(
            (JSONValue.object([
                .init("metadata", .object([.init("total_size", .integer(Int64(clamping: total)))])),
                .init("weight_map", .object(map)),
            ]).text(.indented(breakDepth: 3)) + "\n").utf8)
    }
}
