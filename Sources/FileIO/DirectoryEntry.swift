// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A name in a directory.
package struct DirectoryEntry: Sendable, Hashable {
    /// The name; bytes that are not UTF-8 are replaced, so that nothing is found under it.
    package let name: String
    /// What stands there, where the directory itself says so: not every file system does.
    package let kind: FileStatus.Kind?

    /// - Parameter type: `d_type` of the entry.
    init(name: String, type: UInt8) {
        self.name = name
        switch Int(type) {
        case Int(DT_REG): kind = .regular
        case Int(DT_DIR): kind = .directory
        case Int(DT_LNK): kind = .symbolicLink
        case Int(DT_UNKNOWN): kind = nil
        default: kind = .other
        }
    }

    /// The first sixteen bytes of the name as a number that sorts as they do: no name holds a zero.
    var order: (UInt64, UInt64) {
        var (high, low) = (UInt64(0), UInt64(0))
        for (index, byte) in name.utf8.prefix(16).enumerated() {
            if index < 8 { high |= UInt64(byte) << UInt64(56 - 8 * index) }
            if index >= 8 { low |= UInt64(byte) << UInt64(120 - 8 * index) }
        }
        return (high, low)
    }
}
