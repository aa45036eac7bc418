// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats

extension Pickle {
    /// Judges the pickles in a source, all of them, to its last byte.
    ///
    /// A PyTorch file of the old kind is recognised by what its first pickle holds, and its storages are accounted for.
    ///
    /// - Throws: only `ByteError.absent` (fetch that range, then call again) and `ByteError.unreadable`.
    public static func scan(
        _ source: any ByteSource, options: PickleOptions = PickleOptions(), context: PickleContext = PickleContext()
    ) throws(ByteError) -> PickleReport {
        try scan(source, options: options, context: context, depth: 0)
    }

    /// Judges all pickles in a member of PyTorch's first format, to its last byte, as PyTorch reads it.
    ///
    /// What is not laid out so is found malformed; the pickles behind are looked for then, as far as that goes.
    ///
    /// - Throws: only `ByteError.absent` (fetch that range, then call again) and `ByteError.unreadable`.
    public static func scan(
        _ source: any ByteSource, torchTar member: TorchTarMember, options: PickleOptions = PickleOptions()
    ) throws(ByteError) -> PickleReport {
        let scan = try TorchTarScan(member, source, options: options)
        return report(
            scan.judge, imports: scan.imports, refused: scan.refused, streams: scan.streams, opcodes: scan.opcodes)
    }

    static func scan(
        _ source: any ByteSource, options: PickleOptions, context: PickleContext, depth: Int
    ) throws(ByteError) -> PickleReport {
        var document = try read(source, options: options)
        let isLegacy = options.streams == nil && LegacyTail.isLegacy(document)
        if isLegacy {
            var five = options
            five.streams = 5
            document = try read(source, options: five)
        }
        var judge = PickleJudge(document, options: options, context: context, depth: depth)
        try judge.judge()
        var isSalvageNeeded: UInt64?
        switch document.ending {
        case .complete, .padded: break
        case .stopped(let next):
            guard isLegacy, let problem = try LegacyTail.problem(document, source) else { break }
            judge.add(PickleFinding(.trailing, at: problem.offset, problem.reason))
            isSalvageNeeded = min(next, problem.offset)
        case .trailing(let place, let error):
            if !context.allowsTrailingBytes {
                judge.add(
                    PickleFinding(
                        .trailing, at: place, opcode: error.opcode, "bytes follow that are no pickle: \(error)"))
                isSalvageNeeded = error.offset
            }
        case .failed(let error):
            if error.isAboutFrames { try readAcrossFrames(source, options: options, into: &judge) }
            judge.add(PickleFinding(.malformed, at: error.offset, opcode: error.opcode, "cannot be read: \(error)"))
            isSalvageNeeded = error.offset
        }
        if isLegacy, document.streams.count < 5, case .complete = document.ending {
            judge.add(PickleFinding(.malformed, at: source.size, "the file ends before its storages"))
        }
        // Inside a constant nothing is salvaged: the work would no longer be in proportion to the bytes.
        if depth == 0, let place = isSalvageNeeded {
            try salvage(source, behind: place, options: options, into: &judge)
        }
        return report(
            judge, imports: document.imports, refused: document.refusedByWeightsOnly, streams: document.streams.count,
            opcodes: document.opcodes, isTorchLegacy: isLegacy)
    }

    private static func report(
        _ judge: PickleJudge, imports: [PickleImport], refused: PickleWeightsOnlyRefusal?, streams: Int,
        opcodes: UInt64, isTorchLegacy: Bool = false
    ) -> PickleReport {
        let names = imports.lazy.map(\.global).filter { !GlobalNames.isAcceptedByWeightsOnly($0) }
            .prefix(judge.options.limits.findings)
        let findings = judge.findings.enumerated()
            .sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }.map(\.element)
        return PickleReport(
            verdict: findings.map(\.verdict).max() ?? .clean, findings: findings, isCut: judge.isCut,
            imports: imports,
            weightsOnly: PickleReport.WeightsOnly(
                refusedNames: names.isEmpty
                    ? []
                    : Array(Set(names.map { Excerpt.of($0.qualifiedName) })).sorted {
                        $0.utf8.lexicographicallyPrecedes($1.utf8)
                    },
                refusedInstruction: refused),
            streams: streams, opcodes: opcodes, isTorchLegacy: isTorchLegacy)
    }

    /// CPython's loader in C read across frames for years: names what it would do.
    static func readAcrossFrames(
        _ source: any ByteSource, at offset: UInt64 = 0, options: PickleOptions, into judge: inout PickleJudge
    ) throws(ByteError) {
        var options = options
        options.enforcesFrames = false
        options.streams = 1
        try adopt(try read(source, at: offset, options: options), options: options, into: &judge)
    }

    /// Takes over what is bad in another reading of the same bytes.
    private static func adopt(
        _ document: PickleDocument, options: PickleOptions, into judge: inout PickleJudge, namesOnly: Bool = false
    ) throws(ByteError) {
        guard !document.imports.isEmpty else { return }
        var other = PickleJudge(document, options: options, context: judge.context, depth: options.limits.nesting)
        try other.judge()
        for finding in other.findings where finding.verdict == .malicious || finding.verdict == .unknown {
            if namesOnly, finding.rule != .dangerousGlobal, finding.rule != .dottedGlobal { continue }
            if !judge.findings.contains(finding) { judge.add(finding) }
        }
    }

    /// Where reading had to stop, looks for pickles further on, so that the report names what they would do.
    ///
    /// The verdict does not depend on it: it is not clean any more.
    static func salvage(
        _ source: any ByteSource, behind place: UInt64, options: PickleOptions, into judge: inout PickleJudge
    ) throws(ByteError) {
        let end = min(source.size, place.addingReportingOverflow(16 << 20).partialValue)
        var (position, attempts) = (place + 1, 0)
        var inner = options
        inner.streams = 1
        inner.limits.opcodes = min(options.limits.opcodes, 1 << 16)
        // A loader that misjudges an instruction's length goes on a few bytes further.
        for start in position..<max(position, min(end, position + 64)) {
            try adopt(try read(source, at: start, options: inner), options: inner, into: &judge, namesOnly: true)
        }
        while position + 2 < end, attempts < 64 {
            let bytes = try source.bytes(at: position, count: Int(min(64 << 10, end - position)))
            var index = 0
            while index + 1 < bytes.count, attempts < 64 {
                defer { index += 1 }
                guard bytes[index] == 0x80, bytes[index + 1] <= 5 else { continue }
                attempts += 1
                let document = try read(source, at: position + UInt64(index), options: inner)
                try adopt(document, options: inner, into: &judge)
            }
            // The last byte is looked at again, as the first of a pair.
            position += UInt64(max(1, bytes.count - 1))
        }
    }
}
