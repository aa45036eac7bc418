// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
internal import Drift

/// `inspect --defaults`: the values that nobody wrote down, and what each engine makes of them. Reads small files and headers.
package struct DefaultsOperation: Sendable {
    /// What was found.
    package struct Report: Sendable {
        /// The target as it was typed.
        package let target: String
        /// The effective defaults, in the order of the lock.
        package let defaults: [EffectiveDefault]
        /// What each engine uses, in the order asked for.
        package let engines: [(engine: Engine, settings: [EngineDefault])]
        /// The GGUF files, with the types of their tensors.
        package let gguf: [EngineDefaults.GGUF]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Finds the defaults of a target. A deliverable's are those of its lock: nothing of it is fetched but headers of GGUF files.
    ///
    /// - Throws: `Failure` when the target is nothing, or cannot be listed or read.
    package func run(_ target: ModelTarget, engines: [Engine] = Engine.allCases) async throws -> Report {
        let builder = try SnapshotBuilder(session, project)
        let draft = try await builder.target(target)
        let defaults: [EffectiveDefault]
        if case .deliverable(let name, nil) = target.place, let locked = try project.lock().deliverable(name) {
            defaults = locked.defaults
        } else {
            defaults = try await read(draft.snapshot(session, builder.hub))
        }
        let gguf =
            draft.files.contains { $0.path.fileExtension == "gguf" }
            ? DefaultsOperation.gguf(try await Inspection(session, project).run(target)) : []
        let table = EngineDefaults(defaults, gguf: gguf.first)
        return Report(
            target: target.text, defaults: defaults, engines: engines.map { ($0, table.table(for: $0)) }, gguf: gguf)
    }

    private func read(_ snapshot: Snapshot) async throws -> [EffectiveDefault] {
        var contents: [(path: RelativePath, content: [UInt8])] = []
        for file in snapshot.files where file.role == .model && EffectiveDefaults.wants(file.path) {
            let limit = EffectiveDefaults.maximumSize(of: file.path)
            // One byte too many gives the entry which says that the file was not read.
            contents.append(
                (
                    file.path,
                    file.state.size.value > Int64(limit)
                        ? [UInt8](repeating: 0x20, count: limit + 1) : try await snapshot.reader.document(file)
                ))
        }
        return EffectiveDefaults.extract(from: contents)
    }

    private static func gguf(_ report: InspectionReport) -> [EngineDefaults.GGUF] {
        report.models.filter { $0.container == .gguf }.compactMap { model in
            guard let file = model.files.first, let path = try? RelativePath(file.name) else { return nil }
            var metadata: [String: JSONValue] = [:]
            for entry in file.layout?.metadata ?? [] where metadata[entry.key] == nil {
                metadata[entry.key] = entry.length == nil ? value(entry) : .string(entry.value)
            }
            return EngineDefaults.GGUF(file: path, metadata: metadata, types: model.types.map { ($0.type, $0.tensors) })
        }
    }

    private static func value(_ entry: InspectionReport.Metadata) -> JSONValue {
        if entry.type != "string", let number = Int64(entry.value) { return .integer(number) }
        if entry.type?.hasPrefix("float") == true, let number = Double(entry.value) { return .number(number) }
        return .string(entry.value)
    }
}
