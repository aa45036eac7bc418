// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations

/// What `inspect --defaults` prints for people.
struct DefaultsText {
    let terminal: Terminal

    func show(_ reports: [DefaultsOperation.Report]) {
        for (index, report) in reports.enumerated() {
            if index > 0 { terminal.output("") }
            terminal.output(terminal.paint(Escaped(report.target, limit: 1024).description, .strong))
            let rows = report.defaults.map { item in
                [
                    Escaped(item.name, limit: 120).description, shown(item.value),
                    place(item.file, item.key),
                ]
            }
            for line in Columns.aligned(rows, right: []) { terminal.output("  " + line) }
            if rows.isEmpty { terminal.output("  " + terminal.paint("no file says anything", .faint)) }
            for file in report.gguf { types(file) }
            for (engine, settings) in report.engines { show(engine, settings) }
        }
    }

    private func types(_ file: EngineDefaults.GGUF) {
        let types = file.types.map { "\($0.type) ×\($0.tensors)" }.joined(separator: ", ")
        terminal.output("  \(Escaped(file.file.description, limit: 1024))  \(types)")
    }

    private func show(_ engine: Engine, _ settings: [EngineDefault]) {
        terminal.output("")
        terminal.output(
            terminal.paint(engine.title, .name)
                + terminal.paint("  \(engine.release), when nothing else is said", .faint))
        let rows = settings.map { setting in
            let origin =
                switch setting.origin {
                case .file(let file, let key): place(file, key)
                case .program: "the engine's own"
                case .open: ""
                }
            return [
                setting.name, setting.value.map(shown) ?? "–",
                [origin, setting.note.map { Escaped($0, limit: 300).description } ?? ""].filter { !$0.isEmpty }
                    .joined(separator: "; "),
            ]
        }
        for line in Columns.aligned(rows, right: []) { terminal.output("  " + line) }
    }

    private func place(_ file: RelativePath, _ key: String?) -> String {
        Escaped(file.description, limit: 1024).description
            + (key.map { " : " + Escaped($0, limit: 200).description } ?? "")
    }

    private func shown(_ value: JSONValue) -> String {
        let text = value.text(.compact)
        // A digest is for comparing: its beginning is enough for people.
        if let digest = value.string.flatMap({ Digest($0) }) { return digest.short }
        return Escaped(text, limit: 60).description
    }
}
