// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Recognises programs by their first bytes.
package enum ExecutableCheck {
    /// Endings that promise something else than a program.
    private static let disguises = [
        ".bin", ".safetensors", ".gguf", ".ggml", ".onnx", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy",
        ".npz", ".h5",
        ".hdf5", ".keras", ".pb", ".tflite", ".msgpack", ".json", ".jsonl", ".txt", ".md", ".yaml", ".yml", ".model",
        ".jinja", ".csv",
        ".parquet", ".png", ".jpg", ".jpeg", ".gif", ".pdf", ".toml", ".cfg", ".ini", ".data", ".dat", ".index", ".xml",
    ]

    /// What kind of program the bytes are; nil when they are none. Reads at most 64 bytes and the header of a PE file.
    package static func kind(of source: any ByteSource) throws(ByteError) -> String? {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 64)))
        func begins(_ signature: [UInt8]) -> Bool { head.starts(with: signature) }
        if begins([0x7F, 0x45, 0x4C, 0x46]) { return "ELF" }
        if begins(Array("MZqFpD='".utf8)) || begins(Array("jartsr='".utf8)) {
            return "an Actually Portable Executable (llamafile)"
        }
        if begins([0x4D, 0x5A]), head.count == 64 {
            let place = UInt64(head[60]) | UInt64(head[61]) << 8 | UInt64(head[62]) << 16 | UInt64(head[63]) << 24
            if place >= 4, place < 1 << 24, place + 4 <= source.size,
                try source.bytes(at: place, count: 2).elementsEqual([0x50, 0x45])
            {
                return "a Windows program (PE)"
            }
            // Text can begin with these two letters; a header of a program holds zeros.
            return head.contains(0) ? "a DOS or Windows program (MZ)" : nil
        }
        for magic: [UInt8] in [
            [0xFE, 0xED, 0xFA, 0xCE], [0xFE, 0xED, 0xFA, 0xCF], [0xCE, 0xFA, 0xED, 0xFE], [0xCF, 0xFA, 0xED, 0xFE],
        ] where begins(magic) { return "Mach-O" }
        if begins([0xCA, 0xFE, 0xBA, 0xBE]), head.count >= 8 {
            return head[4...6].allSatisfy { $0 == 0 } && head[7] < 30 ? "Mach-O (universal)" : "a Java class"
        }
        if begins([0x00, 0x61, 0x73, 0x6D]), head.count >= 8 { return "WebAssembly" }
        if begins([0x4C, 0x00, 0x00, 0x00, 0x01, 0x14, 0x02, 0x00]) { return "a Windows shortcut" }
        if begins([0x64, 0x65, 0x78, 0x0A]), head.count >= 8, head[7] == 0 { return "Android byte code (dex)" }
        if begins([0x1B, 0x4C, 0x75, 0x61]) { return "Lua byte code" }
        // Python byte code: a magic number of two bytes, then CR LF, then flags of which only the two lowest bits are known.
        if head.count >= 16, head[2] == 0x0D, head[3] == 0x0A,
            head[1] == 0x0C || head[1] == 0x0D || head[1] == 0x0E || head[1] == 0xF3,
            head[1] == 0xF3 || (head[4] <= 3 && head[5...7].allSatisfy { $0 == 0 })
        {
            return "Python byte code"
        }
        return nil
    }

    /// Whether the bytes are a script, by `#!`.
    package static func isScript(_ source: any ByteSource) throws(ByteError) -> Bool {
        guard source.size >= 3 else { return false }
        return try source.bytes(at: 0, count: 2).elementsEqual([0x23, 0x21])
    }

    /// Checks a file; a file that is no program has no findings.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        let found: String?
        do throws(ByteError) {
            found = try kind(of: source)
        } catch { return try CheckText.report(error, at: place, into: &findings) }
        guard let found else { return }
        let base = CheckText.baseName(name)
        if found == "a Windows shortcut" || disguises.contains(where: { base.hasSuffix($0) }) {
            findings.add(.executableDisguised, place, "\(CheckText.quoted(name)) is \(found)")
        } else {
            findings.add(
                .executableFile, place, "\(CheckText.quoted(name)) is \(found)",
                verdict: found.hasSuffix("(llamafile)") ? .review : nil)
        }
    }
}
