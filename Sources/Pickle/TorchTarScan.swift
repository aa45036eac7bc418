// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// A member of PyTorch's first format, a tar archive, that is neither one pickle nor several in a row.
public enum TorchTarMember: String, Sendable, Hashable {
    /// A count, so many times (a pickle of key, device and class; the number of elements in 64 bits; the elements), and a pickle of
    /// the list of views.
    case storages
    /// A count, so many times (a pickle of key, storage and class; the number of dimensions in 32 bits, and 32 more; sizes,
    /// strides and offset in 64 bits each).
    case tensors
}

/// Walks over such a member as PyTorch reads it: every pickle is interpreted, every byte between them accounted for.
struct TorchTarScan {
    /// How many storages or tensors there may be, and how many dimensions.
    private static let itemLimit: Int64 = 1_000_000
    private static let dimensionLimit: UInt64 = 64

    private let source: any ByteSource
    private let options: PickleOptions
    private var place: UInt64 = 0
    private var known: [PickleGlobal: Int] = [:]
    /// With what was found in all pickles so far.
    private(set) var judge: PickleJudge
    private(set) var imports: [PickleImport] = []
    private(set) var refused: PickleWeightsOnlyRefusal?
    private(set) var streams = 0
    private(set) var opcodes: UInt64 = 0

    /// What ends the walk.
    private enum Stop: Error {
        case bytes(ByteError)
        case broken(PickleRule, offset: UInt64, opcode: PickleOpcode? = nil, reason: String)
    }

    /// Reads the whole of a member.
    init(_ member: TorchTarMember, _ source: any ByteSource, options: PickleOptions) throws(ByteError) {
        var options = options
        options.streams = 1
        (self.source, self.options) = (source, options)
        judge = PickleJudge(
            PickleRun(source: source, options: options).document(), options: options, context: PickleContext(), depth: 0
        )
        do throws(Stop) { try read(member) } catch {
            switch error {
            case .bytes(let error): throw error
            case .broken(let rule, let offset, let opcode, let reason):
                judge.add(PickleFinding(rule, at: offset, opcode: opcode, reason))
                // What begins right there counts too.
                try Pickle.salvage(source, behind: max(1, offset) - 1, options: options, into: &judge)
            }
        }
    }

    private mutating func read(_ member: TorchTarMember) throws(Stop) {
        guard case .integer(let count)? = try next().result, count >= 0, count <= TorchTarScan.itemLimit else {
            throw .broken(.malformed, offset: 0, reason: "the number of \(member.rawValue) is none that can be")
        }
        for _ in 0..<count {
            let start = place
            let (result, graph) = try next()
            guard let parts = result.flatMap({ graph.tuple($0) }), parts.count == 3 else {
                throw .broken(.malformed, offset: start, reason: "this describes none of the \(member.rawValue)")
            }
            switch member {
            case .storages:
                guard let type = graph.global(parts[2]),
                    type.moduleBytes.elementsEqual("torch".utf8) || type.moduleBytes.elementsEqual("torch.cuda".utf8),
                    let element = LegacyTail.elementSize(type.name)
                else { throw .broken(.malformed, offset: start, reason: "a storage of a class that is not known") }
                let (length, over) = try number(of: 8).multipliedReportingOverflow(by: element)
                try skip(over ? .max : length)
            case .tensors:
                let dimensions = try number(of: 4)
                guard dimensions <= TorchTarScan.dimensionLimit else {
                    throw .broken(.malformed, offset: place - 4, reason: "a tensor of \(dimensions) dimensions")
                }
                try skip(4 + 16 * dimensions + 8)
            }
        }
        if member == .storages {
            let start = place
            let (views, graph) = try next()
            guard views.flatMap({ graph.list($0) }) != nil else {
                throw .broken(.malformed, offset: start, reason: "the list of views is missing")
            }
        }
        guard place == source.size else {
            throw .broken(.trailing, offset: place, reason: "bytes follow behind what PyTorch reads")
        }
    }

    /// Judges the pickle that stands next, and goes behind it.
    private mutating func next() throws(Stop) -> (result: PickleValue?, graph: PickleGraph) {
        let document: PickleDocument
        do throws(ByteError) {
            document = try Pickle.read(source, at: place, options: options)
            var judge = PickleJudge(document, options: options, context: PickleContext(), depth: 0)
            (judge.findings, judge.isCut) = (self.judge.findings, self.judge.isCut)
            try judge.judge()
            if case .failed(let error) = document.ending, error.isAboutFrames {
                try Pickle.readAcrossFrames(source, at: place, options: options, into: &judge)
            }
            self.judge = judge
        } catch { throw .bytes(error) }
        opcodes = opcodes.addingReportingOverflow(document.opcodes).partialValue
        refused = refused ?? document.refusedByWeightsOnly
        for item in document.imports {
            if let index = known[item.global] {
                let first = imports[index]
                imports[index] = PickleImport(
                    global: first.global, offset: first.offset, opcode: first.opcode, count: first.count + item.count)
            } else {
                known[item.global] = imports.count
                imports.append(item)
            }
        }
        if case .failed(let error) = document.ending {
            throw .broken(.malformed, offset: error.offset, opcode: error.opcode, reason: "cannot be read: \(error)")
        }
        guard let stream = document.streams.first else {
            throw .broken(.malformed, offset: place, reason: "a pickle is missing")
        }
        streams += 1
        place = stream.end
        return (stream.result, document.graph)
    }

    /// The number of so many bytes that stands next, least significant byte first.
    private mutating func number(of count: Int) throws(Stop) -> UInt64 {
        let start = place
        try skip(UInt64(count))
        do throws(ByteError) {
            return try source.bytes(at: start, count: count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        } catch { throw .bytes(error) }
    }

    /// Goes over raw numbers.
    private mutating func skip(_ count: UInt64) throws(Stop) {
        guard count <= source.size - min(place, source.size) else {
            throw .broken(.malformed, offset: place, reason: "more is declared than there is")
        }
        place += count
    }
}
