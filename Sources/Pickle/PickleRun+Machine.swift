// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

extension PickleRun {
    /// Interprets one stream, from its first instruction to its `STOP`.
    mutating func interpret(at place: UInt64) throws(PickleError) -> PickleStream {
        var decoder = PickleDecoder(
            source, at: place, limits: options.limits, enforcesFrames: options.enforcesFrames)
        var state = PickleState()
        state.reserve(Int(min(size / 8, 32)))
        // Places in the graph are 32 bits wide; this keeps them so.
        let memory = min(options.limits.memory, 32 << 30)
        while true {
            if let (opcode, number, offset) = decoder.plain() {
                try count(opcode, offset, &state, memory: memory)
                try execute(opcode, number, offset, &state)
                continue
            }
            guard let instruction = try decoder.next() else { break }
            try count(instruction.opcode, instruction.offset, &state, memory: memory)
            if instruction.opcode == .stop {
                let result = try pop(&state, instruction)
                let left = state.stack.count + state.marks.count
                if left > 0 { note(.leftover(left), instruction) }
                return PickleStream(
                    start: place, end: decoder.position, protocolVersion: state.version, result: result,
                    opcodes: state.opcodes)
            }
            try execute(instruction, &state)
            if instruction.opcode == .build, options.interleavedArrays, let wrapper = arrayWrapper(state.stack.last) {
                let end = try skipArray(of: wrapper, at: decoder.position, instruction)
                guard decoder.move(to: end) else { throw error(.frameCrossed, instruction) }
            }
        }
        throw PickleError(.noStop, at: decoder.position)
    }

    /// Counts an instruction against the budgets.
    @inline(__always)
    private mutating func count(
        _ opcode: PickleOpcode, _ offset: UInt64, _ state: inout PickleState, memory: UInt64
    ) throws(PickleError) {
        state.opcodes += 1
        opcodes += 1
        if opcodes > options.limits.opcodes {
            throw PickleError(.limit("instructions", options.limits.opcodes), at: offset, opcode: opcode)
        }
        if opcodes & 0xFFF == 0, graph.memory + state.memory > memory {
            throw PickleError(.limit("bytes of memory", memory), at: offset, opcode: opcode)
        }
        if weightsOnly == nil, !opcode.isKnownToWeightsOnly {
            weightsOnly = PickleWeightsOnlyRefusal(opcode: opcode, offset: offset)
        }
    }

    func error(_ problem: PickleProblem, _ instruction: PickleInstruction) -> PickleError {
        PickleError(problem, at: instruction.offset, opcode: instruction.opcode)
    }

    // MARK: The stack

    func pop(_ state: inout PickleState, _ instruction: PickleInstruction) throws(PickleError) -> PickleValue {
        guard let value = state.pop() else { throw error(.stackUnderflow, instruction) }
        return value
    }

    /// Takes the topmost mark away and says where it was.
    private func mark(_ state: inout PickleState, _ instruction: PickleInstruction) throws(PickleError) -> Int {
        guard let mark = state.marks.popLast() else { throw error(.missingMark, instruction) }
        return mark
    }

    /// The value under the last `count` ones, which stays.
    private func target(
        _ state: PickleState, under count: Int, _ instruction: PickleInstruction
    ) throws(PickleError) -> PickleValue {
        guard state.stack.count - count > state.fence else { throw error(.stackUnderflow, instruction) }
        return state.stack[state.stack.count - count - 1]
    }

    // MARK: The instructions

    /// What `PickleDecoder.plain` read: constants here, without the detour of an argument; everything else as below.
    @inline(__always)
    private mutating func execute(
        _ opcode: PickleOpcode, _ number: UInt64, _ offset: UInt64, _ state: inout PickleState
    ) throws(PickleError) {
        switch opcode {
        case .binFloat: state.stack.append(.float(Double(bitPattern: number.byteSwapped)))
        case .binInt1, .binInt2: state.stack.append(.integer(Int64(number)))
        case .binInt: state.stack.append(.integer(Int64(Int32(truncatingIfNeeded: number))))
        case .binGet, .binPut, .longBinGet, .longBinPut:
            try execute(
                PickleInstruction(opcode: opcode, argument: .integer(Int64(number)), offset: offset), &state)
        default: try execute(PickleInstruction(opcode: opcode, argument: .none, offset: offset), &state)
        }
    }

    private mutating func execute(
        _ instruction: PickleInstruction, _ state: inout PickleState
    ) throws(PickleError) {
        switch instruction.opcode {
        case .stop, .frame: break
        case .proto:
            if state.opcodes > 1 { note(.misplacedProtocol, instruction) }
            if case .integer(let version) = instruction.argument { state.version = Int(version) }
        case .mark:
            guard state.marks.count < options.limits.marks else {
                throw error(.limit("open marks", UInt64(clamping: options.limits.marks)), instruction)
            }
            state.marks.append(state.stack.count)
        case .pop:
            if state.marks.last == state.stack.count {
                state.marks.removeLast()
            } else {
                _ = try pop(&state, instruction)
            }
        case .popMark:
            let mark = try mark(&state, instruction)
            state.stack.removeSubrange(mark...)
        case .dup:
            sharedReads += 1
            state.stack.append(try target(state, under: 0, instruction))
        case .none: state.stack.append(.none)
        case .newTrue: state.stack.append(.bool(true))
        case .newFalse: state.stack.append(.bool(false))
        case .int, .binInt, .binInt1, .binInt2, .long, .long1, .long4, .float, .binFloat, .string, .binString,
            .shortBinString, .unicode, .binUnicode, .shortBinUnicode, .binUnicode8, .binBytes, .shortBinBytes,
            .binBytes8, .byteArray8:
            state.stack.append(constant(instruction))
        case .emptyTuple, .emptyList, .emptyDict, .emptySet:
            let kind: PickleGraph.Kind =
                switch instruction.opcode {
                case .emptyTuple: .tuple
                case .emptyList: .list
                case .emptyDict: .dictionary
                default: .set
                }
            state.stack.append(graph.add(kind, opcode: instruction.opcode, offset: instruction.offset))
        case .tuple1, .tuple2, .tuple3:
            let count = Int(instruction.opcode.rawValue - PickleOpcode.tuple1.rawValue) + 1
            guard state.stack.count - count >= state.fence else { throw error(.stackUnderflow, instruction) }
            gather(.tuple, from: state.stack.count - count, &state, instruction)
        case .tuple: gather(.tuple, from: try mark(&state, instruction), &state, instruction)
        case .list: gather(.list, from: try mark(&state, instruction), &state, instruction)
        case .frozenSet:
            let mark = try mark(&state, instruction)
            checkHashable(state.stack[mark...], step: 1, instruction)
            gather(.frozenSet, from: mark, &state, instruction)
        case .dict:
            let mark = try mark(&state, instruction)
            guard (state.stack.count - mark) % 2 == 0 else { throw error(.oddItems, instruction) }
            checkHashable(state.stack[mark...], step: 2, instruction)
            gather(.dictionary, from: mark, &state, instruction)
        case .append:
            let target = try target(state, under: 1, instruction)
            write(to: target, state.stack[(state.stack.count - 1)...], instruction)
            state.stack.removeLast()
        case .setItem:
            let target = try target(state, under: 2, instruction)
            write(to: target, state.stack[(state.stack.count - 2)...], instruction)
            state.stack.removeLast(2)
        case .appends, .setItems, .addItems:
            let mark = try mark(&state, instruction)
            guard mark > state.fence else { throw error(.stackUnderflow, instruction) }
            let count = state.stack.count - mark
            guard instruction.opcode != .setItems || count % 2 == 0 else { throw error(.oddItems, instruction) }
            write(to: state.stack[mark - 1], state.stack[mark...], instruction)
            state.stack.removeLast(count)
        case .get, .binGet, .longBinGet:
            let index = index(instruction)
            guard let value = state.memo(at: index) else { throw error(.unsetMemo(index), instruction) }
            // Globals have no parts, so that references to them cost no walk anything.
            if let kind = graph.entry(value)?.kind, kind != .global { sharedReads += 1 }
            state.stack.append(value)
        case .put, .binPut, .longBinPut:
            let index = index(instruction)
            if index > size { note(.memoIndex(index), instruction) }
            state.setMemo(try target(state, under: 0, instruction), at: index)
        case .memoize: state.setMemo(try target(state, under: 0, instruction), at: state.memoCount)
        case .global:
            guard case .names(let module, let name) = instruction.argument else { break }
            state.stack.append(importing(module: module, name: name, isMapped: state.version < 3, instruction))
        case .stackGlobal:
            let name = try pop(&state, instruction)
            let module = try pop(&state, instruction)
            state.stack.append(stackGlobal(module, name, isMapped: state.version < 3, instruction))
        case .reduce, .newObj, .newObjEx, .obj, .inst: try call(instruction, &state)
        case .build:
            let target = try target(state, under: 1, instruction)
            build(target, try pop(&state, instruction), instruction)
        case .persid, .binPersid:
            let id: PickleValue =
                if case .bytes(let bytes) = instruction.argument {
                    .string(graph.keep(bytes, from: instruction.offset))
                } else {
                    try pop(&state, instruction)
                }
            let object = graph.addHolder(
                .persistent, id, opcode: instruction.opcode, offset: instruction.offset)
            state.stack.append(containerClass(id) ?? object)
        case .ext1, .ext2, .ext4:
            guard case .integer(let code) = instruction.argument, code > 0 else {
                throw error(.extensionCode, instruction)
            }
            note(.extensionCode(code), instruction)
            state.stack.append(
                graph.addHolder(
                    .extensionCode, .integer(code), opcode: instruction.opcode, offset: instruction.offset))
        case .nextBuffer:
            note(.outOfBandBuffer, instruction)
            state.stack.append(graph.add(.buffer, opcode: instruction.opcode, offset: instruction.offset))
        case .readonlyBuffer:
            switch try target(state, under: 0, instruction) {
            case .bytes: break
            case let value where [.buffer, .byteArray].contains(graph.entry(value)?.kind): break
            default: note(.impossible(.operand("a buffer")), instruction)
            }
        }
    }

    private func index(_ instruction: PickleInstruction) -> UInt64 {
        if case .integer(let index) = instruction.argument { UInt64(clamping: index) } else { 0 }
    }

    private mutating func constant(_ instruction: PickleInstruction) -> PickleValue {
        let data: PickleData
        switch instruction.argument {
        case .integer(let value): return .integer(value)
        case .bool(let value): return .bool(value)
        case .float(let value): return .float(value)
        case .bigInteger(let bytes): return .bigInteger(graph.keep(bytes, from: instruction.offset))
        case .bytes(let bytes): data = graph.keep(bytes, from: instruction.offset)
        case .range(let range): data = graph.keep(range, from: instruction.offset)
        case .none, .names: return .none
        }
        switch instruction.opcode {
        case .string, .binString, .shortBinString: return .byteString(data)
        case .unicode, .binUnicode, .shortBinUnicode, .binUnicode8: return .string(data)
        case .long4: return .bigInteger(data)
        case .byteArray8:
            return graph.add(
                .byteArray, opcode: instruction.opcode, offset: instruction.offset, detail: data.index)
        default: return .bytes(data)
        }
    }

    /// Makes the values from `place` on into one container.
    private mutating func gather(
        _ kind: PickleGraph.Kind, from place: Int, _ state: inout PickleState, _ instruction: PickleInstruction
    ) {
        let value: PickleValue
        if kind == .tuple || kind == .frozenSet {
            value = graph.addFixed(
                kind, state.stack[place...], opcode: instruction.opcode, offset: instruction.offset)
        } else {
            value = graph.add(kind, opcode: instruction.opcode, offset: instruction.offset)
            if case .node(let node) = value { graph.extendItems(of: node, state.stack[place...]) }
        }
        state.stack.removeSubrange(place...)
        state.stack.append(value)
    }
}
