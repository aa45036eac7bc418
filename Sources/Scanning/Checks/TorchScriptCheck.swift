// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Looks at the code of a TorchScript archive. It is compiled by TorchScript and never run by Python, so that only the operators that
/// it names can do harm.
package enum TorchScriptCheck {
    /// Operators of PyTorch that open files by name.
    private static let files: Set<String> = [
        "torch.save", "torch.load", "torch.from_file", "ops.aten.save", "ops.aten.load", "ops.aten.from_file",
    ]

    /// Libraries of operators that come with PyTorch and its own domain libraries.
    private static let libraries: Set<String> = [
        "aten", "prim", "prims", "quantized", "_quantized", "quantized_decomposed", "torchvision", "torchaudio",
        "torchtext",
        "torch_scatter", "torch_sparse", "torch_cluster", "torch_spline_conv", "fbgemm", "mkldnn", "mkldnn_prepacked",
        "onednn",
        "xnnpack", "prepacked", "sparse", "rnn", "static_runtime", "tensorexpr", "profiler", "vulkan", "vulkan_prepack",
        "metal",
        "metal_prepack", "c10d", "inductor", "cuda", "cudnn", "_caffe2", "_test",
    ]

    /// Checks a file of code.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.textBytes, at: place, into: &findings) else {
            return
        }
        var seen: Set<String> = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            for name in names(in: line) where seen.count < ScanFindings.limit {
                let parts = name.split(separator: ".").map(String.init)
                if files.contains(name) {
                    if seen.insert(name).inserted {
                        findings.add(
                            .torchScriptFile, place.line(index + 1), "the code calls \(CheckText.quoted(name))",
                            name: name)
                    }
                } else if parts.first == "ops", parts.count > 2, !CheckText.isListed(parts[1], in: libraries),
                    seen.insert(parts[1]).inserted
                {
                    findings.add(
                        .torchScriptOperation, place.line(index + 1),
                        "the code calls \(CheckText.quoted(name)), an operator of another library", name: name)
                }
            }
        }
    }

    /// The dotted names of a line that begin with `ops.` or `torch.`.
    private static func names(in line: ArraySlice<UInt8>) -> [String] {
        func isWord(_ byte: UInt8) -> Bool {
            byte == 0x5F || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
        }
        return line.split { !isWord($0) && $0 != UInt8(ascii: ".") }.compactMap { word in
            guard word.starts(with: "ops.".utf8) || word.starts(with: "torch.".utf8) else { return nil }
            return String(decoding: word.prefix(200), as: UTF8.self)
        }
    }
}
