// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations
internal import Safetensors
internal import SystemPackage

extension JSON {
    static func inspection(_ reports: [InspectionReport], tensors: Bool) -> JSONValue {
        document("inspect", ["targets": .array(reports.map { target($0, tensors: tensors) })])
    }

    private static func target(_ report: InspectionReport, tensors: Bool) -> JSONValue {
        var kind = ""
        var place: KeyValuePairs<String, JSONValue?> = [:]
        switch report.origin {
        case .file(let path): (kind, place) = ("file", ["path": .string(path.string)])
        case .directory(let path): (kind, place) = ("directory", ["path": .string(path.string)])
        case .deliverable(let name, let identity):
            (kind, place) = (
                "deliverable", ["deliverable": .string(name.description), "identity": digest(identity)]
            )
        case .repository(let repository, let revision, let commit):
            (kind, place) = (
                "repository",
                [
                    "repository": .string(repository.description), "revision": .string(revision.description),
                    "commit": .string(commit.description),
                ]
            )
        }
        let head: KeyValuePairs<String, JSONValue?> = ["target": .string(report.target), "kind": .string(kind)]
        let tail: KeyValuePairs<String, JSONValue?> = [
            "models": .array(report.models.map { model($0, tensors: tensors) }),
            "files": .array(
                report.others.map {
                    .object([
                        "path": .string($0.name), "size": .integer($0.size.value),
                        "component": .string($0.component.rawValue),
                    ])
                }),
            "unnamed": report.unnamed > 0 ? .integer(Int64(report.unnamed)) : nil,
        ]
        return .object([head, place, tail].flatMap { JSONValue.object($0).members ?? [] })
    }

    private static func model(_ model: InspectionReport.Model, tensors: Bool) -> JSONValue {
        .object([
            "name": .string(model.name), "container": .string(model.container.rawValue),
            "indexed": .bool(model.hasIndex), "problem": model.problem.map { .string($0) },
            "tensor_count": number(model.tensorCount), "parameters": number(model.elementCount),
            "size": number(model.byteCount),
            "types": .array(
                model.types.map {
                    .object([
                        "type": .string($0.type), "tensors": number($0.tensors), "elements": number($0.elements),
                        "size": number($0.bytes),
                    ])
                }),
            "parts": .array(
                model.files.map { part($0, isCheckpoint: model.container == .checkpoint, tensors: tensors) }),
            "finding_count": .integer(Int64(model.findingCount)), "findings": findings(model.findings),
        ])
    }

    private static func metadata(_ entry: InspectionReport.Metadata) -> JSONValue {
        .object([
            "key": .string(entry.key), "value": .string(entry.value), "type": entry.type.map { .string($0) },
            "length": entry.length.map(number), "digest": entry.digest.map(digest),
        ])
    }

    private static func part(_ file: InspectionReport.File, isCheckpoint: Bool, tensors: Bool) -> JSONValue {
        .object([
            "path": .string(file.name), "size": .integer(file.size.value), "problem": file.problem.map { .string($0) },
            "format": file.layout?.format.map { .string($0) },
            "tensor_count": file.layout.map { .integer(Int64($0.tensorCount)) },
            "data_offset": file.layout?.dataStart.map(number),
            "alignment": file.layout?.alignment.map { .integer(Int64($0)) },
            "padding": file.layout?.padding.map(number),
            "metadata": file.layout.map { .array($0.metadata.map(metadata)) },
            "place": file.layout?.place.map { .string($0) },
            "shared": isCheckpoint ? file.layout.map { remarks($0.shared, "kept") } : nil,
            "beside": isCheckpoint ? file.layout.map { remarks($0.beside, "what") } : nil,
            "finding_count": .integer(Int64(file.findingCount)), "findings": findings(file.findings),
            "tensors": tensors && file.layout != nil
                ? .array(
                    file.tensors.map {
                        .object([
                            "name": .string($0.name.string), "type": .string($0.type),
                            "shape": .array($0.shape.map(number)), "size": $0.size.map(number),
                            "offset": $0.offset.map(number),
                        ])
                    }) : nil,
        ])
    }

    private static func findings(_ list: [InspectionReport.Finding]) -> JSONValue {
        .array(list.map { .object(["rule": .string($0.rule), "message": .string($0.message)]) })
    }

    /// A number of 64 bits; one that JSON readers could not hold, which only an empty tensor's dimension can be, as text.
    static func number(_ value: UInt64) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .string(String(value))
    }
}
