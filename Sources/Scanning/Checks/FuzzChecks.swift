// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// What a fuzzer calls: any bytes at all, through every check that this folder has.
///
/// It must return for every input, without a trap and within the limits. Returns how many findings there were.
@discardableResult
package func fuzzChecks(_ bytes: [UInt8]) -> Int {
    let source = MemorySource(bytes)
    let place = ScanPlace()
    var findings = ScanFindings()
    try? HDF5Check.check(source, name: "a.h5", at: place, into: &findings)
    try? ONNXCheck.check(source, name: "a.onnx", at: place, into: &findings)
    _ = try? ONNXCheck.begins(source)
    try? SavedModelCheck.check(source, name: "a.pb", at: place, into: &findings)
    try? GGUFCheck.check(source, name: "a.gguf", at: place, into: &findings)
    try? ExecutableCheck.check(source, name: "a", at: place, into: &findings)
    try? ContainerCheck.check(source, name: "a", at: place, into: &findings)
    for name in [
        "a.py", "a.ipynb", "a.json", "MANIFEST.json", "a.jinja", "a.yaml", "requirements.txt", "pyproject.toml",
        "a.pth", "a",
    ] {
        try? TextCheck.check(source, name: name, at: place, into: &findings)
    }
    KerasCheck.check(bytes, at: place, into: &findings)
    return findings.findings.count
}
