// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Safetensors
package import SystemPackage

/// What reading one file of weights has shown: the digests of its tensors, or why it has none.
///
/// It follows from the file's bytes alone, so it can be kept under their digest. The text form is specified in
/// `docs/formats/store.md`.
package struct TensorRecord: Sendable, Hashable {
    /// A container of tensors that can be read.
    package enum Container: String, Sendable, Hashable, CaseIterable {
        case safetensors
        /// A PyTorch checkpoint or a numpy archive.
        case checkpoint
        /// GGUF, whose metadata (vocabulary, template, scaling) change outputs as much as its tensors do.
        case gguf
    }

    /// The container; nil for a file that is none of them.
    package let container: Container?
    /// The digests of its tensors; empty where there is no container.
    package let digests: TensorDigests
    /// The digest of what the file says beside its tensors, where that changes outputs: of a GGUF file's metadata.
    package let metadata: Digest?

    /// Puts a record together.
    package init(_ container: Container, _ digests: TensorDigests, metadata: Digest? = nil) {
        self.init(container: container, digests: digests, metadata: metadata)
    }

    private init(container: Container?, digests: TensorDigests, metadata: Digest? = nil) {
        (self.container, self.digests, self.metadata) = (container, digests, metadata)
    }

    /// A file that is none of the containers.
    package static func notWeights() throws(SafetensorsError) -> TensorRecord {
        TensorRecord(container: nil, digests: try TensorDigests([]))
    }

    /// Reads every tensor of the file at `path`, each byte once. Bytes that are no container give a record without one;
    /// only a failing disk is an error.
    ///
    /// `progress` gets the number of bytes just read; when it returns false the result is nil.
    package init?(reading path: FilePath, progress: (Int) -> Bool) throws(Failure) {
        do throws(SafetensorsError) {
            let file = try SafetensorsFile(path)
            guard let digests = try TensorDigests(of: file, progress: progress) else { return nil }
            self.init(.safetensors, digests)
        } catch {
            switch error {
            case .file(let failure): throw failure
            default:
                guard let record = try? TensorRecord.notWeights() else { return nil }
                self = record
            }
        }
    }

    private static let magic = "weighlock-tensors 2"
    private static let noContainer = "none"

    /// The record as it is kept.
    package var bytes: [UInt8] {
        let name = (container?.rawValue ?? TensorRecord.noContainer) + (metadata.map { " \($0)" } ?? "")
        let body = Array("\(name)\n".utf8) + digests.listing
        return Array("\(TensorRecord.magic)\n\(Digest(of: body))\n".utf8) + body
    }

    /// Reads a record back; nil when it is not whole, or of another version.
    package init?(bytes: [UInt8]) {
        let header = Array("\(TensorRecord.magic)\n".utf8)
        guard bytes.starts(with: header), bytes.count > header.count + 65,
            let sum = String(validating: bytes[header.count..<header.count + 64], as: UTF8.self).flatMap({ Digest($0) })
        else { return nil }
        let body = Array(bytes[(header.count + 65)...])
        guard Digest(of: body) == sum, let end = body.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let fields = String(decoding: body[..<end], as: UTF8.self).split(
            separator: " ", omittingEmptySubsequences: false)
        let container = fields.first.flatMap { Container(rawValue: String($0)) }
        let metadata = fields.count == 2 ? Digest(fields[1]) : nil
        guard container != nil || fields == [TensorRecord.noContainer[...]],
            fields.count == 1 || (fields.count == 2 && container == .gguf && metadata != nil),
            let digests = try? TensorDigests(listing: body[(end + 1)...])
        else { return nil }
        self.init(container: container, digests: digests, metadata: metadata)
    }
}
