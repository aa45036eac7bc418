// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import Safetensors

/// The tensors of a checkpoint by the names that their digests have: of several names of one view the first by its bytes.
struct CheckpointHead: Sendable {
    private let checkpoint: Checkpoint
    private let tensors: [TensorName: CheckpointTensor]
    /// The names, sorted.
    let names: [TensorName]
    /// What the storages are read from when the file is elsewhere.
    let remote: RemoteWindow?

    /// Reads what is in the file, and executes nothing.
    ///
    /// - Throws: `CheckpointError`; a file of which no digest would be computed is refused.
    init(_ source: any ByteSource, remote: RemoteWindow? = nil) throws(CheckpointError) {
        var options = CheckpointOptions()
        if remote != nil { options.depth = .directory }
        let checkpoint = try Checkpoint(source, options: options)
        let state = try checkpoint.stateDictionary(nil)
        guard state.refusals.isEmpty else { throw .notACheckpoint("some of its tensors cannot be read") }
        var tensors: [TensorName: CheckpointTensor] = [:]
        var views: Set<TensorView> = []
        for (bytes, tensor) in state.tensors.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            guard let name = TensorName(utf8: bytes), !bytes.isEmpty, tensors[name] == nil else {
                throw .notACheckpoint("some of its tensors have no name of their own")
            }
            if let view = TensorView(tensor, checkpoint), !views.insert(view).inserted { continue }
            tensors[name] = tensor
        }
        (self.checkpoint, self.tensors, self.remote) = (checkpoint, tensors, remote)
        names = tensors.keys.sorted()
    }

    /// What the checkpoint says of the tensor of this name; nil when there is none.
    func form(of name: TensorName) -> TensorForm? { tensors[name].map { TensorForm($0, checkpoint) } }
}
