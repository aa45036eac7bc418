// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
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
        let headers = try await Inspection.headers(wanted, files, connections: session.settings.connections)
        let models = groups.map { Inspection.model($0, files, headers) }
        let parts = Set(wanted + groups.compactMap { $0.index?.entry })
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
            target: target.text, origin: files.origin, models: models, others: others, unnamed: files.unnamed)
    }

    /// What became of the header of a file.
    enum Outcome: Sendable {
        case read(Header, padding: UInt64)
        case failed(String)
    }

    /// Reads the headers of files, several at a time.
    static func headers(_ places: [Int], _ files: ModelFiles, connections: Int) async throws -> [Int: Outcome] {
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            var waiting = places.makeIterator()
            func start() {
                guard let place = waiting.next() else { return }
                group.addTask { (place, try await header(place, files)) }
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
    static func header(_ place: Int, _ files: ModelFiles) async throws -> Outcome {
        try Task.checkCancellation()
        let entry = files.entries[place]
        let size = UInt64(entry.size.value)
        do {
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
            let entry = files.entries[place]
            guard case .read(let header, let padding) = headers[place] else {
                let reason = if case .failed(let reason) = headers[place] { reason } else { "it was not read" }
                return InspectionReport.File(
                    name: entry.name, size: entry.size, layout: nil, problem: reason, findings: [], findingCount: 0,
                    tensors: [])
            }
            for tensor in header.tensors {
                let type = tensor.type.rawValue
                var share = shares[type] ?? InspectionReport.TypeShare(type: type)
                share.tensors += 1
                share.elements = share.elements.addingClamped(tensor.elementCount)
                share.bytes = share.bytes.addingClamped(tensor.byteCount)
                shares[type] = share
            }
            return file(entry, header, padding)
        }
        let (findings, count) = findings(group, files, headers)
        return InspectionReport.Model(
            name: group.name, container: group.container, hasIndex: group.index != nil || group.problem != nil,
            problem: group.problem,
            files: reports, findings: findings, findingCount: count,
            types: shares.values.sorted { ($1.bytes, $0.type) < ($0.bytes, $1.type) })
    }

    private static func file(
        _ entry: ModelFiles.Entry, _ header: Header, _ padding: UInt64
    ) -> InspectionReport.File {
        InspectionReport.File(
            name: entry.name, size: entry.size,
            layout: InspectionReport.Layout(
                dataStart: header.dataStart, padding: padding,
                alignment: 1 << min(12, header.dataStart.trailingZeroBitCount), metadata: header.metadata ?? [],
                tensorCount: header.tensors.count),
            problem: nil, findings: header.findings.map { .init(rule: $0.rule, message: $0.message) },
            findingCount: header.findingCount,
            tensors: header.tensors.map { tensor in
                InspectionReport.Tensor(
                    name: tensor.name, type: tensor.type.rawValue, shape: tensor.shape, size: tensor.byteCount,
                    offset: header.dataStart + tensor.offsets.lowerBound)
            })
    }

    /// Where index, headers and files do not agree.
    private static func findings(
        _ group: ModelGroup, _ files: ModelFiles, _ outcomes: [Int: Outcome]
    ) -> ([InspectionReport.Finding], Int) {
        guard let index = group.index?.content else { return seriesFindings(group, outcomes) }
        var headers: [RelativePath: Header] = [:]
        var invalid: [RelativePath: String] = [:]
        for (place, name) in group.names {
            switch outcomes[place] {
            case .read(let header, _): headers[name] = header
            case .failed(let reason): invalid[name] = reason
            case nil: break
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

    /// What is wrong with numbered files that no index puts together.
    private static func seriesFindings(
        _ group: ModelGroup, _ outcomes: [Int: Outcome]
    ) -> ([InspectionReport.Finding], Int) {
        guard let expected = group.expectedFiles else { return ([], 0) }
        var findings = [InspectionReport.Finding(rule: "no-index", message: "no index puts these files together")]
        if group.files.count != expected {
            findings.append(
                .init(
                    rule: "missing-file",
                    message: "the names say that there are \(expected) files; found: \(group.files.count)"))
        }
        var seen: Set<TensorName> = []
        var doubled: Set<TensorName> = []
        for place in group.files {
            guard case .read(let header, _) = outcomes[place] else { continue }
            for tensor in header.tensors where !seen.insert(tensor.name).inserted { doubled.insert(tensor.name) }
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
