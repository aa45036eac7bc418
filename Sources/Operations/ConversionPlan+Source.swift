// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Conversion
internal import FileIO
internal import Safetensors
internal import SystemPackage

extension ConversionPlan {
    /// The tensors that are converted, in the files they lie in.
    struct Source: Sendable {
        /// What kind of files they are.
        let container: InspectionReport.Container
        /// The name of the model for people.
        let name: String
        /// The files.
        let files: [FilePath]
        /// The names of the files beside the index, or in their directory.
        let names: [RelativePath]
        /// The index with its name.
        let index: (path: RelativePath, content: ShardIndex)?
        /// The checkpoints, opened when they were scanned; none of other containers.
        let checkpoints: [FileSource]

        /// What the names of new files begin with: the same as those of the old ones, but for checkpoints' `pytorch_model`.
        var stem: String {
            var file = name.split(separator: "/").last.map(String.init) ?? name
            if container == .checkpoint {
                let cut = file.firstRange(of: ".index.").map { String(file[..<$0.lowerBound]) } ?? file
                file = (try? RelativePath(cut)).flatMap { ConvertedName.of($0) }.map { "\($0)" } ?? file
            }
            var stem = file
            for mark in [".safetensors.index.", "-*-of-", ".safetensors"] {
                guard let range = file.firstRange(of: mark) else { continue }
                stem = String(file[..<range.lowerBound])
                break
            }
            let isPlain = (try? RelativePath(stem))?.segments.count == 1 && !stem.hasPrefix(".") && !stem.hasPrefix("-")
            return isPlain ? stem : "model"
        }
    }

    /// The files that checkpoints become.
    static func set(
        _ model: Source, _ destination: Destination, _ request: Request
    ) throws(Failure) -> CheckpointSet {
        var options = CheckpointSet.Options()
        options.key = request.key
        options.division = request.division?.parts
        // One file of one checkpoint needs no division, and one of several does.
        if destination.isFile, model.files.count > 1 { options.division = .one }
        options.stem = destination.isFile ? temporaryStem : model.stem
        options.alignment = request.alignment ?? options.alignment
        options.reserving = request.reserving
        (options.setting, options.removing) = (request.setting, request.removing)
        let sources = zip(model.names, model.checkpoints).map { CheckpointSet.Source($0, $1) }
        return try CheckpointSet(sources, index: model.index, options)
    }

    static func outputs(_ set: CheckpointSet, _ destination: Destination) -> [Output] {
        var outputs = set.files.map { file in
            Output(
                path: destination.path(of: file.name.description),
                size: ByteCount(clamping: Int64(clamping: file.layout.fileSize)),
                tensorCount: file.layout.tensors.count)
        }
        if let index = set.index {
            outputs.append(
                Output(
                    path: destination.path(of: index.name.description),
                    size: ByteCount(clamping: Int64(index.bytes.count)), tensorCount: nil))
        }
        return outputs
    }
}
