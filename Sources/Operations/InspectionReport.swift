// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
package import Safetensors
package import SystemPackage

/// What the headers of a target's files say. Nothing in it depends on a byte of a tensor.
package struct InspectionReport: Sendable {
    /// What a file of tensors is.
    package enum Container: String, Sendable, Hashable, CaseIterable {
        /// Safetensors.
        case safetensors
        /// A PyTorch checkpoint or numpy arrays.
        case checkpoint
        /// The one-file format of llama.cpp.
        case gguf
    }

    /// What the target turned out to be.
    package enum Origin: Sendable, Hashable {
        case file(FilePath)
        case directory(FilePath)
        case deliverable(DeliverableName, Digest)
        case repository(RepositoryID, Revision, GitObjectID)
    }

    /// Something about a model's packaging that a strict reader refuses, or about its files that does not agree.
    package struct Finding: Sendable, Hashable {
        /// Which rule it breaks, as `--json` prints it.
        package let rule: String
        /// What it is, in a sentence for people.
        package let message: String
    }

    /// One tensor.
    package struct Tensor: Sendable, Hashable {
        /// Its name.
        package let name: TensorName
        /// The type of its elements, as the container names it.
        package let type: String
        /// Its dimensions, outermost first.
        package let shape: [UInt64]
        /// Its bytes; nil when they cannot be told, as of a type that is not known.
        package let size: UInt64?
        /// Where they begin in the file, counted from the file's beginning; nil when they do not lie in it as they are.
        package let offset: UInt64?
    }

    /// Something that a file says beside its tensors.
    package struct Metadata: Sendable, Hashable {
        /// The key.
        package let key: String
        /// The value: a text, a number, or a few words about a long one.
        package let value: String
        /// The type, where the container has types: `uint32`, `string`, `array of string`.
        package let type: String?
        /// How many elements an array has, or how many bytes a text that was cut.
        package let length: UInt64?
        /// The digest of an array, by which two can be compared.
        package let digest: Digest?

        /// Puts an entry together.
        package init(_ key: String, _ value: String, type: String? = nil, length: UInt64? = nil, digest: Digest? = nil)
        {
            (self.key, self.value, self.type, self.length, self.digest) = (key, value, type, length, digest)
        }
    }

    /// A name or a place in a file with a few words about it, both fit to print.
    package struct Remark: Sendable, Hashable {
        /// The name.
        package let name: String
        /// What it is.
        package let text: String
    }

    /// The tensors of one type.
    package struct TypeShare: Sendable, Hashable {
        /// The type, as the container names it.
        package let type: String
        /// How many tensors.
        package var tensors: UInt64 = 0
        /// How many elements; at most the largest 64-bit number.
        package var elements: UInt64 = 0
        /// How many bytes; at most the largest 64-bit number.
        package var bytes: UInt64 = 0
    }

    /// Where things are in a file.
    package struct Layout: Sendable, Hashable {
        /// Which of its forms the container has, such as `torch-zip` or `GGUF 3`; nil for safetensors, which has one.
        package var format: String?
        /// The bytes before the data, padding included; nil where tensors have places of their own.
        package var dataStart: UInt64?
        /// Spaces at the header's end: room in which metadata can grow.
        package var padding: UInt64?
        /// The largest power of two, up to 4096, at a multiple of which the data begin; of GGUF what the file says.
        package var alignment: Int?
        /// The metadata in the order of the file.
        package var metadata: [Metadata] = []
        /// How many tensors it holds.
        package var tensorCount: Int
        /// Where in a checkpoint's object the tensors are; nil for the object itself.
        package var place: String?
        /// Names that stand for a tensor listed under another one, which is the text.
        package var shared: [Remark] = []
        /// What a checkpoint holds beside those tensors.
        package var beside: [Remark] = []
    }

    /// One file of a model.
    package struct File: Sendable {
        /// Its path below the target.
        package let name: String
        /// Its size.
        package let size: ByteCount
        /// Where things are in it; nil when it could not be read.
        package let layout: Layout?
        /// Why it could not be read.
        package let problem: String?
        /// What a strict reader refuses, at most 100.
        package let findings: [Finding]
        /// How many there were.
        package let findingCount: Int
        /// Its tensors in the order of their bytes.
        package let tensors: [Tensor]
    }

    /// One model: a file, or several that belong together.
    package struct Model: Sendable {
        /// The name of the index, of the series of files, or of the file.
        package let name: String
        /// What its files are.
        package let container: Container
        /// Whether an index puts its files together.
        package let hasIndex: Bool
        /// Why its index could not be read.
        package let problem: String?
        /// Its files, in the order of their names.
        package let files: [File]
        /// Where index, headers and files do not agree, at most 1000.
        package let findings: [Finding]
        /// How many there were.
        package let findingCount: Int
        /// Its tensors by type, the type with the most bytes first.
        package let types: [TypeShare]

        /// How many tensors there are in all files.
        package var tensorCount: UInt64 { types.reduce(0) { $0.addingClamped($1.tensors) } }
        /// How many elements they have: what people call parameters, where every tensor holds some.
        package var elementCount: UInt64 { types.reduce(0) { $0.addingClamped($1.elements) } }
        /// How many bytes they have.
        package var byteCount: UInt64 { types.reduce(0) { $0.addingClamped($1.bytes) } }
    }

    /// A file that is no part of a model.
    package struct OtherFile: Sendable, Hashable {
        /// Its path below the target.
        package let name: String
        /// Its size.
        package let size: ByteCount
        /// The component it belongs to, by its name.
        package let component: Component
    }

    /// The target as it was typed.
    package let target: String
    /// What it turned out to be.
    package let origin: Origin
    /// The models, in the order of their names.
    package let models: [Model]
    /// The other files, by component and name.
    package let others: [OtherFile]
    /// How many files were passed over because of names that cannot be read back.
    package let unnamed: Int

    /// How many findings there are in all.
    package var findingCount: Int {
        models.reduce(0) { $0 + $1.findingCount + $1.files.reduce(0) { $0 + $1.findingCount } }
    }

    /// The name of a model for people: as it was typed where the target is that model.
    package func title(of model: Model) -> String {
        if case .file = origin { target } else { model.name }
    }

    /// What could not be read, with the reason.
    package var problems: [(name: String, reason: String)] {
        models.flatMap { model in
            (model.problem.map { [(title(of: model), $0)] } ?? [])
                + model.files.compactMap { file in
                    file.problem.map { (model.files.count == 1 ? title(of: model) : file.name, $0) }
                }
        }
    }
}

extension UInt64 {
    /// The sum, or the largest number where there is none.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
