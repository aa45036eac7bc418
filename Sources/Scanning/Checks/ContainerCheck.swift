// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Names binary containers that can carry code or serialised objects and are not opened here.
package enum ContainerCheck {
    private static let signatures: [(offset: Int, bytes: [UInt8], name: String)] = [
        (0, Array("RDX2\n".utf8), "serialised objects of R"), (0, Array("RDX3\n".utf8), "serialised objects of R"),
        (0, Array("RDA2\n".utf8), "serialised objects of R"), (0, Array("RDA3\n".utf8), "serialised objects of R"),
        (0, [0x58, 0x0A, 0x00, 0x00, 0x00, 0x02], "a serialised object of R"),
        (0, [0x58, 0x0A, 0x00, 0x00, 0x00, 0x03], "a serialised object of R"),
        (0, Array("ptrt".utf8), "a TensorRT engine"), (0, Array("ftrt".utf8), "a TensorRT engine"),
        (4, Array("TFL3".utf8), "a TensorFlow Lite model"), (4, Array("ET12".utf8), "an ExecuTorch program"),
        (0, Array("RKNN".utf8), "an RKNN model"), (0, Array("CBM1".utf8), "a CatBoost model"),
        (0, Array("MATLAB 5.0".utf8), "a MATLAB file"), (0, [0xAC, 0xED, 0x00, 0x05], "serialised objects of Java"),
        (0, [0x4D, 0x4C, 0xEF, 0x52], "MLIR byte code"), (0, [0x42, 0x43, 0xC0, 0xDE], "LLVM byte code"),
        (0, Array("SQLite format 3".utf8), "an SQLite database"),
    ]

    /// What the bytes are; nil when they are none of these. Reads at most 32 bytes.
    package static func kind(of source: any ByteSource) throws(ByteError) -> String? {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 32)))
        return signatures.first { head.dropFirst($0.offset).starts(with: $0.bytes) }?.name
    }

    /// Checks a file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        do throws(ByteError) {
            guard let kind = try kind(of: source) else { return }
            findings.add(.containerUnopened, place, "\(CheckText.quoted(name)) is \(kind), which is not opened")
        } catch { try CheckText.report(error, at: place, into: &findings) }
    }
}
