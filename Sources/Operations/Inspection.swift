// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Conversion
internal import GGUF
internal import Safetensors

/// `weighlock inspect`: what the headers of a model's files say, read in kilobytes from wherever the files are.
///
/// What comes from a repository was not checked against a digest: a digest covers whole files, and only their beginnings
/// are read.
package struct Inspection: Sendable {
    let session: Session
    let project: Project

    /// What most headers fit into.
    private static let firstRead: UInt64 = 64 * 1024

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Inspects a target.
    ///
    /// - Throws: when the target itself is not there or a server fails. A file that cannot be read is a problem in the
    ///   report.
    package func run(_ target: ModelTarget) async throws -> InspectionReport {
        let files = try await ModelFiles(target, session, project)
        let groups = try await ModelGroup.groups(files)
        let wanted = Set(groups.flatMap(\.files)).sorted()
        let kinds = Dictionary(groups.flatMap { group in group.files.map { ($0, group.container) } }) { first, _ in
            first
        }
        let headers = try await Inspection.headers(
            wanted, kinds, files, connections: session.settings.connections)
        let models = groups.filter { group in
            guard group.isGuess(files) else { return true }
            return !group.files.allSatisfy { if case .other = headers[$0] { true } else { false } }
        }
        let parts = Set(models.flatMap(\.files) + models.compactMap { $0.index?.entry })
        let indexes = Set(groups.filter { $0.problem != nil }.map { TensorName($0.name) })
        var others: [InspectionReport.OtherFile] = []
        if files.focus == nil {
            for (place, entry) in files.entries.enumerated()
            where !parts.contains(place) && !indexes.contains(TensorName(entry.name)) {
                others.append(
                    InspectionReport.OtherFile(name: entry.name, size: entry.size, component: entry.component))
            }
        }
        others.sort {
            $0.component == $1.component
                ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : $0.component < $1.component
        }
        return InspectionReport(
            target: target.text, origin: files.origin, models: models.map { Inspection.model($0, files, headers) },
            others: others, unnamed: files.unnamed)
    }

    /// What became of the header of a file.
    enum Outcome: Sendable {
        case read(Header, padding: UInt64)
        case checkpoint(CheckpointContents)
        case gguf(GGUFHeader)
        case failed(String)
        /// It is none of the containers.
        case other(String)
    }

    /// Reads the headers of files, several at a time.
    static func headers(
        _ places: [Int], _ kinds: [Int: InspectionReport.Container], _ files: ModelFiles, connections: Int
    ) async throws -> [Int: Outcome] {
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            var waiting = places.makeIterator()
            func start() {
                guard let place = waiting.next() else { return }
                group.addTask { (place, try await header(place, kinds[place] ?? .safetensors, files)) }
            }
            for _ in 0..<max(1, connections) { start() }
            var found: [Int: Outcome] = [:]
            while let (place, outcome) = try await group.next() {
                found[place] = outcome
                start()
            }
            return found
        }
    }

    @concurrent
    static func header(
        _ place: Int, _ kind: InspectionReport.Container, _ files: ModelFiles
    ) async throws -> Outcome {
        try Task.checkCancellation()
        let entry = files.entries[place]
        let size = UInt64(entry.size.value)
        do {
            if kind != .safetensors { return try await container(place, kind, files) }
            let first = min(size, firstRead)
            var bytes = try await files.read(place, 0..<first)
            let needed = 8 + UInt64(try Header.length(prefix: bytes.span, fileSize: size))
            if needed > first { bytes += try await files.read(place, first..<needed) }
            let header = try Header(parsing: bytes.span, fileSize: size)
            let json = bytes[8..<Int(header.dataStart)]
            return .read(header, padding: UInt64(json.reversed().prefix { $0 == UInt8(ascii: " ") }.count))
        } catch let error as HeaderError {
            return .failed(error.message)
        } catch let failure as Failure {
            // What this machine cannot read is a fact about one file; what a server does wrong ends the command.
            if case .remote = entry.source { throw failure }
            if case .absent = entry.source { return .failed("it is not in the store") }
            return .failed(failure.message)
        }
    }

    private static func model(
        _ group: ModelGroup, _ files: ModelFiles, _ headers: [Int: Outcome]
    ) -> InspectionReport.Model {
        var shares: [String: InspectionReport.TypeShare] = [:]
        let reports = group.files.map { place -> InspectionReport.File in
            let report = InspectionReport.File(files.entries[place], headers[place])
            for tensor in report.tensors {
                var share = shares[tensor.type] ?? InspectionReport.TypeShare(type: tensor.type)
                share.tensors += 1
                share.elements = share.elements.addingClamped(tensor.elementCount)
                share.bytes = share.bytes.addingClamped(tensor.size ?? 0)
                shares[tensor.type] = share
            }
            return report
        }
        let (findings, count) = findings(group, files, headers)
        return InspectionReport.Model(
            name: group.name, container: group.container, hasIndex: group.index != nil || group.problem != nil,
            problem: group.problem,
            files: reports, findings: findings, findingCount: count,
            types: shares.values.sorted { ($1.bytes, $0.type) < ($0.bytes, $1.type) })
    }

    /// Where index, headers and files do not agree.
    private static func findings(
        _ group: ModelGroup, _ files: ModelFiles, _ outcomes: [Int: Outcome]
    ) -> ([InspectionReport.Finding], Int) {
        guard let index = group.index?.content else { return seriesFindings(group, outcomes) }
        guard group.container == .safetensors else { return indexFindings(group, index, files, outcomes) }
        var headers: [RelativePath: Header] = [:]
        var invalid: [RelativePath: String] = [:]
        for (place, name) in group.names {
            switch outcomes[place] {
            case .read(let header, _): headers[name] = header
            case .failed(let reason), .other(let reason): invalid[name] = reason
            case .checkpoint, .gguf, nil: break
            }
        }
        let check = ShardCheck(index, headers: headers)
        // A file that is there and cannot be read is a problem of its own, not a missing one.
        var findings = check.findings.filter { finding in
            if case .missingFile(let file) = finding { invalid[file] == nil } else { true }
        }
        let count = check.findingCount - (check.findings.count - findings.count) + group.strays.count
        findings = Array((findings + group.strays.sorted().map { .strayFile($0) }).prefix(ShardCheck.limit))
        return (findings.map { .init(rule: $0.rule, message: $0.message) }, count)
    }

    /// Where the index of checkpoints and the checkpoints do not agree. Its total counts tied tensors or not, as its writer liked.
    private static func indexFindings(
        _ group: ModelGroup, _ index: ShardIndex, _ files: ModelFiles, _ outcomes: [Int: Outcome]
    ) -> ([InspectionReport.Finding], Int) {
        var held: [RelativePath: Set<TensorName>] = [:]
        for (place, name) in group.names {
            held[name] = []
            guard case .checkpoint(let contents) = outcomes[place] else { continue }
            held[name] = Set(contents.items.keys).union(contents.shared.map(\.name))
        }
        var findings: [ShardFinding] = index.files.filter { held[$0] == nil }.map { .missingFile($0) }
        var count = findings.count
        for entry in index.tensors {
            // A file without a tensor could not be read, which is a problem of its own.
            guard let names = held[entry.file], !names.isEmpty, !names.contains(entry.tensor) else { continue }
            count += 1
            if findings.count < ShardCheck.limit {
                findings.append(.missingTensor(entry.tensor, expectedIn: entry.file))
            }
        }
        count += group.strays.count
        findings = Array((findings + group.strays.sorted().map { .strayFile($0) }).prefix(ShardCheck.limit))
        return (findings.map { .init(rule: $0.rule, message: $0.message) }, count)
    }

    /// What is wrong with numbered files that no index puts together. Split GGUF files never have one.
    private static func seriesFindings(
        _ group: ModelGroup, _ outcomes: [Int: Outcome]
    ) -> ([InspectionReport.Finding], Int) {
        guard let expected = group.expectedFiles else { return ([], 0) }
        var findings: [InspectionReport.Finding] = []
        if group.container != .gguf {
            findings.append(.init(rule: "no-index", message: "no index puts these files together"))
        }
        if group.files.count != expected {
            findings.append(
                .init(
                    rule: "missing-file",
                    message: "the names say that there are \(expected) files; found: \(group.files.count)"))
        }
        var seen: Set<TensorName> = []
        var doubled: Set<TensorName> = []
        for place in group.files {
            for name in outcomes[place]?.names ?? [] where !seen.insert(name).inserted { doubled.insert(name) }
        }
        let count = findings.count + doubled.count
        for name in doubled.sorted().prefix(ShardCheck.limit - findings.count) {
            findings.append(.init(rule: "duplicate-tensor", message: "tensor `\(name)` is in two files"))
        }
        return (findings, count)
    }
}

extension HeaderFinding {
    /// The word for what a strict reader refuses.
    var rule: String {
        switch self {
        case .leadingWhitespace: "leading-whitespace"
        case .paddingNotSpaces: "padding-not-spaces"
        case .duplicateTensor: "duplicate-tensor"
        case .duplicateMetadataKey: "duplicate-metadata-key"
        case .nullMetadata: "null-metadata"
        case .unknownField: "unknown-field"
        case .entryAsArray: "entry-as-array"
        case .typeAsObject: "type-as-object"
        case .misalignedData: "misaligned-data"
        case .misalignedTensor: "misaligned-tensor"
        }
    }
}

extension ShardFinding {
    /// The word for where index, headers and files do not agree.
    var rule: String {
        switch self {
        case .missingFile: "missing-file"
        case .invalidFile: "invalid-file"
        case .missingTensor: "missing-tensor"
        case .misplacedTensor: "misplaced-tensor"
        case .strayTensor: "stray-tensor"
        case .duplicateTensor: "duplicate-tensor"
        case .strayFile: "stray-file"
        case .wrongTotalSize: "wrong-total-size"
        }
    }
}
