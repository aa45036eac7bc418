// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Safetensors

/// Any slice of any shape: the plan never traps, and its size is that of its shape.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var rest = Array(UnsafeBufferPointer(start: data, count: count))[...]
    func byte() -> UInt8 { rest.popFirst() ?? 0 }
    func number() -> Int {
        switch byte() % 8 {
        case 0: return .min
        case 1: return .max
        case 2: return Int(Int8(bitPattern: byte()))
        case 3: return (0..<8).reduce(0) { value, _ in value << 8 | Int(byte()) }
        default: return Int(byte() % 12)
        }
    }
    let types = TensorType.allCases
    let type = types[Int(byte()) % types.count]
    let shape = (0..<Int(byte() % 6)).map { _ in UInt64(bitPattern: Int64(number())) }
    // Only what a header has accepted comes this far.
    guard case .bytes(let size) = type.byteCount(of: shape), size <= UInt64(Int64.max) else { return 0 }
    let slice: [SliceIndex] = (0..<Int(byte() % 7)).map { _ in
        switch byte() % 4 {
        case 0: .all
        case 1: .index(number())
        default:
            .range(
                start: byte() % 3 == 0 ? nil : number(), stop: byte() % 3 == 0 ? nil : number(),
                step: byte() % 2 == 0 ? 1 : number())
        }
    }
    guard let plan = try? SlicePlan(type: type, shape: shape, slice) else { return 0 }
    precondition(plan.byteCount <= size, "more than the tensor")
    precondition(type.byteCount(of: plan.shape) == .bytes(plan.byteCount) || plan.byteCount == 0, "size")
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
