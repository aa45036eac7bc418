// SPDX-License-Identifier: Apache-2.0

/// What the first bytes of a file or a member say it is. The name of the file is not asked.
public enum ContainerFormat: String, Sendable, Hashable, CaseIterable {
    /// A zip archive (PyTorch, npz, Keras, TorchScript).
    case zip
    /// A tar archive with a right checksum in its first header.
    case tar
    /// A gzip stream.
    case gzip
    /// A bzip2 stream.
    case bzip2
    /// An xz stream.
    case xz
    /// An LZMA stream without a container.
    case lzma
    /// A zlib stream.
    case zlib
    /// A Zstandard stream.
    case zstd
    /// An LZ4 frame; named, not opened.
    case lz4
    /// A 7z archive; named, not opened.
    case sevenZip = "7z"
    /// A RAR archive; named, not opened.
    case rar
    /// A Unix `ar` archive; named, not opened.
    case ar
    /// A cpio archive; named, not opened.
    case cpio
    /// An HDF5 file; named, not opened.
    case hdf5
    /// A numpy array.
    case npy

    /// What the bytes begin as; nil when it is none of these.
    ///
    /// `zlib` and `lzma` have no signature to speak of: their headers are checked as far as they can be, and the answer is a guess
    /// that unpacking confirms. Reads at most 512 bytes.
    public static func detect(_ source: any ByteSource) throws(ByteError) -> ContainerFormat? {
        let head = try source.bytes(at: 0, count: Int(min(source.size, 16)))
        func begins(_ signature: [UInt8]) -> Bool { head.starts(with: signature) }
        if begins([0x50, 0x4B, 0x03, 0x04]) || begins([0x50, 0x4B, 0x05, 0x06]) { return .zip }
        if begins([0x1F, 0x8B, 0x08]) { return .gzip }
        if begins([0x42, 0x5A, 0x68]), head.count >= 10, (0x31...0x39).contains(head[3]),
            head[4..<10].elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
                || head[4..<10].elementsEqual([0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
        {
            return .bzip2
        }
        if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
        if begins([0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        if head.count >= 4, head[0] & 0xF0 == 0x50, head[1...3].elementsEqual([0x2A, 0x4D, 0x18]) { return .zstd }
        if begins([0x04, 0x22, 0x4D, 0x18]) { return .lz4 }
        if begins([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) { return .sevenZip }
        if begins([0x52, 0x61, 0x72, 0x21, 0x1A, 0x07]) { return .rar }
        if begins(Array("!<arch>\n".utf8)) { return .ar }
        if begins(Array("070701".utf8)) || begins(Array("070707".utf8)) { return .cpio }
        if begins([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return .hdf5 }
        if begins([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) { return .npy }
        if try TarDirectory.begins(source) { return .tar }
        if head.count >= 2, head[0] & 0x0F == 8, head[0] >> 4 <= 7, (UInt16(head[0]) << 8 | UInt16(head[1])) % 31 == 0,
            head[1] & 0x20 == 0
        {
            return .zlib
        }
        // Properties, a dictionary size that writers use, and an unknown or a plausible size.
        if head.count >= 13, head[0] == 0x5D, isDictionarySize(head[1..<5]),
            head[5..<13].allSatisfy({ $0 == 0xFF }) || head[10..<13].allSatisfy({ $0 == 0 })
        {
            return .lzma
        }
        return nil
    }

    private static func isDictionarySize(_ bytes: ArraySlice<UInt8>) -> Bool {
        let size = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if size == .max { return true }
        return size >= 4096 && (size & (size - 1) == 0 || size % 3 == 0 && (size / 3) & (size / 3 - 1) == 0)
    }

    /// Whether it is one stream of packed bytes, without names.
    public var isStream: Bool {
        switch self {
        case .gzip, .bzip2, .xz, .lzma, .zlib, .zstd: true
        default: false
        }
    }

    /// Whether it is known but cannot be opened here: to be reported, never skipped.
    public var isUnopened: Bool {
        switch self {
        case .lz4, .sevenZip, .rar, .ar, .cpio, .hdf5: true
        default: false
        }
    }
}
