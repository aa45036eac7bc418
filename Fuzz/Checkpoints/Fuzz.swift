// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Checkpoint
import Compression
import FuzzDriver
import Pickle

/// Any bytes as a checkpoint: opened, listed, and every tensor that it gives read with two sizes of pieces.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let source = MemorySource(Array(UnsafeBufferPointer(start: data, count: count)))
    var options = CheckpointOptions()
    options.expanded = 1 << 16
    options.expansion.output = 1 << 20
    options.pickle.opcodes = 100_000
    options.pickle.memory = 16 << 20
    options.entries = 10_000
    guard let checkpoint = try? Checkpoint(source, options: options) else { return 0 }
    for (_, tensor) in checkpoint.tensors {
        precondition(checkpoint.storages.indices.contains(tensor.storage), "no such storage")
        var sizes: [UInt64] = []
        for piece in [4096, 1 << 16] {
            var size: UInt64 = 0
            guard (try? checkpoint.read(tensor, chunkSize: piece, into: { size += UInt64($0.byteCount) })) != nil else {
                continue
            }
            sizes.append(size)
        }
        precondition(sizes.allSatisfy { $0 == tensor.byteCount }, "another number of bytes")
    }
    _ = checkpoint.sharing
    _ = try? checkpoint.stateDictionary(nil)
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
