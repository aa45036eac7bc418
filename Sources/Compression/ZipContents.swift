// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

extension ZipDirectory {
    /// The bytes of a member, unpacked, in bounded memory; those of a stored member as they lie in the archive.
    ///
    /// - Parameter checked: whether the CRC-32 of a stored member is computed, which reads all of it. A compressed member is
    ///   unpacked once and checked in any case.
    /// - Throws: `mismatch` when size or checksum differ from the directory's; `unsupported` for encrypted members and unknown methods.
    package func contents(
        of member: ZipMember, checked: Bool, limits: ExpansionLimits = ExpansionLimits()
    ) throws(ExpansionError) -> any ByteSource {
        let format = CompressionFormat.deflate
        guard !member.isEncrypted else {
            throw .unsupported(format, offset: member.headerOffset, what: "an encrypted member `\(member.name)`")
        }
        let packed: PartialSource
        do throws(ArchiveError) {
            packed = try self.packed(member)
        } catch {
            switch error {
            case .bytes(let error): throw .bytes(error)
            default: throw .malformed(format, offset: member.headerOffset, reason: error.description)
            }
        }
        switch member.method {
        case .stored:
            guard member.packedSize == member.size else {
                throw .mismatch("`\(member.name)` is stored with \(member.packedSize) bytes, \(member.size) declared")
            }
            if checked {
                let checksum: UInt32
                do throws(ByteError) {
                    checksum = try CRC32.of(packed, at: 0, count: packed.size)
                } catch { throw .bytes(error) }
                guard checksum == member.checksum else {
                    throw .mismatch(
                        "`\(member.name)` has the checksum \(String(checksum, radix: 16)), \(String(member.checksum, radix: 16)) declared"
                    )
                }
            }
            return packed
        case .deflate:
            let (contents, trailing) = try Expander.expand(
                .deflate, packed, size: member.size, checksum: member.checksum, limits: limits)
            guard trailing == 0 else { throw .mismatch("\(trailing) packed bytes of `\(member.name)` are not used") }
            return contents
        case .other(let number):
            throw .unsupported(
                format, offset: member.headerOffset, what: "the packing method \(number) of `\(member.name)`")
        }
    }
}
