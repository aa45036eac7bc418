// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// The instructions that do something beyond the stack: imports, calls, and writes into objects.
extension PickleRun {
    /// Notes keys that no dict or set takes.
    mutating func checkHashable(_ values: ArraySlice<PickleValue>, step: Int, _ instruction: PickleInstruction) {
        var place = values.startIndex
        while place < values.endIndex {
            if !isHashable(values[place], depth: 3) { return note(.impossible(.unhashable), instruction) }
            place += step
        }
    }

    /// Whether a loader can hash the value. Tuples are looked into, but neither deep nor far: this is no rule of safety.
    private func isHashable(_ value: PickleValue, depth: Int) -> Bool {
        guard let entry = graph.entry(value) else { return true }
        switch entry.kind {
        case .list, .dictionary, .set, .byteArray: return false
        case .tuple where depth > 0:
            return (0..<min(16, Int(entry.chain.count))).allSatisfy {
                isHashable(graph.items[Int(entry.chain.head) + $0], depth: depth - 1)
            }
        default: return true
        }
    }

    /// Writes values into a container. A result of a call takes all of them: what it is, its callee says.
    mutating func write(to target: PickleValue, _ values: ArraySlice<PickleValue>, _ instruction: PickleInstruction) {
        guard !values.isEmpty else { return }
        guard case .node(let node) = target else { return note(.write, instruction) }
        let kind = graph.nodes[Int(node.index)].kind
        switch instruction.opcode {
        case .append, .appends:
            guard kind == .list || kind == .call else { return note(.write, instruction) }
            graph.extendItems(of: node, values)
        case .setItem, .setItems:
            guard kind == .dictionary || kind == .call else { return note(.write, instruction) }
            checkHashable(values, step: 2, instruction)
            graph.extendPairs(of: node, values)
        default:
            guard kind == .set || kind == .call else { return note(.write, instruction) }
            checkHashable(values, step: 1, instruction)
            graph.extendItems(of: node, values)
        }
    }

    /// `STACK_GLOBAL`: both names must be constants, or nobody can tell what is imported.
    mutating func stackGlobal(
        _ module: PickleValue, _ name: PickleValue, isMapped: Bool, _ instruction: PickleInstruction
    ) -> PickleValue {
        var names: [[UInt8]] = []
        for value in [module, name] {
            switch value {
            case .string(let data):
                guard let bytes = graph.pooled(data) else {
                    note(.impossible(.limit("bytes of a name", graph.count(of: data))), instruction)
                    return .none
                }
                names.append(Array(bytes))
            case .byteString(let data):
                // Its encoding is the loader's choice; only ASCII means the same to all of them.
                guard let bytes = graph.pooled(data), bytes.allSatisfy({ $0 < 0x80 }) else {
                    note(.computedName, instruction)
                    return .none
                }
                names.append(Array(bytes))
            case .node(let node):
                switch graph.nodes[Int(node.index)].kind {
                case .call, .persistent, .extensionCode, .buffer, .global: note(.computedName, instruction)
                default: note(.impossible(.operand("a string")), instruction)
                }
                return .none
            default:
                note(.impossible(.operand("a string")), instruction)
                return .none
            }
        }
        guard !names[0].isEmpty, !names[1].isEmpty else {
            note(.impossible(.emptyName), instruction)
            return .none
        }
        return importing(module: names[0], name: names[1], isMapped: isMapped, instruction)
    }

    /// The five instructions that call.
    mutating func call(_ instruction: PickleInstruction, _ state: inout PickleState) throws(PickleError) {
        let callee: PickleValue
        let arguments: PickleValue
        var keywords = PickleValue.none
        switch instruction.opcode {
        case .inst:
            guard let mark = state.marks.popLast() else { throw error(.missingMark, instruction) }
            guard case .names(let module, let name) = instruction.argument else { return }
            callee = importing(module: module, name: name, isMapped: state.version < 3, instruction)
            arguments = graph.addFixed(
                .tuple, state.stack[mark...], opcode: instruction.opcode, offset: instruction.offset)
            state.stack.removeSubrange(mark...)
        case .obj:
            guard let mark = state.marks.popLast() else { throw error(.missingMark, instruction) }
            guard state.stack.count > mark else { throw error(.stackUnderflow, instruction) }
            callee = state.stack[mark]
            arguments = graph.addFixed(
                .tuple, state.stack[(mark + 1)...], opcode: instruction.opcode, offset: instruction.offset)
            state.stack.removeSubrange(mark...)
        case .newObjEx:
            keywords = try pop(&state, instruction)
            arguments = try pop(&state, instruction)
            callee = try pop(&state, instruction)
        default:
            arguments = try pop(&state, instruction)
            callee = try pop(&state, instruction)
        }
        if instruction.opcode == .reduce, isMethod(callee, arguments) {
            methods += 1
            return state.stack.append(
                importing(
                    module: Array("zoneinfo".utf8), name: Array("ZoneInfo._unpickle".utf8), isMapped: false, instruction
                ))
        }
        switch graph.entry(callee)?.kind {
        case .global: break
        case .call, .persistent, .extensionCode, .buffer: note(.computedCallee, instruction)
        default: note(.impossible(.operand("callable")), instruction)
        }
        switch graph.entry(arguments)?.kind {
        case .tuple, .call, .persistent: break
        default: note(.impossible(.operand("a tuple of arguments")), instruction)
        }
        if instruction.opcode == .newObjEx {
            switch graph.entry(keywords)?.kind {
            case .dictionary, .call, .persistent: break
            default: note(.impossible(.operand("a dict of keyword arguments")), instruction)
            }
        }
        state.stack.append(
            graph.addCall(
                callee, arguments, keywords, opcode: instruction.opcode, offset: instruction.offset))
    }

    /// The class in the id with which PyTorch's first formats save a whole module: `("module", class, file, source)`. Its loader
    /// gives back the class, and what is done with it is judged as if it had been named there.
    func containerClass(_ id: PickleValue) -> PickleValue? {
        guard let parts = graph.tuple(id), parts.count == 4, graph.isText(parts[0], "module"),
            graph.global(parts[1]) != nil
        else { return nil }
        return parts[1]
    }

    /// Whether a call takes the one method of a class that picklers of the standard library take with `getattr`.
    private func isMethod(_ callee: PickleValue, _ arguments: PickleValue) -> Bool {
        guard graph.global(callee)?.matches("builtins", "getattr") == true, let values = graph.tuple(arguments),
            values.count == 2, graph.global(values[0])?.matches("zoneinfo", "ZoneInfo") == true
        else { return false }
        return graph.isText(values[1], "_unpickle")
    }

    /// `BUILD`: only an object that was made here may be given a state.
    mutating func build(_ target: PickleValue, _ state: PickleValue, _ instruction: PickleInstruction) {
        guard let entry = graph.entry(target), case .node(let node) = target else {
            return note(.buildOnValue, instruction)
        }
        switch entry.kind {
        case .call: graph.addState(of: node, state)
        case .global: note(.buildOnGlobal(graph.globals[Int(entry.detail)]), instruction)
        default: note(.buildOnValue, instruction)
        }
    }
}
