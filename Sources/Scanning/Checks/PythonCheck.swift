// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Looks at Python source: what it imports and calls, and whether that happens as soon as it is imported.
package enum PythonCheck {
    /// Checks a Python file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        findings.add(.pythonCode, place, "\(CheckText.quoted(name)) is Python code")
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.textBytes, at: place, into: &findings) else {
            return
        }
        if let hook = hooks[CheckText.baseName(name)] {
            findings.add(.pythonHookFile, place, "\(CheckText.quoted(name)) \(hook)")
        }
        check(bytes, name: name, isImported: true, at: place, into: &findings)
    }

    private static let hooks = [
        "setup.py": "runs when the repository is installed", "conftest.py": "runs with every test run of pytest",
        "sitecustomize.py": "runs whenever Python starts", "usercustomize.py": "runs whenever Python starts",
    ]

    /// Encodings in which every ASCII byte means itself.
    private static let encodings: Set<String> = [
        "utf-8", "utf8", "utf_8", "utf-8-sig", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "iso-8859-15",
        "cp1252", "windows-1252",
    ]

    static func check(
        _ bytes: [UInt8], name: String, isImported: Bool, at place: ScanPlace, into findings: inout ScanFindings,
        nesting: Int = 0
    ) {
        if let encoding = declaredEncoding(bytes), !CheckText.isListed(CheckText.lowered(encoding), in: encodings) {
            findings.add(
                .pythonEncoding, place.line(1), "the file declares the encoding \(CheckText.quoted(encoding))",
                name: encoding)
        }
        let lexer: PythonLexer
        do throws(PythonLexer.Problem) {
            lexer = try PythonLexer.run(bytes)
        } catch {
            findings.add(
                .documentMalformed, place.line(error.line), "\(CheckText.quoted(name)) cannot be read: \(error.reason)")
            return
        }
        var scan = PythonScan(lexer, isImported: isImported, place: place, nesting: nesting)
        scan.run()
        for finding in scan.findings.findings { findings.add(finding) }
    }

    /// The encoding in a comment of the first two lines, as Python looks for it.
    private static func declaredEncoding(_ bytes: [UInt8]) -> String? {
        for line in bytes.prefix(4096).split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false).prefix(2)
        {
            let text = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0C }
            guard text.first == UInt8(ascii: "#"), let found = CheckText.find(Array("coding".utf8), in: Array(text))
            else { continue }
            let rest = Array(text)[(found + 6)...]
            guard let mark = rest.first, mark == UInt8(ascii: ":") || mark == UInt8(ascii: "=") else { continue }
            let value = rest.dropFirst().drop { $0 == 0x20 || $0 == 0x09 }.prefix {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
                    || [0x2D, 0x5F, 0x2E].contains($0)
            }
            if !value.isEmpty { return String(decoding: value, as: UTF8.self) }
        }
        return nil
    }
}
