// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations

extension JSON {
    /// The document of `inspect --defaults`.
    static func defaults(_ reports: [DefaultsOperation.Report]) -> JSONValue {
        document(
            "defaults",
            [
                "targets": .array(
                    reports.map { report in
                        .object([
                            "target": .string(report.target),
                            "defaults": .array(
                                report.defaults.map { item in
                                    .object([
                                        "name": .string(item.name), "value": item.value,
                                        "file": .string(item.file.description), "key": item.key.map { .string($0) },
                                    ])
                                }),
                            "gguf": .array(
                                report.gguf.map { file in
                                    .object([
                                        "file": .string(file.file.description),
                                        "types": .array(
                                            file.types.map { type in
                                                .object([
                                                    "type": .string(type.type),
                                                    "tensors": .integer(Int64(clamping: type.tensors)),
                                                ])
                                            }),
                                    ])
                                }),
                            "engines": .array(
                                report.engines.map { engine, settings in
                                    .object([
                                        "engine": .string(engine.rawValue), "release": .string(engine.release),
                                        "settings": .array(settings.map(setting)),
                                    ])
                                }),
                        ])
                    })
            ])
    }

    private static func setting(_ setting: EngineDefault) -> JSONValue {
        var (origin, file, key): (String, String?, String?) = ("open", nil, nil)
        switch setting.origin {
        case .file(let path, let found): (origin, file, key) = ("file", path.description, found)
        case .program: origin = "engine"
        case .open: break
        }
        return .object([
            "name": .string(setting.name), "value": setting.value, "origin": .string(origin),
            "file": file.map { .string($0) },
            "key": key.map { .string($0) }, "note": setting.note.map { .string($0) },
        ])
    }
}
