// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import FileIO
internal import GGUF
internal import Safetensors
internal import SystemPackage

/// A file on this machine in which tensors lie as their digests take them, each in one stretch: safetensors or GGUF.
struct TensorFile: Sendable {
    /// One tensor.
    struct Tensor: Sendable {
        let name: TensorName
        /// Its digest, begun.
        let hasher: TensorHasher
        /// Where its bytes begin in the file.
        let offset: UInt64
        let byteCount: UInt64
        /// The tensor itself where its numbers have to be turned round.
        let swapped: GGUFTensor?
    }

    /// Why a file has no tensor digest.
    struct Problem: Error {
        let reason: String
    }

    let tensors: [Tensor]
    /// What counts beside the tensors: see `TensorRecord.metadata`.
    let metadata: Digest?
    /// For tensors whose numbers have to be turned round.
    let source: FileSource

    /// Reads the header.
    ///
    /// - Throws: `Failure` when the file cannot be read, `Problem` when it is not what it should be.
    init(_ path: FilePath, _ container: InspectionReport.Container) throws {
        let source = try FileSource(path)
        if container == .gguf { try self.init(gguf: source) } else { try self.init(safetensors: path, source) }
    }

    private init(safetensors path: FilePath, _ source: FileSource) throws {
        let header: Header
        do throws(SafetensorsError) { header = try SafetensorsFile(path).header } catch {
            switch error {
            case .header(let reason, _): throw Problem(reason: reason.message)
            case .file(let failure): throw failure
            default: throw Problem(reason: error.message)
            }
        }
        (self.source, metadata) = (source, nil)
        tensors = header.tensors.map { tensor in
            // No overflow: the header was checked against the size of the file.
            Tensor(
                name: tensor.name, hasher: TensorHasher(tensor), offset: header.dataStart + tensor.offsets.lowerBound,
                byteCount: tensor.byteCount, swapped: nil)
        }
    }

    private init(gguf source: FileSource) throws {
        let header: GGUFHeader
        do throws(GGUFError) { header = try GGUFHeader(parsing: source) } catch {
            if case .bytes(.unreadable(let message)) = error { throw Failure(.file, message) }
            throw Problem(reason: error.description)
        }
        (self.source, metadata) = (source, GGUFWeights.metadataDigest(header))
        tensors = try header.tensors.map { tensor in
            guard let prefix = tensor.digestPrefix, let type = tensor.type, let count = tensor.byteCount else {
                throw Problem(reason: GGUFError.noDigest(tensor: tensor.name, typeCode: tensor.typeCode).description)
            }
            return Tensor(
                name: TensorName(tensor.name), hasher: TensorHasher(prefix: prefix), offset: tensor.dataOffset,
                byteCount: count, swapped: tensor.byteOrder == .big && type.blockBytes > 1 ? tensor : nil)
        }
    }
}
