// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations
internal import Safetensors
internal import SystemPackage

/// What `inspect` prints for people.
struct InspectionText {
    let terminal: Terminal

    /// How many findings, files and metadata entries are shown of each list; `--json` has them all.
    private static let shown = 20

    func show(_ reports: [InspectionReport], tensors: Bool) {
        for (index, report) in reports.enumerated() {
            if index > 0 { terminal.output("") }
            heading(report)
            for (place, model) in report.models.enumerated() {
                if place > 0 { terminal.output("") }
                show(model, title: report.title(of: model), tensors: tensors)
            }
            if !report.others.isEmpty { others(report.others, isFirst: report.models.isEmpty) }
        }
    }

    private func heading(_ report: InspectionReport) {
        switch report.origin {
        case .file: break
        case .directory(let path):
            terminal.output(terminal.paint(Escaped(path.string, limit: 1024).description, .strong))
        case .deliverable(let name, let identity):
            terminal.output("\(terminal.paint(name.description, .strong))  identity \(identity.short)")
        case .repository(let repository, let revision, let commit):
            terminal.output(
                "\(terminal.paint(repository.description, .strong))@\(revision)  commit \(commit.short)  "
                    + terminal.paint("headers as the server sent them, not checked", .faint))
        }
        if report.models.isEmpty {
            terminal.output(terminal.paint("no safetensors file, checkpoint or GGUF file", .faint))
        }
    }

    private func show(_ model: InspectionReport.Model, title: String, tensors: Bool) {
        let total = model.files.reduce(ByteCount.zero) { $0 + $1.size }
        terminal.output(
            terminal.paint(Escaped(title, limit: 1024).description, .strong) + "  \(format(model))  "
                + (model.files.count == 1 && !model.hasIndex
                    ? "\(total)" : "\(counted(model.files.count, "file")), \(total)"))
        if let problem = model.problem { row("cannot be read", problem, .bad) }
        let readable = model.files.contains { $0.layout != nil }
        if readable {
            row("tensors", grouped(model.tensorCount))
            row("parameters", grouped(model.elementCount) + short(model.elementCount))
            types(model)
        }
        metadata(model)
        files(model)
        findings(model)
        if tensors { list(model) }
    }

    /// What the files of a model are: their form, where all have the same.
    private func format(_ model: InspectionReport.Model) -> String {
        let forms = Set(model.files.compactMap { $0.layout?.format })
        return forms.count == 1 ? forms.first ?? "" : model.container.rawValue
    }

    private func row(_ name: String, _ text: String, _ style: Terminal.Style? = nil) {
        let padded = name.padded(to: 12)
        terminal.output("  \(style.map { terminal.paint(padded, $0) } ?? terminal.paint(padded, .faint))  \(text)")
    }

    private func types(_ model: InspectionReport.Model) {
        let total = model.byteCount
        let lines = model.types.map { share in
            [
                share.type, grouped(share.tensors), share.tensors == 1 ? "tensor" : "tensors",
                "\(ByteCount(clamping: Int64(clamping: share.bytes)))", percent(share.bytes, of: total),
            ]
        }
        for (index, line) in Columns.aligned(lines, right: [1, 3, 4]).enumerated() {
            row(index == 0 ? "types" : "", line)
        }
    }

    private func metadata(_ model: InspectionReport.Model) {
        // The shards of a model usually say the same: what they agree on is shown once.
        var seen: Set<InspectionReport.Metadata> = []
        var entries: [InspectionReport.Metadata] = []
        for file in model.files {
            for entry in file.layout?.metadata ?? [] where seen.insert(entry).inserted { entries.append(entry) }
        }
        for (index, entry) in entries.prefix(Self.shown).enumerated() {
            row(index == 0 ? "metadata" : "", text(entry))
        }
        if entries.count > Self.shown { row("", "and \(entries.count - Self.shown) more") }
        let layouts = model.files.compactMap(\.layout)
        let places = Set(layouts.compactMap(\.place)).sorted()
        if let place = places.first { row("place", places.count == 1 ? place : "\(place) and others") }
        remarks("shared", layouts.flatMap(\.shared).map { "\($0.name) is \($0.text)" })
        remarks("beside", layouts.flatMap(\.beside).map { "\($0.name): \(Escaped($0.text, limit: 120))" })
    }

    private func text(_ entry: InspectionReport.Metadata) -> String {
        let value = Escaped(entry.value, limit: 120)
        guard let length = entry.length else { return "\(Escaped(entry.key, limit: 80)): \(value)" }
        let what = entry.digest == nil ? "bytes" : "elements"
        return "\(Escaped(entry.key, limit: 80)): \(value)\(entry.value.isEmpty ? "" : " ")(\(grouped(length)) \(what))"
    }

    private func remarks(_ name: String, _ lines: [String]) {
        for (index, line) in lines.prefix(Self.shown).enumerated() { row(index == 0 ? name : "", line) }
        if lines.count > Self.shown { row("", "and \(lines.count - Self.shown) more") }
    }

    private func files(_ model: InspectionReport.Model) {
        if model.files.count == 1, !model.hasIndex, let file = model.files.first {
            if let text = file.layout.flatMap(text) { row("layout", text) }
            if let problem = file.problem { row("unreadable", problem, .bad) }
            return
        }
        let lines = model.files.prefix(Self.shown).map { file in
            [
                Escaped(file.name, limit: 1024).description, "\(file.size)",
                file.layout.map { layout in
                    ([counted(layout.tensorCount, "tensor")] + [text(layout)].compactMap { $0 }).joined(separator: ", ")
                }
                    ?? terminal.paint("unreadable: \(file.problem ?? "")", .bad),
            ]
        }
        for (index, line) in Columns.aligned(lines, right: [1]).enumerated() { row(index == 0 ? "files" : "", line) }
        if model.files.count > Self.shown { row("", "and \(model.files.count - Self.shown) more") }
    }

    private func text(_ layout: InspectionReport.Layout) -> String? {
        guard let start = layout.dataStart else { return nil }
        return "data at \(grouped(start))" + (layout.alignment.map { ", a multiple of \($0)" } ?? "")
            + (layout.padding.map { $0 > 0 ? ", \(grouped($0)) spare" : "" } ?? "")
    }

    private func findings(_ model: InspectionReport.Model) {
        let several = model.files.count > 1
        let all =
            model.findings.map { $0.message }
            + model.files.flatMap { file in
                file.findings.map { (several ? "\(Escaped(file.name, limit: 1024)): " : "") + $0.message }
            }
        let count = model.findingCount + model.files.reduce(0) { $0 + $1.findingCount }
        for (index, message) in all.prefix(Self.shown).enumerated() {
            row(index == 0 ? "findings" : "", message, .caution)
        }
        if count > min(all.count, Self.shown) { row("", "and \(count - min(all.count, Self.shown)) more") }
    }

    private func list(_ model: InspectionReport.Model) {
        for file in model.files where !file.tensors.isEmpty {
            if model.files.count > 1 {
                terminal.output("  " + terminal.paint(Escaped(file.name, limit: 1024).description, .strong))
            }
            let lines = file.tensors.map { tensor in
                [
                    tensor.type, "[" + tensor.shape.map(String.init).joined(separator: ", ") + "]",
                    tensor.size.map { "\(ByteCount(clamping: Int64(clamping: $0)))" } ?? "?", tensor.name.description,
                ]
            }
            for line in Columns.aligned(lines, right: [2]) { terminal.output("    " + line) }
        }
    }

    private func others(_ files: [InspectionReport.OtherFile], isFirst: Bool) {
        terminal.output("")
        var lines: [[String]] = []
        var former: Component?
        for file in files {
            lines.append([
                file.component == former ? "" : file.component.rawValue, "\(file.size)",
                Escaped(file.name, limit: 1024).description,
            ])
            former = file.component
        }
        for line in Columns.aligned(lines, right: [1]) { terminal.output("  " + line) }
    }

    /// `22713216` as `22,713,216`.
    private func grouped(_ number: UInt64) -> String {
        let digits = Array(String(number))
        return String(
            digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
            })
    }

    /// ` (22.7 M)`; nothing below ten thousand.
    private func short(_ number: UInt64) -> String {
        guard number >= 10_000 else { return "" }
        let units: [(UInt64, String)] = [
            (1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"),
        ]
        guard let (size, unit) = units.first(where: { number >= $0.0 }) else { return "" }
        let tenths = number / (size / 10)
        return " (\(tenths / 10)" + (tenths >= 1000 ? "" : ".\(tenths % 10)") + " \(unit))"
    }

    private func percent(_ part: UInt64, of total: UInt64) -> String {
        guard total > 0 else { return "" }
        let share = Double(part) / Double(total) * 100
        return share > 0 && share < 0.05
            ? "<0.1%" : "\(Int((share * 10).rounded()) / 10).\(Int((share * 10).rounded()) % 10)%"
    }
}

/// Lays out rows of cells so that columns stand under one another.
enum Columns {
    static func aligned(_ rows: [[String]], right: Set<Int>) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let gap = String(repeating: " ", count: max(0, widths[column] - cell.count))
                if right.contains(column) { return gap + cell }
                return column == row.count - 1 ? cell : cell + gap
            }.joined(separator: "  ")
        }
    }
}

extension String {
    /// The text with spaces up to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
