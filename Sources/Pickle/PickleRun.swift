// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Interprets the pickles of a source one after the other into one graph.
struct PickleRun {
    let source: any ByteSource
    /// The size of `source`.
    let size: UInt64
    let options: PickleOptions
    var graph: PickleGraph
    var streams: [PickleStream] = []
    var ending = PickleEnding.complete
    var imports: [(index: UInt32, offset: UInt64, opcode: PickleOpcode, count: Int)] = []
    var globalIndex: [GlobalKey: Int] = [:]
    var violations: [PickleViolation] = []
    var weightsOnly: PickleWeightsOnlyRefusal?
    var opcodes: UInt64 = 0
    /// How often an object was taken from the memo or doubled: without that, nothing can refer to itself.
    var sharedReads: UInt64 = 0
    /// How often `getattr` took a method that is as good as an import.
    var methods: UInt64 = 0
    /// How deep one object array of joblib lies in another.
    var arrayDepth = 0

    /// The names as the pickle writes them, and whether they are mapped.
    struct GlobalKey: Hashable {
        var module: [UInt8]
        var name: [UInt8]
        var isMapped: Bool
    }

    init(source: any ByteSource, options: PickleOptions) {
        self.source = source
        size = source.size
        self.options = options
        graph = PickleGraph(source: source)
        graph.reserve(Int(min(size / 8, 32)))
    }

    /// The result for the caller.
    func document() -> PickleDocument {
        PickleDocument(
            graph: graph, streams: streams, ending: ending,
            imports: imports.map {
                PickleImport(
                    global: graph.globals[Int($0.index)], offset: $0.offset, opcode: $0.opcode, count: $0.count)
            },
            violations: violations, refusedByWeightsOnly: weightsOnly, opcodes: opcodes, sharedReads: sharedReads,
            methods: methods)
    }

    /// Reads streams until the data, the number that was asked for, or the sense ends.
    mutating func execute(from offset: UInt64) throws(ByteError) {
        let wanted = options.streams ?? options.limits.streams
        var place = offset
        while streams.count < wanted {
            if !streams.isEmpty {
                guard let next = try firstByte(from: place) else {
                    ending = place >= source.size ? .complete : .padded(from: place)
                    return
                }
                // Padding between streams is stepped over, as whoever looks for the next pickle would.
                if options.streams == nil { place = next }
            }
            do throws(PickleError) {
                let stream = try interpret(at: place)
                streams.append(stream)
                place = stream.end
            } catch {
                if case .bytes(let cause) = error.problem {
                    switch cause {
                    case .absent, .unreadable: throw cause
                    case .truncated, .overLimit: break
                    }
                }
                ending = streams.isEmpty ? .failed(error) : .trailing(from: place, error)
                return
            }
        }
        if place >= source.size {
            ending = .complete
        } else if options.streams != nil {
            ending = .stopped(next: place)
        } else {
            ending = .failed(PickleError(.limit("streams", UInt64(wanted)), at: place))
        }
    }

    /// The first byte that is neither zero nor white space; nil when there is none.
    private func firstByte(from place: UInt64) throws(ByteError) -> UInt64? {
        var place = place
        while place < source.size {
            let bytes = try source.bytes(at: place, count: Int(min(4096, source.size - place)))
            let index = bytes.firstIndex { $0 != 0 && $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
            if let index { return place + UInt64(index) }
            place += UInt64(bytes.count)
        }
        return nil
    }

    // MARK: What the machine writes down

    mutating func note(_ kind: PickleViolation.Kind, _ instruction: PickleInstruction) {
        guard violations.count < options.limits.findings else { return }
        violations.append(PickleViolation(kind: kind, opcode: instruction.opcode, offset: instruction.offset))
    }

    /// Imports a name; the same name is described once.
    mutating func importing(
        module: [UInt8], name: [UInt8], isMapped: Bool, _ instruction: PickleInstruction
    ) -> PickleValue {
        let key = GlobalKey(module: module, name: name, isMapped: isMapped)
        let index: Int
        if let known = globalIndex[key] {
            index = known
            imports[index].count += 1
        } else {
            let new = isMapped ? PythonNames.replacement(module: module, name: name) : nil
            index = imports.count
            globalIndex[key] = index
            imports.append((UInt32(graph.globals.count), instruction.offset, instruction.opcode, 1))
            graph.globals.append(
                PickleGlobal(
                    moduleBytes: new?.module ?? module, nameBytes: new?.name ?? name,
                    writtenModule: new == nil ? nil : String(decoding: module, as: UTF8.self),
                    writtenName: new == nil ? nil : String(decoding: name, as: UTF8.self)))
        }
        return graph.add(
            .global, opcode: instruction.opcode, offset: instruction.offset, detail: imports[index].index)
    }
}
