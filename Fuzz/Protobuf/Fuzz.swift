// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import FuzzDriver
@testable import Scanning

/// Any bytes as a protobuf message: the walk over an ONNX model, a SavedModel, a frozen graph and Keras metadata.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let source = MemorySource(Array(UnsafeBufferPointer(start: data, count: count)))
    _ = try? ONNXCheck.begins(source)
    _ = try? SavedModelCheck.form(of: source)
    for name in ["model.onnx", "saved_model.pb", "keras_metadata.pb"] {
        var findings = ScanFindings()
        do throws(ByteError) {
            if name.utf8.last == UInt8(ascii: "x") {
                try ONNXCheck.check(source, name: name, at: ScanPlace(), into: &findings)
            } else {
                try SavedModelCheck.check(source, name: name, at: ScanPlace(), into: &findings)
            }
        } catch { continue }
        precondition(findings.findings.count <= ScanFindings.limit, "more findings than the limit")
        for finding in findings.findings {
            precondition(finding.place.offset ?? 0 <= UInt64(count), "a finding outside the file")
        }
    }
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
