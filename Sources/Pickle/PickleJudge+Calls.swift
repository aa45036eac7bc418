// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Calls: a harmless function is harmless with the arguments that picklers give it.
extension PickleJudge {
    /// Objects of this many bytes are more than a few instructions should ask for.
    private static let largeAllocation: Int64 = 1 << 31

    mutating func judgeCall(_ node: PickleGraph.Node) throws(ByteError) {
        let call = graph.calls[Int(node.detail)]
        judgeHooks(call, node)
        guard let standing = standing(call.callee), let callee = graph.global(call.callee) else { return }
        func refuse(_ rule: PickleRule, _ reason: String) -> PickleFinding {
            PickleFinding(
                rule, at: node.offset, opcode: node.opcode, name: Excerpt.of(callee.qualifiedName),
                "\(reason) `\(Excerpt.of(callee.qualifiedName))`")
        }
        switch standing {
        case .standardLibrary where callee.nameBytes.first.map({ $0 >= 0x61 && $0 <= 0x7A || $0 == 0x5F }) ?? false:
            add(refuse(.dangerousGlobal, "calls a function of Python's standard library that no model needs:"))
        case .nested: try judgeNestedLoad(call, node)
        case .code where callee.nameBytes.elementsEqual("reduce_graph_module".utf8):
            add(
                PickleFinding(
                    .code, at: node.offset, opcode: node.opcode, name: Excerpt.of(callee.qualifiedName),
                    verdict: .unknown,
                    "runs Python source of the file as soon as it is loaded, with `\(Excerpt.of(callee.qualifiedName))`"
                ))
        case .function where !isTypeOfConstant(callee, call):
            let isBuiltin = callee.moduleBytes.elementsEqual("builtins".utf8)
            add(refuse(isBuiltin ? .dangerousGlobal : .unknownGlobal, "calls a function that objects only keep:"))
        case .object where callee.matches("numpy", "memmap"):
            add(refuse(.dangerousGlobal, "opens a file with"))
        case .part, .settings:
            if [.reduce, .inst, .obj].contains(node.opcode), let text = try unusualText(in: call.arguments) {
                add(refuse(.constructor, "gives `\(text)` to the constructor of"))
            }
            if node.chain.count > 0 {
                add(refuse(.constructor, "appends items to an object of"))
            }
        case .clean:
            if let problem = argumentProblem(callee, call) { add(refuse(.callArguments, "gives \(problem) to")) }
            if isLarge(callee, call) { add(refuse(.allocation, "asks for a very large object from")) }
            if node.chain.count > 0, !takesItems(callee) {
                add(refuse(.write, "writes items into a result of"))
            }
            if call.pairs.count > 0, !takesPairs(callee) {
                add(refuse(.write, "writes keys and values into a result of"))
            }
        default: break
        }
    }

    /// `type(None)` and its like are how picklers write these types.
    private func isTypeOfConstant(_ callee: PickleGlobal, _ call: PickleGraph.Call) -> Bool {
        guard callee.matches("builtins", "type"), let arguments = graph.tuple(call.arguments), arguments.count == 1
        else {
            return false
        }
        if case .none = arguments[0] { return true }
        guard let constant = graph.global(arguments[0]) else { return false }
        return constant.matches("builtins", "Ellipsis") || constant.matches("builtins", "NotImplemented")
    }

    /// Attributes that loaders look up in the object itself, and then call.
    private mutating func judgeHooks(_ call: PickleGraph.Call, _ node: PickleGraph.Node) {
        guard call.states.count > 1 || call.states.count > 0 && node.chain.count > 0 else { return }
        for state in graph.members(call.states) {
            for part in graph.tuple(state) ?? [state] {
                for pair in graph.pairs(part) ?? [] {
                    let isHook =
                        call.states.count > 1 && graph.isText(pair.key, "__setstate__")
                        || node.chain.count > 0
                            && (["append", "extend", "add"] as [StaticString]).contains { graph.isText(pair.key, $0) }
                    guard isHook, graph.entry(pair.value) != nil else { continue }
                    add(
                        PickleFinding(
                            .computedCallee, at: node.offset, opcode: node.opcode,
                            "gives an object a method of its own, which the loader then calls"))
                }
            }
        }
    }

    /// How many arguments of a constructor are looked at, and how deep in lists and dicts.
    private static let (argumentCount, argumentDepth) = (256, 4)

    /// The first text among the arguments that is more than a word or a number, as the values of enumerations are; nil when
    /// there is none.
    private func unusualText(in arguments: PickleValue) throws(ByteError) -> String? {
        var queue = [(arguments, 0)]
        var seen = 0
        while let (value, depth) = queue.popLast() {
            seen += 1
            switch value {
            case .string(let data), .byteString(let data), .bytes(let data):
                guard graph.count(of: data) <= 64 else { return "a text of \(graph.count(of: data)) bytes" }
                let bytes = try graph.bytes(of: data)
                if !bytes.allSatisfy(Self.isPlain) { return Excerpt.of(String(decoding: bytes, as: UTF8.self)) }
            case .node:
                guard seen < Self.argumentCount, depth < Self.argumentDepth else { return "deep or many arguments" }
                let items =
                    graph.tuple(value) ?? graph.list(value)
                    ?? (graph.call(value) == nil ? graph.pairs(value)?.flatMap { [$0.key, $0.value] } : nil) ?? []
                guard items.count <= Self.argumentCount else { return "many arguments" }
                queue += items.reversed().map { ($0, depth + 1) }
            default: break
            }
        }
        return nil
    }

    /// Letters, digits, blanks, and what names of data types are made with; nothing that a path or an expression needs.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F || byte == 0x2D
            || [0x20, 0x2C, 0x3C, 0x3E, 0x5B, 0x5D, 0x7C].contains(byte)
    }

    private func takesItems(_ callee: PickleGlobal) -> Bool {
        ["list", "set", "bytearray"].contains { callee.matches("builtins", $0) }
            || callee.matches("collections", "deque")
            || callee.matches("copyreg", "_reconstructor")
    }

    private func takesPairs(_ callee: PickleGlobal) -> Bool {
        ["OrderedDict", "Counter", "defaultdict"].contains { callee.matches("collections", $0) }
            || callee.matches("builtins", "dict") || callee.matches("copyreg", "_reconstructor")
    }

    /// Says what is wrong with the arguments; nil when nothing is.
    private func argumentProblem(_ callee: PickleGlobal, _ call: PickleGraph.Call) -> String? {
        let isEncode = callee.matches("_codecs", "encode")
        let isReconstructor = callee.matches("copyreg", "_reconstructor")
        let isTyped = callee.matches("torch._tensor", "_rebuild_from_type_v2")
        let isArray =
            callee.matches("dill._dill", "_create_array") || callee.matches("jax._src.array", "_reconstruct_array")
        guard isEncode || isReconstructor || isTyped || isArray else { return nil }
        guard let arguments = graph.tuple(call.arguments) else { return "computed arguments" }
        if isEncode {
            switch arguments.first {
            case .string, .byteString: break
            default: return "something other than text"
            }
            guard arguments.count <= 2 else { return "too many arguments" }
            // A codec is looked up by name, and the look-up imports modules.
            let codecs: [StaticString] = ["latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"]
            if arguments.count == 2, !codecs.contains(where: { graph.isText(arguments[1], $0) }) {
                return "a codec that picklers do not use"
            }
        } else if isReconstructor {
            guard arguments.count == 3, graph.global(arguments[0]) != nil, let base = graph.global(arguments[1]) else {
                return "something other than two classes and a value"
            }
            let bases = [
                "object", "dict", "list", "tuple", "set", "frozenset", "int", "float", "str", "bytes", "complex",
            ]
            if !bases.contains(where: { base.matches("builtins", $0) }) { return "an unusual base class" }
        } else if isArray {
            guard let function = arguments.first.flatMap({ graph.global($0) }),
                function.nameBytes.elementsEqual("_reconstruct".utf8),
                function.moduleBytes.elementsEqual("numpy.core.multiarray".utf8)
                    || function.moduleBytes.elementsEqual("numpy._core.multiarray".utf8)
            else { return "a function that does not rebuild arrays" }
        } else {
            let modules = ["torch._utils", "torch._tensor", "torch.nested._internal.nested_tensor"]
            guard let function = arguments.first.flatMap({ graph.global($0) }),
                modules.contains(where: { function.moduleBytes.elementsEqual($0.utf8) }),
                function.nameBytes.starts(with: "_rebuild_".utf8)
            else { return "a function that does not rebuild tensors" }
        }
        return nil
    }

    private func isLarge(_ callee: PickleGlobal, _ call: PickleGraph.Call) -> Bool {
        guard callee.matches("builtins", "bytearray") || callee.matches("builtins", "bytes"),
            case .integer(let count)? = graph.tuple(call.arguments)?.first
        else { return false }
        return count > Self.largeAllocation
    }

    /// `torch.storage._load_from_bytes`: the constant is read as what it is, a pickle.
    private mutating func judgeNestedLoad(_ call: PickleGraph.Call, _ node: PickleGraph.Node) throws(ByteError) {
        let data: PickleData
        switch graph.tuple(call.arguments)?.first {
        case .bytes(let bytes), .byteString(let bytes), .string(let bytes): data = bytes
        default:
            // Protocols below 3 write bytes as `_codecs.encode(text, 'latin1')`.
            guard let first = graph.tuple(call.arguments)?.first, let inner = graph.call(first),
                graph.global(inner.callee)?.matches("_codecs", "encode") == true,
                case .string(let text)? = graph.tuple(inner.arguments)?.first
            else {
                return add(
                    PickleFinding(
                        .callArguments, at: node.offset, opcode: node.opcode,
                        "unpickles something that is not a constant of the pickle"))
            }
            return try judgeInner(Latin1.bytes(of: try graph.bytes(of: text, limit: options.limits.nestedBytes)), node)
        }
        guard graph.count(of: data) <= UInt64(clamping: options.limits.nestedBytes) else {
            return add(
                PickleFinding(
                    .malformed, at: node.offset, opcode: node.opcode, "unpickles a constant that is too long to be read"
                ))
        }
        try judgeInner(try graph.bytes(of: data, limit: options.limits.nestedBytes), node)
    }

    private mutating func judgeInner(_ bytes: [UInt8]?, _ node: PickleGraph.Node) throws(ByteError) {
        guard let bytes, depth < options.limits.nesting else {
            return add(
                PickleFinding(.malformed, at: node.offset, opcode: node.opcode, "unpickles a constant that is not read")
            )
        }
        let report = try Pickle.scan(
            MemorySource(bytes), options: options, context: PickleContext(), depth: depth + 1)
        guard report.verdict > .review else { return }
        let reason = report.findings.max { $0.verdict < $1.verdict }?.reason ?? "it cannot be read"
        add(
            PickleFinding(
                .nested, at: node.offset, opcode: node.opcode, verdict: report.verdict,
                "unpickles a constant in which a pickle \(reason)"))
    }
}

/// Bytes that were written as text, one character each.
enum Latin1 {
    /// The bytes, nil when a character is none.
    static func bytes(of text: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            let byte = text[place]
            if byte < 0x80 {
                result.append(byte)
                place += 1
            } else {
                guard byte & 0xFE == 0xC2, place + 1 < text.count else { return nil }
                result.append((byte & 3) << 6 | text[place + 1] & 0x3F)
                place += 2
            }
        }
        return result
    }
}
