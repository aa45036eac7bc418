// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift
internal import Safetensors

/// The tensors that changed, as a picture (a row a kind, a column a layer) and as a table of the worst.
enum HTMLTensors {
    /// How many rows of the table are seen at once, and there are at all.
    private static let openRows = 10
    private static let tableRows = 100
    private static let label = 46

    static func fragment(_ tensors: [DriftEvidence.TensorDifference]) -> HTMLFragment {
        let worst = tensors.sorted(by: DriftEvidence.TensorDifference.isWorse)
        return "\(picture(tensors))\(self.worst(worst))"
    }

    // MARK: - The picture

    private static func picture(_ tensors: [DriftEvidence.TensorDifference]) -> HTMLFragment {
        let grid = DriftTensorGrid(tensors)
        let columns = grid.layers?.count ?? 1
        let cell = columns > 48 ? 10 : columns > 24 ? 15 : 18
        let pitch = cell + 2
        // What kinds have in common up to the layer stands above them once, and leaves room for what parts them.
        let stacks = grid.rows.map { stack(of: $0.kind) }
        let labels = zip(grid.rows, stacks).map { cut(String($0.kind.dropFirst($1.count))) }
        let names = grid.others.map { cut($0.name.string) }
        let gutter = ((labels + names).map { $0.unicodeScalars.count }.max() ?? 0) * 7 + 12
        var shapes: HTMLFragment = ""
        var y = 4
        if let layers = grid.layers {
            shapes += "<text class=\"axis\" x=\"\(gutter - 8)\" y=\"14\" text-anchor=\"end\">layer</text>"
            let every = columns > 48 ? 10 : columns > 24 ? 4 : 1
            for layer in layers where layer % every == 0 {
                shapes += "<text class=\"axis\" x=\"\(gutter + layer * pitch + 2)\" y=\"14\">\(layer)</text>"
            }
            y = 20
        }
        for (index, row) in grid.rows.enumerated() {
            if index == 0 || stacks[index] != stacks[index - 1] {
                shapes += "<text class=\"axis\" x=\"0\" y=\"\(y + 14)\">\(cut(stacks[index]))</text>"
                y += 20
            }
            shapes += text(labels[index], row.kind, gutter, y, cell)
            for layer in grid.layers ?? 0...0 {
                let x = gutter + layer * pitch
                if let found = row.cells[layer] {
                    shapes += square(found.worst, count: found.count, x, y, cell)
                } else {
                    shapes += """
                        <rect class="none" x="\(x)" y="\(y)" width="\(cell)" height="\(cell)" rx="2"/>
                        """
                }
            }
            y += pitch
        }
        if !grid.rows.isEmpty, !grid.others.isEmpty { y += 10 }
        for (index, tensor) in grid.others.enumerated() {
            shapes += text(names[index], tensor.name.string, gutter, y, cell)
            shapes += square(tensor, count: 1, gutter, y, cell)
            y += pitch
        }
        let width = gutter + max(columns * pitch, 60)
        let height = y + 2
        let omitted: HTMLFragment =
            grid.omitted > 0
            ? "<p class=\"soft\">\(counted(grid.omitted, "tensor")) without a place in the picture</p>" : ""
        return """
            <figure class="picture" aria-label="The tensors that changed, by layer and kind"><div class="scroll">\
            <svg role="img" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)">\
            <title>The tensors that changed, by layer and kind</title>\(shapes)</svg></div>\(legend(tensors))\(omitted)</figure>
            """
    }

    /// `encoder.layer.*.`: the beginning of a kind up to the layer.
    private static func stack(of kind: String) -> String {
        guard let star = kind.firstRange(of: ".*.") else { return "" }
        return String(kind[..<star.upperBound])
    }

    private static func text(_ label: String, _ full: String, _ gutter: Int, _ y: Int, _ cell: Int) -> HTMLFragment {
        """
        <text x="\(gutter - 8)" y="\(y + cell / 2 + 4)" text-anchor="end">\(label)<title>\(Escaped(full, limit: 300).description)\
        </title></text>
        """
    }

    private static func square(
        _ tensor: DriftEvidence.TensorDifference, count: Int, _ x: Int, _ y: Int, _ cell: Int
    ) -> HTMLFragment {
        let (shape, sign) = style(tensor)
        let what = [tensor.kind.rawValue, tensor.forms, tensor.measure].compactMap { $0 }.filter { !$0.isEmpty }
        let more = count > 1 ? " (the worst of \(count))" : ""
        let letter: HTMLFragment =
            sign.isEmpty
            ? "" : "<text class=\"sign\" x=\"\(x + cell / 2)\" y=\"\(y + cell / 2 + 4)\">\(sign)</text>"
        return """
            <g><rect class="\(shape)" x="\(x)" y="\(y)" width="\(cell)" height="\(cell)" rx="2"/>\(letter)\
            <title>\(tensor.name.description)\(more): \(what.joined(separator: ", "))</title></g>
            """
    }

    /// The class and the sign of a square. What was measured has a colour; what cannot be, or was not, has a sign.
    private static func style(_ tensor: DriftEvidence.TensorDifference) -> (String, String) {
        switch tensor.kind {
        case .added: return ("added", "+")
        case .removed: return ("removed", "−")
        case .reshaped: return ("odd", "#")
        case .renamed: return ("odd", "=")
        case .changed, .cast, .requantised:
            if let step = DriftTensorGrid.step(tensor) { return ("d\(step)", "") }
            return ("odd", tensor.kind == .cast ? "c" : tensor.kind == .requantised ? "q" : "?")
        }
    }

    /// Only what the picture has; the whole colour scale when it has a colour.
    private static func legend(_ tensors: [DriftEvidence.TensorDifference]) -> HTMLFragment {
        let used = Set(tensors.map { style($0).1 })
        var items: [(shape: String, sign: String, text: String)] = []
        if used.contains("") {
            let steps = ["≤ 1e-6", "≤ 1e-5", "≤ 1e-4", "≤ 0.001", "≤ 0.01", "≤ 0.1", "> 0.1"]
            items += steps.enumerated().map {
                ("d\($0.offset)", "", ($0.offset == 0 ? "relative distance " : "") + $0.element)
            }
        }
        let signs = [
            ("added", "+", "added"), ("removed", "−", "removed"), ("odd", "#", "other shape"), ("odd", "=", "renamed"),
            ("odd", "c", "cast"), ("odd", "q", "quantised anew"), ("odd", "?", "changed, not measured"),
        ]
        items += signs.filter { used.contains($0.1) }
        items.append(("none", "", "not changed, or not there"))
        let list = items.map { item -> HTMLFragment in
            let sign: HTMLFragment =
                item.sign.isEmpty ? "" : "<text class=\"sign\" x=\"7\" y=\"11\">\(item.sign)</text>"
            return """
                <li><svg width="14" height="14" aria-hidden="true"><rect class="\(item.shape)" width="14" height="14" rx="2"/>\
                \(sign)</svg>\(item.text)</li>
                """
        }
        return "<ul class=\"legend\">\(list)</ul>"
    }

    /// A name that keeps its beginning and its end.
    private static func cut(_ name: String) -> String {
        let text = Escaped(name, limit: 1000).description
        guard text.count > label else { return text }
        return text.prefix(label / 3) + "…" + text.suffix(label - label / 3 - 1)
    }

    // MARK: - The table

    private static func worst(_ worst: [DriftEvidence.TensorDifference]) -> HTMLFragment {
        let rows = worst.prefix(tableRows).map(row)
        let rest: HTMLFragment =
            rows.count > openRows
            ? "<details class=\"more\"><summary>\(counted(rows.count - openRows, "more tensor"))</summary>\(table(Array(rows[openRows...])))</details>"
            : ""
        let more: HTMLFragment =
            worst.count > tableRows
            ? "<p class=\"soft\">and \(counted(worst.count - tableRows, "more tensor")), none of them further away</p>"
            : ""
        return "\(table(Array(rows.prefix(openRows))))\(rest)\(more)"
    }

    private static func row(_ tensor: DriftEvidence.TensorDifference) -> HTMLFragment {
        let was: HTMLFragment =
            tensor.formerName.map { "<br><span class=\"soft\">was <code>\($0.description)</code></span>" } ?? ""
        let distance = tensor.distance
        func cell(_ name: String, _ text: String?) -> HTMLFragment {
            guard let text, !text.isEmpty else { return "<td class=\"n\"></td>" }
            return "<td class=\"n\" data-name=\"\(name)\">\(text)</td>"
        }
        return """
            <tr><td class="name"><code>\(tensor.name.description)</code>\(was)</td><td>\(tensor.kind.rawValue)</td>\
            <td>\(tensor.forms)</td>\(cell("max |Δ|", distance.map { DriftNumber.short($0.maximum) } ?? tensor.excuse))\
            \(cell("mean |Δ|", distance.map { DriftNumber.short($0.mean) }))\
            \(cell("relative", distance.map { DriftNumber.short($0.relative) }))\
            \(cell("elements", distance.map { DriftNumber.percent($0.share) + ($0.nonFinite > 0 ? ", \($0.nonFinite) not finite" : "") }))</tr>
            """
    }

    private static func table(_ rows: [HTMLFragment]) -> HTMLFragment {
        """
        <div class="scroll"><table class="stack"><thead><tr><th>tensor</th><th></th><th>type and shape</th>\
        <th class="n">max |Δ|</th><th class="n">mean |Δ|</th><th class="n">relative</th><th class="n">elements</th>\
        </tr></thead><tbody>\(rows)</tbody></table></div>
        """
    }
}
