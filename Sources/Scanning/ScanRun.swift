// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Pickle

/// One scan on its way: what was found so far, and what it may still cost.
struct ScanRun {
    let options: ScanOptions
    var findings = ScanFindings()
    private(set) var imports: Set<String> = []
    private var refused: Set<String>?
    var members = 0
    var unread: UInt64 = 0
    var expanded: UInt64 = 0

    init(options: ScanOptions) { self.options = options }

    func result(_ kind: ContentKind) -> FileScan {
        let sorted = findings.findings.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.verdict != b.verdict { return a.verdict > b.verdict }
            if a.rule.severity != b.rule.severity { return a.rule.severity > b.rule.severity }
            return left.offset < right.offset
        }.map(\.element)
        return FileScan(
            kind: kind, verdict: findings.verdict, findings: sorted, isCut: findings.isCut,
            imports: imports.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
            refusedByWeightsOnly: refused.map { $0.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } },
            unread: unread, members: members)
    }

    /// Scans one content; what cannot be had because it ends too early is a finding, not an error.
    mutating func scan(
        _ source: any ByteSource, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) -> ContentKind {
        guard depth <= options.depth else {
            findings.add(.archiveBomb, place, "containers are nested more than \(options.depth) deep")
            return .binary
        }
        do throws(ByteError) {
            return try dispatch(source, name: name, at: place, depth: depth)
        } catch {
            switch error {
            case .absent: throw error
            // A member that cannot be unpacked says so in this form; a disk that fails fails for the whole file.
            case .unreadable where depth == 0: throw error
            default:
                findings.add(.contentUnreadable, place, "cannot be read: \(Escaped(error.description))")
                return .binary
            }
        }
    }

    private mutating func dispatch(
        _ source: any ByteSource, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) -> ContentKind {
        guard source.size > 0 else { return .empty }
        let fileName = FileName(name)
        let content = try Content.detect(source, name: fileName)
        if content.kind != .zip { try checkTail(source, content, name: name, at: place, depth: depth) }
        let promise = fileName.promise
        if promise == .tensors, content.kind != .safetensors, content.kind != .gguf {
            lie(content.kind, name, place)
        }
        if content.isPickleToo {
            findings.add(
                .contentPolyglot, place,
                "a file of the kind `\(content.kind.rawValue)` is also a pickle that makes calls")
            try pickle(source, name: name, at: place)
        }
        switch content.kind {
        case .pickle: try pickle(source, name: name, at: place)
        case .numpy: try numpy(source, name: name, at: place, depth: depth)
        case .safetensors: try safetensors(source, at: place)
        case .zip: return try zip(source, name: name, at: place, depth: depth)
        case .tar: try tar(source, at: place, depth: depth)
        case .packed: try packed(source, content.container, name: name, at: place, depth: depth)
        case .unopened:
            guard let container = content.container else {
                try ContainerCheck.check(source, name: name, at: place, into: &findings)
                break
            }
            findings.add(.archiveUnopened, place, "a container of the kind `\(container.rawValue)` is not opened")
        case .gguf: try GGUFCheck.check(source, name: name, at: place, into: &findings)
        case .hdf5: try HDF5Check.check(source, name: name, at: place, into: &findings)
        case .onnx: try ONNXCheck.check(source, name: name, at: place, into: &findings)
        case .savedModel: try SavedModelCheck.check(source, name: name, at: place, into: &findings)
        case .executable: try ExecutableCheck.check(source, name: name, at: place, into: &findings)
        case .text: try text(source, name: name, promise, at: place)
        case .binary:
            if promise == .pickle {
                unreadable(name, place)
            } else {
                findings.add(.contentUnknown, place, "binary content of no known kind")
            }
        case .media: if promise == .pickle { unreadable(name, place) }
        case .empty, .storage, .torch, .torchScript: break
        }
        return content.kind
    }

    private mutating func unreadable(_ name: String, _ place: ScanPlace) {
        findings.add(.contentUnreadable, place, "`\(Escaped(name, limit: 200))` is neither a pickle nor an archive")
    }

    /// A text: code, a configuration, a template, a list of packages; or what stands where the real file should be.
    private mutating func text(
        _ source: any ByteSource, name: String, _ promise: FileName.Promise, at place: ScanPlace
    ) throws(ByteError) {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 64)))
        if head.starts(with: "version https://git-lfs.github.com/spec/v1".utf8), source.size < 1024 {
            findings.add(.contentPointer, place, "a pointer of Git LFS: the file itself is not here")
            return
        }
        try TextCheck.check(source, name: name, at: place, into: &findings, repository: options.repository)
        guard promise == .pickle else { return }
        if FileName(name).suffix == "pth" {
            findings.add(
                .contentUnreadable, place, "text, which PyTorch does not load, and Python reads as a list of paths",
                verdict: .review)
        } else {
            unreadable(name, place)
        }
    }

    /// A file that promises tensors without code, and is something else.
    private mutating func lie(_ kind: ContentKind, _ name: String, _ place: ScanPlace) {
        let quoted = Escaped(name, limit: 200)
        switch kind {
        case .pickle, .zip, .tar, .packed, .executable, .hdf5, .numpy:
            findings.add(.nameLies, place, "`\(quoted)` is not what its name says, but of the kind `\(kind.rawValue)`")
        default: findings.add(.contentUnreadable, place, "`\(quoted)` is not what its name says")
        }
    }

    // MARK: - Pickles

    /// Scans all pickles of a content and takes over what was found.
    mutating func pickle(
        _ source: any ByteSource, name: String, at place: ScanPlace, context: PickleContext = PickleContext()
    ) throws(ByteError) {
        var options = options.pickle
        var report = try Pickle.scan(source, options: options, context: context)
        if report.imports.contains(where: { $0.global.matches("joblib.numpy_pickle", "NumpyArrayWrapper") }) {
            // Arrays lie between the instructions; read as a plain pickle, it ends at the first of them.
            options.interleavedArrays = true
            report = try Pickle.scan(source, options: options, context: context)
        }
        take(report, at: place)
    }

    mutating func take(_ report: PickleReport, at place: ScanPlace) {
        for finding in report.findings {
            let opcode = finding.opcode.map { " (`\($0.name)`)" } ?? ""
            findings.add(
                .pickle(finding.rule), place.at(finding.offset), finding.reason + opcode, name: finding.name,
                verdict: Verdict(finding.verdict))
        }
        imports.formUnion(
            report.imports.prefix(ScanFindings.limit).map { Escaped($0.global.qualifiedName).description })
        var names = Set(report.weightsOnly.refusedNames)
        if let refusal = report.weightsOnly.refusedInstruction { names.insert("opcode \(refusal.opcode.name)") }
        refused = (refused ?? []).union(names)
    }
}
