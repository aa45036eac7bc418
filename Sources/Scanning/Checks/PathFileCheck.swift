// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Looks at `.pth` files that are text: those that Python reads from its directories of packages.
package enum PathFileCheck {
    /// Checks a path file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.textBytes, at: place, into: &findings) else {
            return
        }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == 0x0A || $0 == 0x0D })
            .enumerated()
        {
            guard line.starts(with: "import ".utf8) || line.starts(with: "import\t".utf8) else { continue }
            findings.add(
                .pathFileCode, place.line(index + 1),
                "the line is run: \(CheckText.quoted(String(decoding: line.prefix(400), as: UTF8.self), limit: 80))")
        }
    }
}
