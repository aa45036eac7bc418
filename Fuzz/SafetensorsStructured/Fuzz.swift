// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Safetensors

/// Reads choices from the fuzzer's bytes.
struct Choices {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number(_ limit: Int) -> Int { limit <= 1 ? 0 : Int(byte()) % limit }
}

/// Writes headers that are nearly right: the fuzzer's bytes choose where they are not.
struct Generator {
    var choices: Choices
    var json: [UInt8] = []
    var place: UInt64 = 0

    mutating func add(_ text: String) { json += text.utf8 }

    mutating func space() {
        if choices.number(16) == 1 { json += [[0x20, 0x09, 0x0A, 0x0D][choices.number(4)]] }
    }

    mutating func string(_ usual: [String]) {
        switch choices.number(12) {
        case 0: add("\"\\u00\(["61", "00", "e9", "7f"][choices.number(4)])\"")
        case 1: add("\"\\ud83d\\ude0\(choices.number(10))\"")
        case 2: json += [0x22, choices.byte(), 0x22]
        default: add("\"\(usual[choices.number(usual.count)])\"")
        }
    }

    mutating func number(_ value: UInt64) {
        switch choices.number(24) {
        case 0: add("18446744073709551615")
        case 1: add("18446744073709551616")
        case 2: add("9223372036854775808")
        case 3: add("-\(value)")
        case 4: add("\(value).0")
        case 5: add("\(value)e1")
        case 6: add("0\(value)")
        default: add(String(value))
        }
    }

    mutating func value(_ depth: Int) {
        switch depth > 3 ? 0 : choices.number(6) {
        case 0: add(["null", "true", "false", "1e308", "1e309", "nul"][choices.number(6)])
        case 1: number(UInt64(choices.byte()))
        case 2: string(["x"])
        case 3:
            add("[")
            for index in 0..<choices.number(4) {
                if index > 0 { add(",") }
                value(depth + 1)
            }
            add("]")
        default:
            add("{")
            string(["k"])
            add(":")
            value(depth + 1)
            add("}")
        }
    }

    mutating func tensor() {
        let types = TensorType.allCases
        let type = types[choices.number(types.count)]
        var shape: [UInt64] = (0..<choices.number(4)).map { _ in UInt64(choices.number(9)) }
        if choices.number(32) == 1 { shape.append(1 << 63) }
        var size: UInt64 = 0
        if case .bytes(let count) = type.byteCount(of: shape) { size = count }
        if choices.number(16) == 1 { size &+= 1 }
        if choices.number(32) == 1 { place &+= 1 }
        string(["a", "b", "c", "layer.0.w", "layer.1.w", "__metadata__"])
        add(":")
        space()
        add("{")
        let fields = [[0, 1, 2], [2, 1, 0], [0, 1, 2, 3], [0, 1], [0, 1, 2, 2]][
            choices.number(10) < 6 ? 0 : choices.number(5)]
        for (index, field) in fields.enumerated() {
            if index > 0 { add(",") }
            space()
            switch field {
            case 0:
                add("\"dtype\":")
                if choices.number(20) == 1 { add("{\"\(type.rawValue)\":null}") } else { string([type.rawValue]) }
            case 1:
                add("\"shape\":[")
                for (position, dimension) in shape.enumerated() {
                    if position > 0 { add(",") }
                    number(dimension)
                }
                add("]")
            case 2:
                add("\"data_offsets\":[")
                number(place)
                add(",")
                number(place &+ size)
                add("]")
            default:
                string(["extra"])
                add(":")
                value(0)
            }
        }
        add("}")
        place &+= size
    }

    mutating func file() -> [UInt8] {
        space()
        add("{")
        var first = true
        while !choices.isEmpty, json.count < 4096 {
            if !first { add(",") }
            first = false
            if choices.number(6) == 0 {
                add("\"__metadata__\":")
                if choices.number(8) == 0 { value(0) } else { add("{\"format\":\"pt\"}") }
            } else {
                tensor()
            }
            space()
        }
        add("}")
        space()
        var length = UInt64(json.count)
        if choices.number(64) == 1 { length &+= 1 }
        let data = place < 1 << 16 ? Int(place) : 16
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (UInt64($0) * 8)) } + json
            + [UInt8](repeating: 0, count: data)
    }
}

/// Nearly valid headers; and what is accepted is written again and must say the same.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count < 4096 else { return 0 }
    var generator = Generator(choices: Choices(Array(UnsafeBufferPointer(start: data, count: count))))
    let bytes = generator.file()
    guard let header = try? Header(parsing: bytes.span, fileSize: UInt64(bytes.count)) else { return 0 }
    guard let plan = try? WritePlan(header.tensors.map { TensorSpec($0) }, metadata: header.metadata) else {
        precondition(header.tensors.contains { $0.name == "__metadata__" }, "cannot be written")
        return 0
    }
    let again = try? Header(parsing: plan.head.span, fileSize: plan.fileSize, mode: .strict)
    guard let again else { preconditionFailure("what was written is not valid") }
    precondition(again.metadata?.count == header.metadata?.count, "metadata")
    precondition(again.tensors.count == header.tensors.count, "tensors")
    for tensor in header.tensors {
        precondition(again[tensor.name]?.shape == tensor.shape && again[tensor.name]?.type == tensor.type, "a tensor")
    }
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
