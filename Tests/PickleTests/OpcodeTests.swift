// SPDX-License-Identifier: Apache-2.0
import BinaryFormats
import Pickle
import Testing

@Suite struct `Each instruction` {
    /// A whole stream, and what it must leave on the stack, in words.
    static let table: [(PickleOpcode, [UInt8], String)] = [
        (.none, bytes("N."), "none"),
        (.newTrue, [0x88, 0x2E], "true"),
        (.newFalse, [0x89, 0x2E], "false"),
        (.int, bytes("I-12\n."), "-12"),
        (.int, bytes("I00\n."), "false"),
        (.int, bytes("I01\n."), "true"),
        (.binInt, bytes("J") + [0xFE, 0xFF, 0xFF, 0xFF, 0x2E], "-2"),
        (.binInt1, bytes("K") + [0xFF, 0x2E], "255"),
        (.binInt2, bytes("M") + [0x01, 0x02, 0x2E], "513"),
        (.long, bytes("L5L\n."), "5"),
        (.long, bytes("L18446744073709551616L\n."), "big 000000000000000001"),
        (.long, bytes("L-9223372036854775808L\n."), "-9223372036854775808"),
        (.long1, [0x8A, 0x00, 0x2E], "0"),
        (.long1, [0x8A, 0x02, 0x00, 0xFF, 0x2E], "-256"),
        (.long1, [0x8A, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2E], "big 000000000000000001"),
        (.long4, [0x8B, 0x01, 0, 0, 0, 0x7F, 0x2E], "127"),
        (.float, bytes("F-1.5e1\n."), "-15.0"),
        (.binFloat, bytes("G") + [0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0x2E], "1.5"),
        (.string, bytes("S'a\\x41\\n\\101\\q'\n."), "byte string 61410a415c71"),
        (.binString, bytes("T") + [1, 0, 0, 0] + bytes("a."), "byte string 61"),
        (.shortBinString, bytes("U") + [1] + bytes("a."), "byte string 61"),
        (.unicode, bytes("V\\u00e9\\ud83d\\\\u0041\n."), "string c3a9eda0bd5c5c7530303431"),
        (.unicode, bytes("V") + [0xE9] + bytes("\n."), "string c3a9"),
        (.binUnicode, bytes("X") + [1, 0, 0, 0] + bytes("a."), "string 61"),
        (.shortBinUnicode, [0x8C, 3, 0xED, 0xA0, 0x80, 0x2E], "string eda080"),
        (.binUnicode8, [0x8D, 1, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x2E], "string 61"),
        (.binBytes, bytes("B") + [1, 0, 0, 0, 0xFF, 0x2E], "bytes ff"),
        (.shortBinBytes, bytes("C") + [1, 0xFF, 0x2E], "bytes ff"),
        (.binBytes8, [0x8E, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x2E], "bytes ff"),
        (.byteArray8, [0x96, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x2E], "bytearray ff"),
        (.emptyTuple, bytes(")."), "()"),
        (.tuple1, bytes("N") + [0x85, 0x2E], "(none)"),
        (.tuple2, bytes("NK") + [1, 0x86, 0x2E], "(none, 1)"),
        (.tuple3, bytes("NK") + [1, 0x89, 0x87, 0x2E], "(none, 1, false)"),
        (.tuple, bytes("(NNt."), "(none, none)"),
        (.emptyList, bytes("]."), "[]"),
        (.list, bytes("(NNl."), "[none, none]"),
        (.append, bytes("]Na."), "[none]"),
        (.appends, bytes("](NNe."), "[none, none]"),
        (.emptyDict, bytes("}."), "{}"),
        (.dict, bytes("(K") + [1] + bytes("Nd."), "{1: none}"),
        (.setItem, bytes("}K") + [1] + bytes("Ns."), "{1: none}"),
        (.setItems, bytes("}(K") + [1] + bytes("NK") + [2] + bytes("Nu."), "{1: none, 2: none}"),
        (.emptySet, [0x8F, 0x2E], "set()"),
        (.addItems, [0x8F] + bytes("(N") + [0x90, 0x2E], "set(none)"),
        (.frozenSet, bytes("(N") + [0x91, 0x2E], "frozenset(none)"),
        (.pop, bytes("NK") + [1] + bytes("0."), "none"),
        (.pop, bytes("N(0."), "none"),
        (.popMark, bytes("N(NN1."), "none"),
        (.dup, bytes("N2") + [0x86, 0x2E], "(none, none)"),
        (.mark, bytes("N(t0."), "none"),
        (.put, bytes("Np9\n0g9\n."), "none"),
        (.get, bytes("Np07\n0g7\n."), "none"),
        (.binPut, bytes("Nq") + [7] + bytes("0h") + [7, 0x2E], "none"),
        (.binGet, bytes("Nq") + [7] + bytes("0h") + [7, 0x2E], "none"),
        (.longBinPut, bytes("Nr") + [7, 0, 0, 0] + bytes("0j") + [7, 0, 0, 0, 0x2E], "none"),
        (.longBinGet, bytes("Nr") + [7, 0, 0, 0] + bytes("0j") + [7, 0, 0, 0, 0x2E], "none"),
        (.memoize, [0x4E, 0x94, 0x30, 0x68, 0x00, 0x2E], "none"),
        (.global, bytes("ctorch\nSize\n."), "torch.Size"),
        (.global, bytes("c__builtin__\nset\n."), "builtins.set"),
        (.stackGlobal, [0x8C, 1] + bytes("m") + [0x8C, 1] + bytes("n") + [0x93, 0x2E], "m.n"),
        (.reduce, bytes("cm\nn\n)R."), "m.n()"),
        (.newObj, bytes("cm\nn\n)") + [0x81, 0x2E], "m.n()"),
        (.newObjEx, bytes("cm\nn\n)}") + [0x92, 0x2E], "m.n()"),
        (.obj, bytes("(cm\nn\nNo."), "m.n(none)"),
        (.inst, bytes("(Nim\nn\n."), "m.n(none)"),
        (.build, bytes("cm\nn\n)R}b."), "m.n() state {}"),
        (.persid, bytes("Pabc\n."), "persistent string 616263"),
        (.binPersid, bytes("K") + [3] + bytes("Q."), "persistent 3"),
        (.ext1, [0x82, 7, 0x2E], "extension 7"),
        (.ext2, [0x83, 7, 1, 0x2E], "extension 263"),
        (.ext4, [0x84, 7, 0, 0, 0, 0x2E], "extension 7"),
        (.nextBuffer, [0x97, 0x2E], "buffer"),
        (.readonlyBuffer, [0x97, 0x98, 0x2E], "buffer"),
        (.proto, [0x80, 5, 0x4E, 0x2E], "none"),
        (.frame, [0x95, 2, 0, 0, 0, 0, 0, 0, 0, 0x4E, 0x2E], "none"),
        (.stop, bytes("N."), "none"),
    ]

    @Test func `all 68 have a name of their own and are in the table`() {
        #expect(PickleOpcode.allCases.count == 68)
        #expect(Set(PickleOpcode.allCases.map(\.name)).count == 68)
        #expect(Set(Self.table.map(\.0)) == Set(PickleOpcode.allCases))
    }

    @Test func `leaves what Python would have`() throws {
        for (opcode, stream, expected) in Self.table {
            let document = try read(stream)
            #expect(document.ending == .complete, "\(opcode.name): \(stream)")
            let result = try #require(document.result, "\(opcode.name): \(document.ending)")
            #expect(Self.words(result, document.graph) == expected, "\(opcode.name)")
            #expect(try instructions(stream).contains { $0.opcode == opcode })
        }
    }

    @Test func `is refused when it is cut off anywhere`() throws {
        for (opcode, stream, _) in Self.table {
            for count in 0..<stream.count {
                let document = try read(Array(stream[..<count]))
                guard case .failed = document.ending else {
                    Issue.record("\(opcode.name) cut at \(count): \(document.ending)")
                    continue
                }
            }
        }
    }

    static func words(_ value: PickleValue, _ graph: PickleGraph) -> String {
        func hex(_ data: PickleData) -> String {
            let bytes = (try? graph.bytes(of: data)) ?? []
            return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        func list(_ values: [PickleValue]) -> String { values.map { words($0, graph) }.joined(separator: ", ") }
        switch value {
        case .none: return "none"
        case .bool(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .bigInteger(let data): return "big \(hex(data))"
        case .float(let value): return "\(value)"
        case .string(let data): return "string \(hex(data))"
        case .byteString(let data): return "byte string \(hex(data))"
        case .bytes(let data): return "bytes \(hex(data))"
        case .node(let node):
            switch graph.shape(of: node) {
            case .tuple(let items): return "(\(list(items)))"
            case .list(let items): return "[\(list(items))]"
            case .dictionary(let pairs):
                return "{\(pairs.map { "\(words($0.key, graph)): \(words($0.value, graph))" }.joined(separator: ", "))}"
            case .set(let items): return "set(\(list(items)))"
            case .frozenSet(let items): return "frozenset(\(list(items)))"
            case .byteArray(let data): return "bytearray \(hex(data))"
            case .global(let global): return global.qualifiedName
            case .call(let call):
                let states = call.states.isEmpty ? "" : " state \(list(call.states))"
                return words(call.callee, graph) + words(call.arguments, graph) + states
            case .persistent(let id): return "persistent \(words(id, graph))"
            case .extensionCode(let code): return "extension \(code)"
            case .buffer: return "buffer"
            }
        }
    }
}
