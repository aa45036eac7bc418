// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Knows which checks a content asks for, and opens what is packed inside.
package enum Scanner {
    /// Scans one file.
    ///
    /// - Parameters:
    ///   - source: its bytes.
    ///   - name: its path in the repository. What the file is follows from its content; the name only adds expectations.
    /// - Throws: only `ByteError.absent` (fetch that range, then scan again) and `ByteError.unreadable`.
    package static func scan(
        _ source: any ByteSource, name: String, options: ScanOptions = ScanOptions()
    ) throws(ByteError) -> FileScan {
        var run = ScanRun(options: options)
        let kind = try run.scan(source, name: name, at: ScanPlace(), depth: 0)
        return run.result(kind)
    }
}
