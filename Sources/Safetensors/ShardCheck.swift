// SPDX-License-Identifier: Apache-2.0

public import ContentModel
internal import FileIO
public import SystemPackage

/// Compares the index of a sharded model with the headers of its files.
///
/// Reads headers only. An empty list of findings means: every tensor of the index is where it should be, exactly once,
/// and nothing else is there.
public struct ShardCheck: Sendable {
    /// The headers of the files that could be read.
    public let headers: [RelativePath: Header]
    /// What does not agree, at most `limit`, files first, then tensors in the order of their names.
    public let findings: [ShardFinding]
    /// How many findings there were, those beyond the limit counted.
    public let findingCount: Int

    /// How many findings are kept.
    public static let limit = 1000

    /// Checks the files in `directory`, that of the index.
    ///
    /// - Throws: `Failure` with code `file` when the directory cannot be read.
    public init(_ index: ShardIndex, in directory: FilePath, mode: Mode = .compatible) throws(Failure) {
        var headers: [RelativePath: Header] = [:]
        var findings: [ShardFinding] = []
        let named = index.files
        for file in named {
            let path = directory.appending(file.segments.map { FilePath.Component($0) }.compactMap { $0 })
            guard try FileSystem.status(path) != nil else {
                findings.append(.missingFile(file))
                continue
            }
            do throws(SafetensorsError) {
                let opened = try SafetensorsFile(path, mode: mode)
                headers[file] = opened.header
            } catch { findings.append(.invalidFile(file, message: ShardCheck.reason(error))) }
        }
        let known = Set(named)
        for name in try FileSystem.list(directory.isEmpty ? "." : directory) where name.hasSuffix(".safetensors") {
            if let path = try? RelativePath(name), !known.contains(path) { findings.append(.strayFile(path)) }
        }
        ShardCheck.compare(index, headers, &findings)
        self.headers = headers
        findingCount = findings.count
        self.findings = Array(findings.prefix(ShardCheck.limit))
    }

    /// Compares an index with headers that came from anywhere.
    public init(_ index: ShardIndex, headers: [RelativePath: Header]) {
        var findings = index.files.filter { headers[$0] == nil }.map(ShardFinding.missingFile)
        ShardCheck.compare(index, headers, &findings)
        self.headers = headers
        findingCount = findings.count
        self.findings = Array(findings.prefix(ShardCheck.limit))
    }

    private static func reason(_ error: SafetensorsError) -> String {
        if case .header(let reason, _) = error { reason.message } else { error.message }
    }

    private static func compare(
        _ index: ShardIndex, _ headers: [RelativePath: Header], _ findings: inout [ShardFinding]
    ) {
        var places: [TensorName: RelativePath] = [:]
        var total: UInt64 = 0
        var tensorFindings: [(TensorName, ShardFinding)] = []
        for file in headers.keys.sorted() {
            guard let header = headers[file] else { continue }
            for tensor in header.tensors {
                // Sizes are bounded by files, a sum of them is not.
                total = total.addingReportingOverflow(tensor.byteCount).overflow ? .max : total + tensor.byteCount
                if let other = places[tensor.name] {
                    tensorFindings.append((tensor.name, .duplicateTensor(tensor.name, other, file)))
                } else {
                    places[tensor.name] = file
                }
            }
        }
        var indexed: Set<TensorName> = []
        for entry in index.tensors {
            indexed.insert(entry.tensor)
            if headers[entry.file]?[entry.tensor] != nil { continue }
            if let found = places[entry.tensor] {
                tensorFindings.append(
                    (entry.tensor, .misplacedTensor(entry.tensor, expectedIn: entry.file, foundIn: found)))
            } else if headers[entry.file] != nil {
                // Of a file that is missing or invalid nothing is known; that is a finding of its own.
                tensorFindings.append((entry.tensor, .missingTensor(entry.tensor, expectedIn: entry.file)))
            }
        }
        for (name, file) in places where !indexed.contains(name) {
            tensorFindings.append((name, .strayTensor(name, foundIn: file)))
        }
        findings += tensorFindings.sorted { $0.0 < $1.0 }.map(\.1)
        let complete = Set(headers.keys).isSuperset(of: index.files)
        if complete, let expected = index.totalSize, expected != total {
            findings.append(.wrongTotalSize(expected: expected, found: total))
        }
    }
}
