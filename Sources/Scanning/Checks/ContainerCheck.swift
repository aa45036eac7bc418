// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Names binary containers that can carry code or serialised objects and are not opened here.
package enum ContainerCheck {
    /// A format by the bytes at a place. Of those that only describe a computation nothing worse than `review` is said.
    private struct Signature {
        let offset: Int
        let bytes: [UInt8]
        let name: String
        var verdict = Verdict.unknown

        init(_ bytes: [UInt8], at offset: Int = 0, _ name: String, _ verdict: Verdict = .unknown) {
            (self.bytes, self.offset, self.name, self.verdict) = (bytes, offset, name, verdict)
        }
    }

    private static let signatures = [
        Signature(Array("RDX2\n".utf8), "serialised objects of R"),
        Signature(Array("RDX3\n".utf8), "serialised objects of R"),
        Signature(Array("RDA2\n".utf8), "serialised objects of R"),
        Signature(Array("RDA3\n".utf8), "serialised objects of R"),
        Signature([0x58, 0x0A, 0x00, 0x00, 0x00, 0x02], "a serialised object of R"),
        Signature([0x58, 0x0A, 0x00, 0x00, 0x00, 0x03], "a serialised object of R"),
        Signature(Array("ptrt".utf8), "a TensorRT engine"), Signature(Array("ftrt".utf8), "a TensorRT engine"),
        Signature([0xAC, 0xED, 0x00, 0x05], "serialised objects of Java"),
        Signature([0x4D, 0x4C, 0xEF, 0x52], "MLIR byte code"), Signature([0x42, 0x43, 0xC0, 0xDE], "LLVM byte code"),
        Signature(Array("TFL3".utf8), at: 4, "a TensorFlow Lite model", .review),
        Signature(Array("ET12".utf8), at: 4, "an ExecuTorch program", .review),
        Signature(Array("RKNN".utf8), "an RKNN model", .review),
        Signature(Array("CBM1".utf8), "a CatBoost model", .review),
        Signature(Array("MATLAB 5.0".utf8), "a MATLAB file", .review),
        Signature(Array("MSCF\0\0\0\0".utf8), "a cabinet archive", .unscannable),
        Signature(Array("LZIP".utf8), "an lzip stream", .unscannable),
        Signature([0x1F, 0x9D, 0x90], "a stream of compress", .unscannable),
        Signature(Array("hsqs".utf8), "a SquashFS image", .unscannable),
        Signature(Array("xar!".utf8), "a xar archive", .unscannable),
        Signature(Array("MSWIM\0\0\0".utf8), "a WIM image", .unscannable),
        Signature([0xFF, 0x06, 0x00, 0x00] + Array("sNaPpY".utf8), "a Snappy stream", .unscannable),
        Signature([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "a compound document of Microsoft", .unscannable),
        Signature([0xED, 0xAB, 0xEE, 0xDB], "an RPM package", .unscannable),
        Signature(Array("**ACE**".utf8), at: 7, "an ACE archive", .unscannable),
        Signature(Array("-lh".utf8), at: 2, "an LHA archive", .unscannable),
        Signature(Array("SQLite format 3".utf8), "an SQLite database", .review),
    ]

    /// What the bytes are; nil when they are none of these. Reads at most 32 bytes.
    package static func kind(of source: any ByteSource) throws(ByteError) -> String? { try signature(of: source)?.name }

    private static func signature(of source: any ByteSource) throws(ByteError) -> Signature? {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 32)))
        return signatures.first { head.dropFirst($0.offset).starts(with: $0.bytes) }
    }

    /// Checks a file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        do throws(ByteError) {
            guard let found = try signature(of: source) else { return }
            findings.add(
                .containerUnopened, place, "\(CheckText.quoted(name)) is \(found.name), which is not opened",
                verdict: found.verdict)
        } catch { try CheckText.report(error, at: place, into: &findings) }
    }
}
