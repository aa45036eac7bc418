// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Compression
import FuzzDriver
import Pickle
import Scanning

/// The first byte chooses a name, the rest is the file: what it is, what is packed inside, and every rule.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let names = [
        "pytorch_model.bin", "model.safetensors", "model.gguf", "model.onnx", "saved_model.pb", "model.h5",
        "model.keras", "data.npz", "array.npy", "archive.zip", "archive.tar.gz", "model.joblib", "modeling.py",
        "config.json", "tokenizer_config.json", "file",
    ]
    let input = UnsafeBufferPointer(start: data, count: count)
    guard let first = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    var options = ScanOptions()
    options.checksums = first & 0x40 != 0
    options.depth = 4
    options.members = 1000
    options.expanded = 1 << 20
    options.pickle.limits.opcodes = 100_000
    options.pickle.limits.memory = 16 << 20
    options.expansion.output = 1 << 20
    options.expansion.dictionary = 1 << 20
    let name = names[Int(first & 0x0F)]
    guard let scan = try? Scanner.scan(MemorySource(bytes), name: name, options: options) else {
        preconditionFailure("memory is always there")
    }
    precondition(scan.findings.count <= ScanFindings.limit, "more findings than the limit")
    precondition(scan.verdict >= scan.findings.map(\.verdict).max() ?? .clean, "the verdict is better than a finding")
    precondition(scan.members <= 1001, "more members than the limit")
    guard let again = try? Scanner.scan(MemorySource(bytes), name: name, options: options),
        again.verdict == scan.verdict, again.findings.count == scan.findings.count
    else { preconditionFailure("the same file, another verdict") }
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
